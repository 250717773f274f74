// What pages do more where scripts run: they keep up with what changes, and show times in the zone of the one who looks.
// Without it everything works all the same.

const SOONEST = 5_000; // ms between two looks of one page
const SPREAD = 1_000; // many who look at once do not ask in the same moment
const LATEST = 60_000; // how long ago something was is told anew as often as that

const page = document.documentElement;
const footer = document.querySelector("[data-pulse]");
const said = document.querySelector("[data-said]");

/** The parts that are kept up to date, by name. */
function living(root) {
  return new Map([...root.querySelectorAll("[data-live]")].map((each) => [each.dataset.live, each]));
}

/** Whether somebody is at work in there: types, has chosen something, or marks text. */
function inUse(part) {
  const marked = document.getSelection();
  if (marked && !marked.isCollapsed && part.contains(marked.anchorNode)) return true;
  const active = document.activeElement;
  if (part.contains(active) && active.matches("input, select, textarea, button, summary")) return true;
  if (part.querySelector("details[open]")) return true;
  return [...part.querySelectorAll("input, textarea, select")].some((field) =>
    field.matches("select")
      ? [...field.options].some((each) => each.selected !== each.defaultSelected && each.defaultSelected)
      : field.matches("[type=checkbox], [type=radio]")
        ? field.checked !== field.defaultChecked
        : field.value !== field.defaultValue,
  );
}

/** Put one part in the place of another; who was on a link of it stays there. */
function replaced(part, fresh) {
  if (part.outerHTML === fresh.outerHTML) return;
  const active = document.activeElement;
  const path = part.contains(active) ? active.getAttribute("href") : null;
  part.replaceWith(fresh);
  if (path !== null) {
    [...fresh.querySelectorAll("a")].find((each) => each.getAttribute("href") === path)?.focus({ preventScroll: true });
  }
}

/** Take over what the page would show now; true where nothing had to be left as it was. */
function taken(fresh) {
  const news = living(fresh);
  let all = true;
  for (const [name, part] of living(document)) {
    const newer = news.get(name);
    if (newer === undefined) continue;
    if (inUse(part)) all = false;
    else replaced(part, document.adoptNode(newer));
  }
  return all;
}

/** What the one who looks has seen is what their next change is about. */
function seen(fresh) {
  const version = fresh.querySelector("input[name=version]")?.value;
  if (version === undefined) return;
  for (const field of document.querySelectorAll("input[name=version]")) {
    field.value = version;
    field.defaultValue = version;
  }
}

function pulse(word) {
  if (!footer) return;
  footer.textContent = { live: "live", lost: "not connected", over: "signed out: load the page again" }[word];
  footer.dataset.pulse = word;
  footer.hidden = false;
}

/** Keeps one page up to date while it is looked at. */
class Keeper {
  #stream = null;
  #last = 0;
  #timer = 0;
  #asking = false;
  #again = false;
  #refused = 0; // when no stream was given: then it is only looked every minute

  start() {
    document.addEventListener("visibilitychange", () => (document.hidden ? this.rest() : this.wake()));
    addEventListener("pagehide", () => this.rest());
    addEventListener("pageshow", (event) => event.persisted && this.wake());
    if (!document.hidden) this.#listen();
    this.#last = Date.now();
    this.#later(LATEST);
  }

  rest() {
    this.#stream?.close();
    this.#stream = null;
    clearTimeout(this.#timer);
  }

  wake() {
    if (this.#stream) return;
    this.#listen();
    this.soon();
  }

  /** Look again, not sooner than it is allowed. */
  soon() {
    this.#later(Math.max(0, this.#last + SOONEST - Date.now()) + Math.random() * SPREAD);
  }

  #later(wait) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.look(), wait);
  }

  #listen() {
    const stream = new EventSource("/live");
    stream.addEventListener("open", () => pulse("live"));
    stream.addEventListener("reload", () => this.soon());
    stream.addEventListener("changed", (event) => {
      announce(JSON.parse(event.data));
      this.soon();
    });
    stream.addEventListener("error", () => {
      pulse("lost");
      if (stream.readyState !== EventSource.CLOSED) return; // it comes again by itself
      this.#stream = null;
      this.#refused = Date.now();
      this.soon();
    });
    this.#stream = stream;
  }

  async look() {
    if (this.#asking) {
      this.#again = true;
      return;
    }
    this.#asking = true;
    this.#again = false;
    this.#last = Date.now();
    try {
      const answer = await fetch(location.href, { headers: { "X-Live": "1" }, redirect: "manual" });
      if (answer.type === "opaqueredirect") {
        pulse("over");
        this.rest();
        return;
      }
      if (answer.ok) {
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
        if (taken(fresh)) seen(fresh);
      }
    } catch {
      pulse("lost");
    } finally {
      this.#asking = false;
    }
    if (document.hidden) return;
    if (this.#again) this.soon();
    else this.#later(LATEST);
    if (!this.#stream && Date.now() >= this.#refused + LATEST) this.#listen();
  }
}

/** In few words, for those who do not see it: the first changes of many. */
function announce({ services, tickets }) {
  const words = Object.entries(services).map(([name, state]) => `${name} is ${state}`);
  if (tickets.length) words.push(`${tickets.slice(0, 3).join(", ")} changed`);
  if (said && words.length) said.textContent = words.slice(0, 4).join("; ");
}

/** The server draws in the zone that the browser names; who comes with another one than before loads the page again. */
function zoned() {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!zone || !page.dataset.zone) return;
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `zone=${encodeURIComponent(zone)}; Path=/; SameSite=Lax; Max-Age=31536000${secure}`;
  const got = page.dataset.zone === zone || sessionStorage.getItem("zoned") === zone;
  sessionStorage.setItem("zoned", zone);
  if (!got && navigator.cookieEnabled && document.querySelector("main time")) location.reload();
}

/** A page that is the same for everybody: its moments are put into words here. */
function local() {
  const words = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "short" });
  for (const each of document.querySelectorAll("time[datetime]")) each.textContent = words.format(new Date(each.dateTime));
  for (const each of document.querySelectorAll("[data-here]")) each.textContent = words.resolvedOptions().timeZone;
  setInterval(() => document.hidden || location.reload(), LATEST);
}

if (page.dataset.times === "local") local();
else zoned();
if (document.querySelector("[data-live]")) new Keeper().start();
