// Keys for those who would rather type. What a page offers says so itself, by data-key: this knows no page.
// Never in a field, never with another key held down.

const PATIENCE = 1_500; // ms within which the second key of two follows
const FIELDS = "input:not([type=hidden]), textarea, select";

const help = document.querySelector("dialog[data-keys]");
const hint = document.querySelector("button[data-keys]");
let first = "";
let waiting = 0;

function rows() {
  return [...document.querySelectorAll('[data-key="row"]')];
}

/** The row that has the focus, by its link or anything else in it. */
function row() {
  const line = document.activeElement?.closest("tr, li");
  return line?.querySelector('[data-key="row"]') ?? null;
}

function step(by) {
  const all = rows();
  if (!all.length) return false;
  const at = all.indexOf(row());
  const next = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + by, 0), all.length - 1)];
  next.focus();
  next.scrollIntoView({ block: "nearest" });
  return true;
}

function chosen() {
  const box = row()?.closest("tr, li")?.querySelector("input[type=checkbox]");
  box?.click();
  return Boolean(box);
}

/** Press it, follow it, or begin to write in it. */
function use(part) {
  const folded = part.closest("details");
  if (folded) folded.open = true;
  for (let outer = folded; outer; outer = outer.parentElement?.closest("details")) outer.open = true;
  if (part.matches("a, button")) {
    part.click();
    return;
  }
  const field = part.matches(FIELDS) ? part : (part.matches("summary") ? folded : part).querySelector(FIELDS);
  (field ?? part).focus();
  field?.scrollIntoView({ block: "nearest" });
}

function named(part) {
  return (part.dataset.keyName ?? part.getAttribute("aria-label") ?? part.textContent).trim();
}

function show() {
  const here = help.querySelector("[data-keys-here]");
  const parts = [...document.querySelectorAll("[data-key]")].filter(
    (part) => part.dataset.key.length === 1 && !["o", "/"].includes(part.dataset.key),
  );
  here.replaceChildren(
    ...parts.flatMap((part) => {
      const key = document.createElement("dt");
      key.append(document.createElement("kbd"));
      key.firstChild.textContent = part.dataset.key;
      const what = document.createElement("dd");
      what.textContent = named(part);
      return [key, what];
    }),
  );
  help.showModal();
}

/** Whether the key, or the two, meant anything. */
function pressed(key) {
  if (key === "?") return show(), true;
  if (key === "j") return step(1);
  if (key === "k") return step(-1);
  if (key === "x") return chosen();
  const part = key === "o" && row() ? row() : document.querySelector(`[data-key="${CSS.escape(key)}"]`);
  if (!part) return false;
  use(part);
  return true;
}

function forget() {
  clearTimeout(waiting);
  first = "";
}

function typed(event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.key.length !== 1 || event.key === " " || help.open) return;
  if (event.target.closest?.("input, textarea, select, [contenteditable]")) return;
  if (event.repeat && !["j", "k"].includes(event.key)) return;
  const key = first ? `${first} ${event.key}` : event.key;
  if (!first && document.querySelector(`[data-key^="${CSS.escape(key)} "]`)) {
    first = key;
    waiting = setTimeout(forget, PATIENCE);
    return;
  }
  forget();
  if (pressed(key)) event.preventDefault();
}

if (help && hint) {
  hint.hidden = false;
  hint.addEventListener("click", show);
  document.addEventListener("keydown", typed);
}
