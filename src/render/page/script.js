
"use strict";
// Without scripts, times are in UTC and commands are copied by hand.
const embellish = (main) => {
  const { copy, copied } = document.documentElement.dataset;
  const day = (at) => at.toLocaleDateString(document.documentElement.lang);
  for (const one of main.querySelectorAll("time")) {
    const at = new Date(one.dateTime);
    if (!one.textContent.includes("UTC") || !at.getTimezoneOffset()) continue;
    const clock = at.toLocaleTimeString(document.documentElement.lang);
    const local = document.createElement("span"), utc = document.createElement("span");
    local.textContent = (day(at) === day(new Date()) ? "" : day(at) + " ") + clock;
    utc.textContent = `(${one.textContent})`;
    one.replaceChildren(local, " ", utc);
  }
  const put = async (code) => {
    // The clipboard is there for pages of HTTPS and of this machine only.
    if (navigator.clipboard) return navigator.clipboard.writeText(code.textContent);
    getSelection().selectAllChildren(code);
    document.execCommand("copy");
    getSelection().removeAllRanges();
  };
  for (const code of main.querySelectorAll(".paste > code")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = copy;
    button.addEventListener("click", async () => {
      await put(code);
      button.textContent = copied;
      setTimeout(() => { button.textContent = copy; }, 2000);
    });
    code.after(button);
  }
};
embellish(document.body);
// Refreshes the content in place, so that what is unfolded, focused or selected stays so. Without scripts the whole page reloads.
(() => {
  const seconds = Number(document.documentElement.dataset.refresh);
  if (!seconds) return;
  const main = document.getElementById("main");
  const stale = document.getElementById("stale");
  const held = document.getElementById("held");
  let answered = new Date();
  const place = (element) => element && main.contains(element) && (element.id ? "#" + CSS.escape(element.id)
    : element.tagName === "SUMMARY" && element.parentElement.id ? "#" + CSS.escape(element.parentElement.id) + " > summary"
    : element.getAttribute("href") ? `a[href="${CSS.escape(element.getAttribute("href"))}"]` : null);
  const headline = (where) => where.querySelector("main h1").textContent.trim();
  const marked = () => !getSelection().isCollapsed && main.contains(getSelection().anchorNode);
  // What is marked would be lost: the page says what is new and waits.
  const hold = (fresh) => {
    held.querySelector("strong").textContent = headline(fresh);
    held.hidden = headline(fresh) === headline(document);
  };
  const show = (fresh) => {
    const open = new Map([...main.querySelectorAll("details[id]")].map((one) => [one.id, one.open]));
    const focused = place(document.activeElement);
    const typed = new Map([...main.querySelectorAll("input[id]")].map((one) => [one.id, one]));
    for (const one of fresh.querySelectorAll("#main details[id]")) if (open.has(one.id)) one.open = open.get(one.id);
    if (headline(document) !== headline(fresh)) document.getElementById("said").textContent = headline(fresh);
    document.querySelector("#as-of").replaceWith(fresh.querySelector("#as-of"));
    embellish(document.querySelector("#as-of"));
    held.hidden = true;
    main.replaceChildren(...fresh.getElementById("main").childNodes);
    embellish(main);
    for (const one of main.querySelectorAll("input[id]")) if (typed.has(one.id)) one.replaceWith(typed.get(one.id));
    if (focused) main.querySelector(focused)?.focus({ preventScroll: true });
  };
  const refresh = async () => {
    try {
      if (!document.hidden) {
        const answer = await fetch(location.href, { cache: "no-store", signal: AbortSignal.timeout(10000) });
        if (!answer.ok) throw new Error(answer.status);
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
        document.title = fresh.title;
        document.querySelector("link[rel=icon]").replaceWith(fresh.querySelector("link[rel=icon]"));
        (marked() ? hold : show)(fresh);
        answered = new Date();
        stale.hidden = true;
      }
    } catch {
      stale.querySelector("span").textContent = answered.toLocaleTimeString(document.documentElement.lang);
      stale.hidden = false;
    }
    setTimeout(refresh, seconds * 1000);
  };
  setTimeout(refresh, seconds * 1000);
})();
