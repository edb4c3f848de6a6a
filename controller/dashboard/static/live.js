// A page that is left open is told of changes (/events) and fetches itself when one concerns it: its live parts become
// what they are now, node by node, so that focus, selected text, what is unfolded, scrolled or typed stays.
// While the tab is hidden nothing is asked. Without this file the page is the same, as of when it was loaded.
"use strict";

const SPREAD_MS = 300; // so that many pages don't ask in the same instant
const ASK_MS = 5000; // where nobody tells of changes
const SILENT_MS = 50000; // three pulses: the line is dead and does not know it
const AGAIN_MS = 60000; // after a refusal

const main = document.getElementById("main");
const stale = document.getElementById("stale");
const watched = new Set((main.dataset.watch || "everything").split(" "));
const state = { since: document.body.dataset.since, source: null, timer: null, busy: false, due: false, over: false, heard: 0, ahead: 0 };

// ---- what is shown becomes what was fetched

const KEPT = new Set(["open", "value", "checked", "selected"]);

const keyOf = (node) => (node.nodeType === Node.ELEMENT_NODE ? node.dataset.key || node.id : "");

const attributes = (old, next) => {
  for (const { name } of [...old.attributes]) if (!next.hasAttribute(name) && !KEPT.has(name)) old.removeAttribute(name);
  for (const { name, value } of next.attributes) if (!KEPT.has(name) && old.getAttribute(name) !== value) old.setAttribute(name, value);
};

const morph = (old, next) => {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== next.data) old.data = next.data;
    return;
  }
  attributes(old, next);
  if (!old.matches("textarea")) children(old, next);
};

const children = (old, next) => {
  const wanted = new Set([...next.childNodes].map(keyOf));
  for (const gone of [...old.childNodes].filter((node) => keyOf(node) && !wanted.has(keyOf(node)))) gone.remove();
  const keyed = new Map([...old.childNodes].filter(keyOf).map((node) => [keyOf(node), node]));
  let at = old.firstChild;
  for (const fresh of [...next.childNodes]) {
    const key = keyOf(fresh);
    const found = key ? keyed.get(key) : at && !keyOf(at) ? at : null;
    if (found?.nodeName === fresh.nodeName) {
      if (found === at) at = at.nextSibling;
      else old.insertBefore(found, at);
      keyed.delete(key);
      morph(found, fresh);
    } else old.insertBefore(document.adoptNode(fresh), at);
  }
  while (at) {
    const gone = at;
    at = at.nextSibling;
    gone.remove();
  }
};

const replace = (fresh) => {
  for (const old of document.querySelectorAll("[data-live]")) {
    const next = fresh.getElementById(old.id);
    if (!next) continue;
    const focused = old.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    morph(old, next);
    const lost = focused && document.activeElement?.getAttribute("href") !== focused;
    if (lost) old.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  }
  document.title = fresh.title;
};

const isSelecting = () => !(getSelection()?.isCollapsed ?? true);

// ---- times go on by themselves, by the controller's clock

const told = (at, now) => {
  const seconds = Math.round((now - at) / 1000);
  if (Math.abs(seconds) < 1) return "now";
  const span = Math.abs(seconds);
  const [size, unit] = [[86400, "d"], [3600, "h"], [60, "m"]].find(([each]) => span >= each) || [1, "s"];
  const coarse = `${Math.floor(span / size)}${unit}`;
  return seconds > 0 ? `${coarse} ago` : `in ${coarse}`;
};

const setClock = () => {
  const shown = document.querySelector("#now time")?.dateTime;
  if (shown) state.ahead = Date.parse(shown) - Date.now();
};

const count = () => {
  if (document.hidden || isSelecting()) return;
  const now = Date.now() + state.ahead;
  for (const time of document.querySelectorAll("time.ago")) {
    const next = told(Date.parse(time.dateTime), now);
    if (time.textContent !== next) time.textContent = next;
  }
  for (const time of document.querySelectorAll(".when time[datetime]")) {
    const words = time.parentElement.querySelector(".soft");
    const next = words && told(Date.parse(time.dateTime), now);
    if (next && words.textContent !== next) words.textContent = next;
  }
};

