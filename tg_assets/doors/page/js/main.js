// The beginning: a token that the address brings, then the page.
import { App } from "./app.js";
import { fromAddress } from "./token.js";
import { html, render } from "./ui.js";

const untaken = await fromAddress();
render(html`<${App} untaken=${untaken} />`, document.getElementById("app"));
