// The wallboard. The server decides what is true; this keeps it on the screen, lets ages grow as far
// as that is known, and says loudly when it no longer is.

import { answered, by, made, say } from "./dom.js";
import { Link } from "./link.js";
import { buttons, chime, kiosk, settings, stayAwake } from "./settings.js";
import * as tiles from "./tiles.js";
import { clocks, explored, mode, origin } from "./words.js";

const asked = new URLSearchParams(location.search);
const area = asked.get("area");

let screen = null; // as the server last sent it
let clock = null;
let heardAt = 0; // the board's instant, in ms, and when it was heard by the screen's steady clock
let heardHere = 0;
let stale = false;
let release = null;
const known = new Set(); // alerts that have been heard of
let first = true;

// The board's time now. It stands still once the connection is lost: nothing is known of later.
function now() {
  return stale ? heardAt : heardAt + (performance.now() - heardHere) * screen.speed;
}

function hear(at) {
  heardAt = Date.parse(at);
  heardHere = performance.now();
}

function address(path, more = {}) {
  const query = new URLSearchParams({ force: screen.force.id, ...(area ? { area } : {}), ...more });
  return `${path}?${query}`;
}

function head() {
  const place = screen.area ? screen.area.name : screen.force.name;
  say(by("#place"), place);
  by("#place").title = place;
  document.title = `${stale ? "STALE: " : ""}${place} – Watchroom`;
  const told = mode(screen.status);
  by("#mode").hidden = !told;
  say(by("#mode"), told);
  const banner = by("#stale");
  const why = stale
    ? `Stale: no connection since ${clock.second(heardAt)}`
    : screen.status.ready ? "" : `Not ready: ${screen.status.detail}`;
  banner.hidden = !why;
  say(banner, why);
  document.body.classList.toggle("stale", stale);
  document.body.classList.toggle("unready", !stale && Boolean(why));
}

function foot() {
  const parts = [`Last updated ${clock.second(heardAt)}`, clock.day(heardAt)];
  if (stale || screen.area) parts.push(screen.force.name);
  if (stale && screen.area) parts.push(screen.area.name);
  if (stale && mode(screen.status)) parts.push(mode(screen.status));
  if (screen.area) parts.push("of calls and incidents whose area is known");
  const from = origin(screen.status);
  if (from) parts.push(from);
  parts.push(...screen.incomplete);
  if (stale) parts.push("figures are of then; connecting again by itself");
  say(by("#updated"), parts.join(" · "));
}

// A wide screen is one picture and does not scroll.
const wide = matchMedia("(min-width: 1100px) and (min-aspect-ratio: 4/3)");
const fits = () => !wide.matches || document.documentElement.scrollHeight <= innerHeight;
let laidOut = "";

function draw() {
  if (!screen) return;
  const at = now();
  const clockNow = by("#clock");
  say(clockNow, clock.second(at));
  tiles.waiting(by("#waiting"), screen.waiting, at, clock);
  tiles.unattended(by("#unattended"), screen.unattended, at, clock);
  tiles.answer(by("#answer"), screen.answer, at, clock);
  tiles.feeds(by("#feeds"), screen.feeds, at);
  // What stands above the alerts takes more lines when it is late, and so leaves them fewer.
  const above = [stale, screen.waiting?.late != null, screen.unattended.late != null].join();
  const layout = JSON.stringify([above, screen.alerts?.open, innerWidth, innerHeight]);
  if (layout !== laidOut) document.body.classList.remove("dense", "denser");
  tiles.alerts(by("#alerts"), screen.alerts, screen.force.id, at, fits, above);
  if (layout !== laidOut && !fits()) document.body.classList.add("dense");
  if (layout !== laidOut && !fits()) document.body.classList.add("denser");
  laidOut = layout;
}

function announce() {
  const fresh = (screen.alerts?.open ?? []).filter((alert) => !known.has(alert.id));
  known.clear();
  for (const alert of screen.alerts?.open ?? []) known.add(alert.id);
  if (!first && fresh.length) {
    say(by("#spoken"), `New alert: ${fresh[0].words}`);
    if (settings.sound && fresh.some((alert) => alert.severity === "page" && !alert.owned)) chime();
  }
  first = false;
}

function links() {
  const charts = { waiting: "waiting", unattended: "unattended", answer: "answer", feeds: "feeds" };
  for (const [tile, chart] of Object.entries(charts)) {
    by(`#${tile} h2 a`).href = address("/chart", { chart, ...(screen.waiting && chart !== "unattended" && chart !== "feeds" ? { line: screen.waiting.line } : {}) });
  }
  by("#alerts h2 a").href = address("/alert");
  for (const chart of ["waiting", "unattended", "answer"]) by(`#${chart} .explore-link`).href = address("/explore", { measure: explored(chart, screen.waiting?.line) });
  by("#explore").href = address("/explore");
  const views = [{ id: null, name: `All of ${screen.force.name}` }, ...screen.areas];
  by("#views").replaceChildren(
    ...views.map((view) => {
      const query = new URLSearchParams({ force: screen.force.id, ...(view.id ? { area: view.id } : {}) });
      return made("li", {}, made("a", { href: `/?${query}`, "aria-current": (view.id ?? null) === area ? "page" : null }, view.name));
    }),
  );
}

function onScreen(sent) {
  const fresh = screen === null;
  screen = sent;
  stale = false;
  hear(sent.at);
  if (fresh) {
    clock = clocks(sent.force.timezone);
    by("#message").hidden = true;
    by("#tiles").hidden = false;
    links();
  }
  head();
  foot();
  draw();
  announce();
}

function onBeat({ at }) {
  if (!screen) return;
  stale = false;
  hear(at);
  head();
  foot();
}

function onState(state) {
  if (state === "stale") {
    if (!screen) return say(by("#message"), "No connection to Watchroom yet. Trying again by itself …");
    stale = true;
    head();
    foot();
    draw();
    answered("/forces.json").catch(() => {}); // perhaps it is the sign-in that is over
  } else renewed();
}

// After a lost connection the server may be a newer one, with newer pages.
async function renewed() {
  try {
    const { version } = await (await answered("/forces.json")).json();
    if (release && release !== version) location.reload();
    release ??= version;
  } catch { /* the link says what is wrong */ }
}

async function forces() {
  for (;;) {
    try {
      const held = await (await answered("/forces.json")).json();
      release = held.version;
      if (held.forces.length) return held.forces;
      say(by("#message"), "No force is monitored here yet.");
    } catch {
      say(by("#message"), "No connection to Watchroom yet. Trying again by itself …");
    }
    await new Promise((resolve) => setTimeout(resolve, 2000));
  }
}

function choice(held) {
  by("#message").textContent = "Which force?";
  const list = made("ul", { class: "choice" }, ...held.map((force) => {
    const query = new URLSearchParams(location.search);
    query.set("force", force.id);
    return made("li", {}, made("a", { href: `/?${query}` }, force.name));
  }));
  by("#forces").replaceChildren(list);
  by("#forces").hidden = false;
}

async function start() {
  buttons();
  stayAwake();
  if (kiosk) by("#menu").hidden = true;
  const held = await forces();
  const force = asked.get("force") ?? (held.length === 1 ? held[0].id : null);
  if (!force) return choice(held);
  if (!held.some((one) => one.id === force)) return say(by("#message"), `No force "${force}" is monitored here, only: ${held.map((one) => one.id).join(", ")}`);
  const query = new URLSearchParams({ force, screen: "first", ...(area ? { area } : {}) });
  new Link(`/events?${query}`, { onScreen, onBeat, onState });
  setInterval(draw, 250);
  addEventListener("resize", draw);
}

start();
