// The wallboard. The server decides what is true; this keeps it on the screen, lets ages grow as far
// as that is known, and says loudly when it no longer is.

import { answered, by, made, say } from "./dom.js";
import { Link } from "./link.js";
import { begin } from "./places.js";
import { buttons, chime, kiosk, settings, stayAwake } from "./settings.js";
import * as tiles from "./tiles.js";
import { age, clocks, explored, mode, origin } from "./words.js";

const asked = new URLSearchParams(location.search);
const area = asked.get("area");

let screen = null; // as the server last sent it
let clock = null;
let heardAt = 0; // the board's instant, in ms, and when it was heard by the screen's steady clock
let heardHere = 0;
let stale = false;
let release = null;
let several = false; // forces are monitored here
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
  by("#up").hidden = !screen.area;
  if (screen.area) {
    by("#up a").href = `/?${new URLSearchParams({ force: screen.force.id })}&areas`;
    say(by("#up a"), `an area of ${screen.force.name}`);
  }
  document.title = `${stale ? "STALE: " : ""}${place} – Watchroom`;
  const told = mode(screen.status);
  by("#mode").hidden = !told;
  say(by("#mode"), told);
  const banner = by("#stale");
  const why = stale
    ? staleness()
    : !screen.status.ready ? `Not ready: ${screen.status.detail}` : screen.status.mixed ? `Not to be relied on: live and made-up ${screen.status.mixed} in one` : "";
  banner.hidden = !why;
  say(banner, why);
  document.body.classList.toggle("stale", stale);
  document.body.classList.toggle("unready", !stale && !screen.status.ready);
}

// The one age that grows while nothing is heard: of the silence.
function staleness() {
  return `Stale for ${age((performance.now() - heardHere) / 1000)}: no connection since ${clock.second(heardAt)}`;
}

function foot() {
  const parts = [`Last updated ${clock.second(heardAt)}`, clock.day(heardAt)];
  if (stale || screen.area) parts.push(screen.force.name);
  if (stale && screen.area) parts.push(screen.area.name);
  const [told, from] = [mode(screen.status), origin(screen.status)];
  if (stale && told && !from.startsWith(`${told.toLowerCase()}:`)) parts.push(told);
  if (screen.area) parts.push("of calls and incidents whose area is known");
  if (from) parts.push(from);
  parts.push(...screen.incomplete);
  if (stale) parts.push("figures are of then; connecting again by itself");
  say(by("#updated"), parts.join(" · "));
}

// What a tile shows decides how large its letters can be; the ages that grow are left out of it.
const shownBy = (tile) => [tile.textContent.replace(/\d+/g, (digits) => "0".repeat(digits.length)), tile.clientWidth, tile.clientHeight].join("|");
let trends = {};
let minute = null; // of the board, when the charts were last asked for
let askedAt = -Infinity; // the same by the screen's steady clock
const AGAIN = 15_000; // a replay has many minutes in one

function draw() {
  if (!screen) return;
  const at = now();
  say(by("#clock"), clock.second(at));
  const time = new tiles.Time(at, clock, stale || screen.speed === 0);
  const again = (tile) => { tiles.draw(tile, screen, time); };
  for (const tile of by("#tiles").children) {
    again(tile);
    tiles.trend(tile, trends[tile.dataset.tile]);
    if (tile.dataset.shown === shownBy(tile)) continue;
    tiles.fit(tile, again);
    tile.dataset.shown = shownBy(tile);
  }
  if (stale) say(by("#stale"), staleness());
  if (!stale && minute !== Math.floor(at / 60_000) && performance.now() - askedAt > AGAIN) charts(at);
}

// The last hours of every tile: they change once a minute.
async function charts(at) {
  minute = Math.floor(at / 60_000);
  askedAt = performance.now();
  try {
    const answer = await answered(address("/trends.json"));
    if (answer.ok) trends = await answer.json();
  } catch { /* the link says what is wrong */ }
}

// The tiles that the server asks for, kept while they are the same.
function lay() {
  const place = by("#tiles");
  const asked = screen.tiles.join();
  if (place.dataset.asked === asked) return;
  place.dataset.asked = asked;
  place.replaceChildren(...screen.tiles.map(tiles.tile));
  links();
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
  const of = { in_time: "answer", waiting: "waiting", unattended: "unattended", attended: "attended", open: "unattended", feeds: "feeds" };
  for (const tile of by("#tiles").children) {
    const [kind, line] = tile.dataset.tile.split(".");
    const more = line ? { line } : {};
    const to = kind === "alerts" ? address("/alert") : kind === "ahead" || kind === "handlers" ? address("/ahead") : address("/chart", { chart: of[kind], ...more });
    by("h2 a", tile).href = to;
    const explore = by(".explore-link", tile);
    if (explore) explore.href = address("/explore", { measure: explored(kind === "open" ? kind : of[kind], line) });
  }
  by("#explore").href = address("/explore");
  by("#handover").href = address("/handover");
  const views = [{ id: null, name: `All of ${screen.force.name}` }, ...screen.areas];
  const beside = [...(several ? [["/?forces=all", "All forces beside each other"]] : []), ...(screen.areas.length ? [[`/?force=${screen.force.id}&areas`, "Its areas beside each other"]] : [])];
  by("#views").replaceChildren(
    ...beside.map(([to, words]) => made("li", {}, made("a", { href: to }, words))),
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
  }
  lay();
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
      several = held.forces.length > 1;
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
  by("#menu").addEventListener("keydown", (event) => { // closes it, and leads back to what opened it
    if (event.key !== "Escape" || !by("#menu").open) return;
    by("#menu").open = false;
    by("#menu summary").focus();
  });
  const held = await forces();
  const listed = asked.getAll("forces").join().split(",").map((each) => each.trim());
  const everyone = listed.includes("all");
  const named = everyone ? [] : [...new Set([...asked.getAll("force"), ...listed])].filter(Boolean);
  if (everyone || named.length > 1) {
    const unknown = named.filter((force) => !held.some((one) => one.id === force));
    if (unknown.length) return say(by("#message"), `No force "${unknown[0]}" is monitored here, only: ${held.map((one) => one.id).join(", ")}`);
    return begin(named.length ? named.map((force) => held.find((one) => one.id === force)) : held, held, release);
  }
  const force = named[0] ?? (held.length === 1 ? held[0].id : null);
  if (!force) return choice(held);
  if (!held.some((one) => one.id === force)) return say(by("#message"), `No force "${force}" is monitored here, only: ${held.map((one) => one.id).join(", ")}`);
  if (asked.has("areas")) return begin([held.find((one) => one.id === force)], held, release);
  const query = new URLSearchParams({ force, screen: "first", ...(area ? { area } : {}) });
  new Link(`/events?${query}`, { onScreen, onBeat, onState });
  setInterval(draw, 250);
  addEventListener("resize", draw);
}

start();
