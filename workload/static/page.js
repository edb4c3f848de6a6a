// One page, one question: asks /api/generate-captions on this origin and shows what comes back.
// Everything shown goes in as text, never as markup.

const MAX_PICTURE_BYTES = 5 * 1024 * 1024 - 4096; // the service counts the whole form, so leave room for its other parts
const PATIENCE_MS = 20_000;

const $ = (id) => document.getElementById(id);
let picture = null;
let variation = 0;
let written = null;
let newest = 0;

function show(state) {
  $("empty").hidden = state !== "empty";
  $("written").hidden = state !== "written";
  $("error").hidden = state !== "error";
}

function busy(isBusy) {
  $("result").setAttribute("aria-busy", String(isBusy));
  for (const id of ["write", "regenerate", "again"]) $(id).disabled = isBusy;
  $("write").textContent = isBusy ? "Writing…" : "Write a caption";
}

function showError(text, details = [], canRetry = true) {
  $("error-text").textContent = text;
  $("error-list").replaceChildren(...details.map((detail) => element("li", detail)));
  $("again").hidden = !canRetry;
  show("error");
  $("result").scrollIntoView({ block: "nearest" });
}

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

function showCaption(answer) {
  written = answer;
  $("caption").textContent = answer.caption;
  $("tags").replaceChildren(...answer.hashtags.map((tag) => element("li", tag)));
  $("tags").hidden = answer.hashtags.length === 0;
  const isEmbedded = answer.engine === "embedded";
  $("engine").textContent = isEmbedded ? "embedded demo" : answer.engine;
  $("engine-note").textContent = isEmbedded
    ? "Written from templates: it knows your words and the picture's size and type, not what the picture shows."
    : "";
  $("confidence").textContent = `${Math.round(answer.confidence * 100)} %`;
  $("confidence-meter").value = answer.confidence;
  $("characters").textContent = `${answer.metadata.characters} characters`;
  $("copy").textContent = "Copy";
  show("written");
  $("result").scrollIntoView({ block: "nearest" });
}

async function ask() {
  const form = new FormData($("ask"));
  form.set("variation", String(variation));
  if (picture) form.set("picture", picture, picture.name || "pasted");
  if (!form.get("description").trim() && !picture) {
    showError("Describe what you would like to post, or add a picture.", [], false);
    $("description").focus();
    return;
  }
  const mine = ++newest;
  busy(true);
  try {
    const answer = await send(form);
    if (mine === newest) showCaption(answer);
  } catch (failure) {
    if (mine === newest) showError(failure.message, failure.details ?? [], failure.canRetry ?? true);
  } finally {
    if (mine === newest) busy(false);
  }
}

async function send(form) {
  let response;
  try {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    response = await fetch("/api/generate-captions", { method: "POST", body: form, signal });
  } catch (failure) {
    const isSlow = failure.name === "TimeoutError";
    throw new Error(isSlow ? "The caption service takes too long." : "The caption service cannot be reached.");
  }
  showServiceVersion(response);
  const answer = await response.json().catch(() => null);
  if (response.ok && answer) return answer;
  throw problem(response, answer);
}

function problem(response, answer) {
  const texts = { 413: "The picture is too large.", 415: "This file is not a picture that can be read.", 422: "Please change this:" };
  const error = new Error(texts[response.status] ?? `The caption service could not answer (${response.status}).`);
  error.details = (answer?.errors ?? []).map(({ field, found, wanted }) => `${field}: found ${found}; wanted ${wanted}`);
  error.canRetry = response.status >= 500;
  if (answer?.correlation_id && response.status >= 500) error.details.push(`Reference: ${answer.correlation_id}`);
  return error;
}

function choose(file) {
  if (!file) return;
  if (!file.type.startsWith("image/")) return showError(`“${file.name}” is not a picture.`, [], false);
  if (file.size > MAX_PICTURE_BYTES) return showError("The picture is too large: at most 5 MB.", [], false);
  forget();
  picture = file;
  variation = 0;
  $("preview-image").src = URL.createObjectURL(file);
  $("preview-name").textContent = file.name || "Pasted picture";
  $("preview-size").textContent = `${Math.max(1, Math.round(file.size / 1024)).toLocaleString()} kB`;
  $("preview").hidden = false;
  $("drop").hidden = true;
  if (!$("error").hidden) show(written ? "written" : "empty");
}

function forget() {
  if (picture) URL.revokeObjectURL($("preview-image").src);
  picture = null;
  $("picture").value = "";
  $("preview").hidden = true;
  $("drop").hidden = false;
}

async function copy() {
  const text = [written.caption, written.hashtags.join(" ")].filter(Boolean).join("\n\n");
  try {
    await navigator.clipboard.writeText(text);
    $("copy").textContent = "Copied";
  } catch {
    // Without HTTPS a browser offers no clipboard: select the text, so that one key press copies it.
    getSelection().selectAllChildren($("caption"));
    $("copy").textContent = "Selected: press Ctrl+C or ⌘C";
  }
  setTimeout(() => { $("copy").textContent = "Copy"; }, 2500);
}

function showServiceVersion(response) {
  const version = response.headers.get("X-Captioncraft-Version");
  if (version) $("service-version").textContent = version;
}

async function showVersions() {
  const ask = (path) => fetch(path).then((response) => (response.ok ? response.json() : null)).catch(() => null);
  const [page, service] = await Promise.all([ask("/version"), ask("/api/version")]);
  $("page-version").textContent = page?.version ?? "unknown";
  $("service-version").textContent = service?.version ?? "not reachable";
}

function countDescription() {
  $("description-count").textContent = `${$("description").value.length} of 1000`;
}

$("ask").addEventListener("submit", (event) => { event.preventDefault(); variation = 0; ask(); });
$("regenerate").addEventListener("click", () => { variation += 1; ask(); });
$("again").addEventListener("click", ask);
$("copy").addEventListener("click", copy);
$("description").addEventListener("input", countDescription);
$("hashtags").addEventListener("input", (event) => { $("hashtags-count").textContent = event.target.value; });
$("picture").addEventListener("change", (event) => choose(event.target.files[0]));
$("preview-remove").addEventListener("click", () => { forget(); $("picture").focus(); });
document.addEventListener("paste", (event) => {
  const file = [...(event.clipboardData?.files ?? [])].find((one) => one.type.startsWith("image/"));
  if (file) choose(file);
});
// The whole window takes a drop: a file that misses the frame must not replace the page.
for (const name of ["dragenter", "dragover"]) {
  addEventListener(name, (event) => { event.preventDefault(); $("drop").classList.add("over"); });
}
addEventListener("dragleave", (event) => { if (!event.relatedTarget) $("drop").classList.remove("over"); });
addEventListener("drop", (event) => {
  event.preventDefault();
  $("drop").classList.remove("over");
  choose(event.dataTransfer?.files[0]);
});

countDescription();
showVersions();
