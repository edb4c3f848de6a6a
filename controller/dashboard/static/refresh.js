// Every two seconds the page is fetched again and its live parts are put in place of the old ones.
// Without this file the page is the same, as of when it was loaded.
"use strict";

const EVERY_MS = 2000;
const stale = document.getElementById("stale");

const replace = (fresh) => {
  for (const old of document.querySelectorAll("[data-live]")) {
    const next = fresh.getElementById(old.id);
    if (!next || next.innerHTML === old.innerHTML) continue;
    const focused = old.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    old.replaceWith(document.adoptNode(next));
    if (focused) next.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  }
  document.title = fresh.title;
};

const isSelecting = () => !(getSelection()?.isCollapsed ?? true);

const refresh = async () => {
  if (document.hidden || isSelecting()) return;
  try {
    const reply = await fetch(location.href, { cache: "no-store", signal: AbortSignal.timeout(10 * EVERY_MS) });
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

if (document.querySelector("[data-live]")) setTimeout(again, EVERY_MS);
