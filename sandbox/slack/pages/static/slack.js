// Every second the page is fetched again, and its live parts are put in place of the old ones. A modal that the app
// opened is gone to at once. Without this file the page is the same, as of when it was loaded.
"use strict";

const EVERY_MS = 1000;
const stale = document.getElementById("stale");
const list = document.getElementById("messages");

const isInUse = (part) =>
  part.querySelector("details[open]") || (part.contains(document.activeElement) && document.activeElement.matches("input, select, textarea"));

const isAtEnd = (part) => part.scrollHeight - part.scrollTop - part.clientHeight < 80;

const toEnd = (part) => { part.scrollTop = part.scrollHeight; };

const replace = (fresh) => {
  for (const old of document.querySelectorAll("[data-live]")) {
    const next = fresh.getElementById(old.id);
    if (!next || next.innerHTML === old.innerHTML || isInUse(old)) continue;
    const wasAtEnd = isAtEnd(old);
    const focused = old.contains(document.activeElement) ? [...old.querySelectorAll("a, button")].indexOf(document.activeElement) : -1;
    old.replaceChildren(...document.adoptNode(next).childNodes);
    if (wasAtEnd) toEnd(old);
    if (focused >= 0) old.querySelectorAll("a, button")[focused]?.focus({ preventScroll: true });
  }
  const modal = fresh.querySelector("[data-modal]");
  if (modal) location.assign(modal.dataset.modal);
};

const refresh = async () => {
  if (document.hidden || !(getSelection()?.isCollapsed ?? true)) return;
  try {
    const reply = await fetch(location.href, { cache: "no-cache", signal: AbortSignal.timeout(10 * EVERY_MS) });
    if (!reply.ok) throw new Error(String(reply.status));
    replace(new DOMParser().parseFromString(await reply.text(), "text/html"));
    stale.hidden = true;
  } catch {
    stale.hidden = false;
  }
};

const again = async () => {
  await refresh();
  setTimeout(again, EVERY_MS);
};

document.addEventListener("click", (event) => {
  const closer = event.target.closest("[data-close]");
  if (!closer) return;
  const asked = closer.closest("details");
  asked.open = false;
  asked.querySelector("summary").focus();
});

document.addEventListener("keydown", (event) => {
  const asked = event.key === "Escape" && event.target.closest("details.confirm[open]");
  if (!asked) return;
  asked.open = false;
  asked.querySelector("summary").focus();
});

if (list) {
  if (!location.hash) toEnd(list);
  if (matchMedia("(max-width: 46rem)").matches) document.querySelector("details.me").open = false;
  setTimeout(again, EVERY_MS);
}
