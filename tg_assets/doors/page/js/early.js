// Before anything is painted: the colours and the language that were chosen here, so that nothing flashes. No module,
// since those run later.
(() => {
  const read = (name) => {
    try {
      return localStorage.getItem(name);
    } catch {
      return null; // a browser that keeps nothing
    }
  };
  const theme = read("theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  const chosen = read("language");
  const own = (navigator.language || "en").toLowerCase().startsWith("ru") ? "ru" : "en";
  document.documentElement.lang = chosen === "ru" || chosen === "en" ? chosen : own;
})();