// ---- asking

const say = (words) => {
  if (words) stale.firstElementChild.textContent = words;
  stale.hidden = !words;
};

const GONE = "The controller does not answer. What you see is from before.";
const OVER = "You are not signed in any more, or may not look any more. What you see is from before: load the page again.";

const soon = (wait = Math.random() * SPREAD_MS) => {
  state.due = true;
  if (state.timer === null && !document.hidden && !state.over) state.timer = setTimeout(refresh, wait);
};

const refresh = async () => {
  state.timer = null;
  if (document.hidden || state.busy || state.over) return;
  if (isSelecting()) return soon(1000);
  state.busy = true;
  state.due = false;
  try {
    const signal = AbortSignal.timeout(2 * ASK_MS);
    const reply = await fetch(location.href, { cache: "no-store", redirect: "manual", headers: { "X-Live-Parts": "1" }, signal });
    if (reply.type === "opaqueredirect" || reply.status === 401 || reply.status === 403) return end();
    if (!reply.ok && reply.status !== 404) throw new Error(String(reply.status));
    const fresh = new DOMParser().parseFromString(await reply.text(), "text/html");
    replace(fresh);
    setClock();
    say("");
  } catch {
    say(GONE);
    state.due = true;
  } finally {
    state.busy = false;
  }
  if (state.due) soon(stale.hidden ? undefined : ASK_MS);
};

const end = () => {
  state.over = true;
  disconnect();
  say(OVER);
};

// ---- being told

const concerns = ({ everything, environments = [], deployments = [] }) =>
  everything || watched.has("everything")
  || environments.some((name) => watched.has(`environment:${name}`)) || deployments.some((id) => watched.has(`deployment:${id}`));

const beat = (pulse) => {
  for (const [name, value] of Object.entries(pulse)) {
    const place = document.querySelector(`[data-pulse="${CSS.escape(name)}"]`);
    const time = place?.querySelector("time");
    if (time) {
      time.dateTime = value;
      time.title = `${new Date(value).toISOString().slice(0, 19).replace("T", " ")} UTC`;
    } else if (place && name === "controllers") place.textContent = value;
    else if (place) soon();
  }
};

const connect = () => {
  if (state.source || state.over || document.hidden) return;
  const source = new EventSource(`/events?since=${encodeURIComponent(state.since)}`);
  state.source = source;
  state.heard = Date.now();
  const on = (name, act) => source.addEventListener(name, (event) => {
    state.heard = Date.now();
    state.since = event.lastEventId || state.since;
    act(JSON.parse(event.data));
  });
  on("changed", (data) => { if (concerns(data)) soon(); });
  on("pulse", beat);
  on("over", end);
  source.addEventListener("open", () => { state.heard = Date.now(); if (!stale.hidden) soon(0); });
  source.addEventListener("error", () => {
    soon();
    if (source.readyState === EventSource.CLOSED) setTimeout(() => { if (state.source === source) { disconnect(); connect(); } }, AGAIN_MS);
  });
};

const disconnect = () => {
  state.source?.close();
  state.source = null;
};

// Where nobody tells, it is asked; where the line went dead, it is laid anew.
const look = () => {
  if (document.hidden || state.over) return;
  if (state.source?.readyState !== EventSource.OPEN) soon();
  else if (Date.now() - state.heard > SILENT_MS) { disconnect(); connect(); soon(); }
};

const wake = () => {
  if (document.hidden) return disconnect();
  connect();
  if (state.due) soon(0);
};

setClock();
setInterval(count, 1000);

// A page without live parts stays as it is; the answer to a form has an address that nobody can ask again.
if (main.querySelector("[data-live]")) {
  stale.querySelector("button").addEventListener("click", () => (state.over ? location.reload() : soon(0)));
  document.addEventListener("visibilitychange", wake);
  addEventListener("pagehide", disconnect);
  addEventListener("pageshow", wake);
  setInterval(look, ASK_MS);
  connect();
}
