
"use strict";
// Refreshes the content in place, so that what is unfolded, focused or selected stays so. Without scripts the whole page reloads.
(() => {
  const seconds = Number(document.documentElement.dataset.refresh);
  if (!seconds) return;
  const main = document.getElementById("main");
  const stale = document.getElementById("stale");
  let answered = new Date();
  const place = (element) => element && main.contains(element) && (element.id ? "#" + CSS.escape(element.id)
    : element.tagName === "SUMMARY" && element.parentElement.id ? "#" + CSS.escape(element.parentElement.id) + " > summary"
    : element.getAttribute("href") ? `a[href="${CSS.escape(element.getAttribute("href"))}"]` : null);
  const show = (text) => {
    const fresh = new DOMParser().parseFromString(text, "text/html");
    const open = new Map([...main.querySelectorAll("details[id]")].map((one) => [one.id, one.open]));
    const focused = place(document.activeElement);
    for (const one of fresh.querySelectorAll("#main details[id]")) if (open.has(one.id)) one.open = open.get(one.id);
    const [before, now] = [main, fresh].map((where) => where.querySelector("h1").textContent.trim());
    if (before !== now) document.getElementById("said").textContent = now;
    document.title = fresh.title;
    for (const selector of ["link[rel=icon]", "#as-of"]) document.querySelector(selector).replaceWith(fresh.querySelector(selector));
    main.replaceChildren(...fresh.getElementById("main").childNodes);
    if (focused) main.querySelector(focused)?.focus({ preventScroll: true });
  };
  const refresh = async () => {
    const busy = document.hidden || (!getSelection().isCollapsed && main.contains(getSelection().anchorNode));
    try {
      if (!busy) {
        const answer = await fetch(location.href, { cache: "no-store", signal: AbortSignal.timeout(10000) });
        if (!answer.ok) throw new Error(answer.status);
        show(await answer.text());
        answered = new Date();
        stale.hidden = true;
      }
    } catch {
      stale.querySelector("span").textContent = answered.toLocaleTimeString();
      stale.hidden = false;
    }
    setTimeout(refresh, seconds * 1000);
  };
  setTimeout(refresh, seconds * 1000);
})();
