// The beginning: a token that the address brings, then the page.
import { App } from "./app.js";
import { fromAddress } from "./token.js";
import { html, render } from "./ui.js";

const refused = await fromAddress().then(() => false, (fault) => fault.status === 401 || fault.status === 422);
render(html`<${App} refusedAtFirst=${refused} />`, document.getElementById("app"));
