// Several forces, or the areas of one, beside each other: each place a row with a cell for each of
// its figures, or, where there are many, a card that says only what needs somebody. The worst first.

import { answered, by, made, say, shape } from "./dom.js";
import { Link } from "./link.js";
import { settings, chime } from "./settings.js";
import { GRADES, STATES } from "./tiles.js";
import { age, clocks, count, duration, limit, mode, origin, plural } from "./words.js";

const SILENCE = 4500; // as of the connection, here of each force for itself: one has its turn after the others
const TURN = 100;
// What a place needs to have all its figures, in the smallest letters of the screen: the height of a row and the width
// of a column; on a screen that is higher than wide, the height of its band.
const LEAST_ROW = 4.3;
const LEAST_COLUMN = 9.3;
const LEAST_BAND = 11.8;
const START = 15_000; // so long a force that was not heard of yet is only waited for
const RANKS = ["page", "breached", "stale", "late", "notice", "approaching", "unready", "unheard", "unknown", "taken", "state", "calm", "unjudged"];
const WORDS = { ...STATES, page: "page", notice: "notice", taken: "taken", state: "state", stale: "stale", unready: "not ready", unheard: "waiting" };
const SHAPE = { taken: "owned", stale: "late", unready: "unknown", unheard: "late" };
const NEEDS = RANKS.slice(0, RANKS.indexOf("taken"));

const asked = new URLSearchParams(location.search);
const forces = new Map(); // by id: what it sent, its clock, and when it was last heard
const drawn = new Map(); // by place: its elements
const known = new Set(); // pages that nobody has, of which a person was told
let wanted = [];
let areas = false;
let first = true;
let opened = 0;

// -- what was heard ----------------------------------------------------------------------------

class Heard {
  silence = 0; // s for which its server may say nothing
  constructor(sent) { this.clock = clocks(sent.force.timezone); this.hear(sent.at); this.sent = sent; }
  hear(at) { this.at = Date.parse(at); this.here = performance.now(); }
  get stale() { return performance.now() - this.here > Math.max(SILENCE + TURN * wanted.length, 1000 * this.silence); }
  get now() { return this.stale ? this.at : this.at + (performance.now() - this.here) * this.sent.speed; }
  get still() { return this.stale || this.sent.speed === 0; }
  for(words, instant) {
    const from = Date.parse(instant);
    return this.still ? `${words} since ${this.clock.second(from)}` : `${words} ${duration((this.now - from) / 1000)}`;
  }
  age(instant) {
    const from = Date.parse(instant);
    return this.still ? `since ${this.clock.minute(from)}` : age((this.now - from) / 1000);
  }
}

function onPlaces(sent) {
  const held = forces.get(sent.force.id);
  if (held) { held.sent = sent; held.hear(sent.at); } else forces.set(sent.force.id, new Heard(sent));
  drawSoon();
  announce();
}

function onBeat({ at, force, silence }) {
  const held = forces.get(force);
  if (!held) return;
  held.hear(at);
  held.silence = silence ?? 0;
}

// -- what a figure says, in few words ------------------------------------------------------------

const lateness = (held, late) => `${late.name} to ${held.clock.minute(Date.parse(late.as_of))}`;

function waits(figure, held, nobody) {
  const known = figure.count != null && figure.carried !== false;
  if (figure.unplaced && !figure.count) return { number: "–", words: `${count(figure.unplaced)}, area unknown`, state: "unjudged" };
  const words = figure.late ? lateness(held, figure.late)
    : !known ? "never heard of"
    : figure.oldest_since ? held.for("oldest", figure.oldest_since) : nobody;
  return { number: known || figure.count ? count(figure.count) : "–", words };
}

// What is not of today, since today has too few cases yet.
const hourly = (figure) => (figure.window === "1h" ? ", last hour" : "");

function rate(figure, held, records) {
  if (figure.value == null) return { number: "–", words: figure.late ? lateness(held, figure.late) : figure.known ? `no ${records} today` : "not known" };
  return { number: (figure.value * 100).toFixed(1), unit: "%", words: figure.late ? lateness(held, figure.late) : `${count(figure.numerator)} of ${count(figure.denominator)}${hourly(figure)}` };
}

function alerts(figure) {
  const { first } = figure;
  if (figure.state === "unknown") return { number: "–", words: "nothing has arrived yet" };
  const words = !first ? "none open" : figure.alone > 1 ? `${figure.alone} with nobody` : figure.alone ? "nobody yet" : first.severity === "state" ? "no page, no notice" : first.role ?? (first.owned ? "taken" : "snoozed");
  return { number: count(figure.open), words };
}

const FIGURES = {
  waiting: (figure, held, line) => ({ label: `${line} waiting`, ...waits(figure, held, "nobody") }),
  unattended: (figure, held) => ({ label: "Emergencies unattended", brief: "Emergencies", ...waits(figure, held, "all attended") }),
  in_time: (figure, held, line) => ({ label: `${line} ${figure.within}`, ...rate(figure, held, "calls") }),
  attended: (figure, held) => ({ label: `Emergencies ${figure.within}`, ...rate(figure, held, "emergencies") }),
  open: (figure, held) => {
    const top = figure.rows?.[0];
    const words = figure.late ? lateness(held, figure.late) : !top ? (figure.count == null ? "never heard of" : "none") : `${GRADES[top.grade] ?? top.grade}${top.oldest_since ? `, ${held.age(top.oldest_since)}` : ""}`;
    return { label: "Incidents to attend", number: figure.count == null ? "–" : count(figure.count), words };
  },
  handlers: (figure, held) => {
    const enough = figure.late ? lateness(held, figure.late) : figure.unusual ? "next hour not known" : "enough for the next hour";
    const next = figure.short == null ? "" : figure.short > 0 ? `next hour ${count(figure.short)} short` : enough;
    const words = [{ signed_on: "signed on", roster: "roster" }[figure.of], next].filter(Boolean).join(", ");
    return { label: "Handlers", number: figure.value == null ? "–" : String(Math.round(figure.value * 10) / 10), words: words || "not known" };
  },
  alerts: (figure) => ({ label: "Alerts", ...alerts(figure) }),
};

// In a card a figure is one line: what is wrong, and how far.
function short(tile, figure, held, said) {
  const [kind, line] = tile.split(".");
  const wait = figure.oldest_since && held.age(figure.oldest_since);
  if (figure.late) return said.words;
  if (kind === "waiting") return `${line}: ${said.number} waiting${wait ? `, ${wait}` : ""}`;
  if (kind === "unattended") return `${plural(figure.count ?? 0, "emergency", "emergencies")}${wait ? `, ${wait}` : ""}`;
  if (kind === "open") return `to attend: ${said.number}, ${said.words}`;
  if (kind === "alerts") return figure.first ? `${WORDS[figure.first.severity] ?? "alert"}: ${said.words}, ${held.age(figure.first.opened_at)}` : said.words;
  if (said.unit) return `${line ?? "arrivals"}: ${said.number}\u00a0% of ${count(figure.denominator)} ${figure.within}${hourly(figure)}`;
  return `${said.label}: ${said.number} ${said.words}`;
}

const stateOf = (figure, said) => said.state ?? figure.state ?? "unjudged";

// -- the places ----------------------------------------------------------------------------------

function all() {
  return wanted.flatMap((force) => {
    const held = forces.get(force.id);
    if (!held) return [{ key: force.id, name: force.name, state: performance.now() - opened < START ? "unheard" : "stale", held: null, figures: {}, tiles: [] }];
    const state = held.stale ? "stale" : held.sent.status?.ready === false ? "unready" : null;
    return held.sent.places.map((place) => ({
      key: place.id ? `${force.id}/${place.id}` : force.id, held, tiles: held.sent.tiles, whole: areas && !place.id, ...place, state: state ?? place.state,
      to: `/?${new URLSearchParams({ force: force.id, ...(place.id ? { area: place.id } : {}) })}`,
    }));
  });
}

function ordered(places) {
  const chosen = asked.get("order") ?? (areas ? places[0]?.held?.sent.order : null);
  if (chosen === "as_listed") return places;
  const rank = (place) => (place.whole ? -1 : RANKS.indexOf(place.state));
  return places.map((place, at) => [place, at]).sort(([a, at], [b, bt]) => rank(a) - rank(b) || at - bt).map(([place]) => place);
}

// Cards in so many columns that each is as large as it can be; how many of them there is room for.
function grid(number, width, height, unit) {
  const [least, low] = [16 * unit, 5.2 * unit];
  const most = Math.max(1, Math.floor(width / least));
  let best = { columns: most, fits: most * Math.max(1, Math.floor(height / low)), size: 0 };
  for (let columns = 1; columns <= most; columns += 1) {
    const each = { wide: width / columns, high: height / Math.ceil(number / columns) };
    const size = Math.min(each.wide / 2.2, each.high);
    if (each.high >= low && size > best.size) best = { columns, fits: number, size };
  }
  return best;
}

function element(place) {
  let held = drawn.get(place.key);
  if (!held) {
    const name = made("div", { class: "cell name" }, made("div", { class: "titled" }, made("h2", {}, place.to ? made("a", { href: place.to }, place.name) : place.name), made("p", { class: "mark" })), made("p", { class: "why" }));
    held = { root: made("section", { class: "place", "aria-label": place.name }, name), name, figures: new Map(), key: "" };
    drawn.set(place.key, held);
  }
  return held;
}

function mark(at, state) {
  if (at.dataset.mark === state) return;
  at.dataset.mark = state;
  at.replaceChildren(shape(SHAPE[state] ?? state), made("b", {}, WORDS[state]));
}

function why(place, common, cards) {
  if (!place.held) return "nothing heard yet";
  const { held } = place;
  if (held.stale) return cards ? `since ${held.clock.minute(held.at)}` : `no figures since ${held.clock.second(held.at)}`;
  if (place.state === "unready") return held.sent.status.detail;
  const of = mode(held.sent.status ?? {});
  return of && of !== common && !(areas && !place.whole) ? of : "";
}

function fill(place, tiles, { cards, upright }, common) {
  const held = element(place);
  const { root, name } = held;
  if (place.to && !by("a", name)) by("h2", name).replaceChildren(made("a", { href: place.to }, place.name));
  root.dataset.state = name.dataset.state = place.state;
  root.classList.toggle("whole", Boolean(place.whole));
  mark(by(".mark", name), place.state);
  const [titled, note] = [by(".titled", name), by(".why", name)];
  if (cards !== titled.contains(note)) cards ? titled.append(note) : titled.after(note); // on a card beside "stale", for which a long name leaves one line
  say(note, why(place, common, cards));
  const said = new Map(tiles.filter((tile) => place.figures[tile]).map((tile) => {
    const [kind, line] = tile.split(".");
    return [tile, FIGURES[kind](place.figures[tile], place.held, line)];
  }));
  if (cards) return lines(place, held, said);
  held.list?.remove();
  held.list = null;
  const cells = tiles.map((tile) => {
    let cell = held.figures.get(tile);
    if (!cell) {
      cell = made("div", { class: "cell" }, made("h3"), made("p", { class: "number" }), made("p", { class: "mark" }), made("p", { class: "said" }));
      held.figures.set(tile, cell);
    }
    const words = said.get(tile);
    const gone = place.state === "stale" || place.state === "unready";
    cell.dataset.state = !words ? "none" : gone ? "gone" : stateOf(place.figures[tile], words);
    if (!words) return cell;
    say(by("h3", cell), upright ? words.brief ?? words.label : words.label);
    const key = `${words.number}|${words.unit ?? ""}`;
    if (cell.dataset.key !== key) {
      cell.dataset.key = key;
      cell.style.setProperty("--long", words.number.length + (words.unit ? 1.1 : 0));
      by(".number", cell).replaceChildren(words.number, ...(words.unit ? [made("span", { class: "unit" }, words.unit)] : []));
    }
    if (NEEDS.includes(cell.dataset.state)) mark(by(".mark", cell), cell.dataset.state);
    by(".mark", cell).hidden = !NEEDS.includes(cell.dataset.state);
    say(by(".said", cell), words.words);
    cell.classList.toggle("nil", words.number === "0" || words.number === "–");
    return cell;
  });
  kept(root, [name, ...cells]);
  return root;
}

function lines(place, held, said) {
  const found = place.state === "stale" || place.state === "unready" ? [] : [...said].map(([tile, words]) => ({ kind: tile.split(".")[0], state: stateOf(place.figures[tile], words), text: short(tile, place.figures[tile], place.held, words) }))
    .filter((line) => NEEDS.includes(line.state)).sort((a, b) => RANKS.indexOf(a.state) - RANKS.indexOf(b.state));
  const emergencies = found.find((line) => line.kind === "unattended");
  const same = found.findIndex((line) => line.kind === "open" && line.state === emergencies?.state);
  if (same >= 0) found.splice(same, 1); // these are among them
  const rest = calmly(place, said);
  if (!found.length && rest) found.push({ state: "", text: rest });
  const unique = found.filter((line, at) => found.findIndex((other) => other.text === line.text) === at);
  if (!held.list) {
    held.list = made("ul");
    by(".name", held.root).append(held.list);
  }
  kept(held.root, [held.name]);
  held.lines = unique;
  held.most ??= unique.length;
  written(held, held.most);
  return held.root;
}

// Of a place that needs nobody: the first of its figures, without a state.
function calmly(place, said) {
  if (place.state === "stale" || place.state === "unready") return "";
  const first = (kind) => [...said].find(([tile]) => tile.startsWith(`${kind}.`));
  const [waiting, served] = [first("waiting"), first("in_time")];
  const parts = [];
  if (waiting && waiting[1].number !== "–") parts.push(`${waiting[1].number} waiting`);
  if (served?.[1].unit) parts.push(`${served[1].number}\u00a0% of ${count(place.figures[served[0]].denominator)}${hourly(place.figures[served[0]])}`);
  return parts.join(", ");
}

function written(held, most) {
  const shown = held.lines.slice(0, most);
  const hidden = held.lines.length - shown.length;
  const rows = [...shown.map((line) => [line.state, line.text]), ...(hidden && most ? [["", `and ${hidden} more`]] : [])];
  while (held.list.children.length > rows.length) held.list.lastChild.remove();
  rows.forEach(([state, text], at) => {
    const row = held.list.children[at] ?? held.list.appendChild(made("li", {}, made("i"), made("span")));
    if (row.dataset.state !== state) { row.dataset.state = state; by("i", row).replaceChildren(...(state ? [shape(SHAPE[state] ?? state)] : [])); }
    say(by("span", row), text);
  });
}

// The children of an element, moved only where their order changed, and with the focus kept.
function kept(parent, children) {
  if (parent.children.length === children.length && children.every((child, at) => parent.children[at] === child)) return;
  const focus = document.activeElement;
  parent.replaceChildren(...children);
  if (focus && focus !== document.body && parent.contains(focus)) focus.focus();
}

const out = (element) => element.scrollHeight > element.clientHeight + 1 || element.scrollWidth > element.clientWidth + 1;

function fitted(held, key) {
  if (held.key === key) return;
  held.key = key;
  for (held.most = held.lines.length; ; held.most -= 1) {
    written(held, held.most);
    if (!held.most || !out(held.name)) return;
  }
}

// -- the screen ----------------------------------------------------------------------------------

// However many forces are heard of meanwhile, the screen is drawn once for its next picture.
let due = false;
function drawSoon() {
  if (due) return;
  due = true;
  requestAnimationFrame(() => { due = false; draw(); });
}

function draw() {
  const places = ordered(all());
  if (!forces.size) return;
  by("#message").hidden = true;
  const at = by("#tiles");
  at.hidden = false;
  const tiles = [...new Set(places.flatMap((place) => place.tiles))];
  const [one] = forces.values();
  const common = [...forces.values()].map((held) => mode(held.sent.status ?? {})).reduce((a, b) => (a === b ? a : ""));
  head(places, one, common);
  urgent(places);
  const wide = innerWidth >= 700 && innerHeight >= 560;
  const upright = innerWidth < innerHeight;
  const letter = 1.28 * Math.min(1.45 * innerWidth, innerHeight) / 100; // the smallest, as the style has it
  const level = Math.max(14, 1.05 * Math.min(innerWidth, 1.7778 * innerHeight) / 100);
  const narrow = at.clientWidth / (tiles.length + 1.3) < LEAST_COLUMN * level;
  const cards = !wide || (upright ? at.clientHeight / places.length < LEAST_BAND * letter : narrow || at.clientHeight / places.length < LEAST_ROW * level);
  at.className = `places ${cards ? "cards" : upright ? "bands" : "rows-of-places"}${wide ? "" : " below-each-other"}`;
  const unit = Math.min(innerWidth / 100, innerHeight / 56.25);
  const room = cards && wide ? grid(places.length, at.clientWidth, at.clientHeight, upright ? innerWidth / 56.25 : unit) : { columns: 1, fits: places.length };
  const fits = places.length > room.fits ? room.fits - 1 : places.length;
  at.style.setProperty("--columns", cards ? room.columns : upright ? Math.min(4, tiles.length) : tiles.length);
  at.style.setProperty("--rows", cards ? Math.ceil((fits < places.length ? fits + 1 : fits) / room.columns) : places.length);
  at.style.setProperty("--last", `span ${1 + ((4 - (tiles.length % 4)) % 4)}`);
  const shown = places.slice(0, fits).map((place) => fill(place, tiles, { cards, upright }, common));
  const rest = places.slice(fits);
  kept(at, [...(cards || upright ? [] : [heads(places, tiles)]), ...shown, ...(rest.length ? [remainder(rest)] : [])]);
  if (cards) for (const place of places.slice(0, fits)) {
    const held = drawn.get(place.key);
    fitted(held, [held.lines.map((line) => line.text.replace(/\d/g, "0")).join(), held.name.clientWidth, held.name.clientHeight].join());
  }
}

const headed = () => { const [{ sent }] = forces.values(); return areas ? sent.kinds.find((kind) => kind.id === sent.kind)?.words ?? "areas" : ""; };
let headings = null;
function heads(places, tiles) {
  const labels = tiles.map((tile) => {
    const of = new Set(places.filter((place) => place.figures[tile]).map((place) => FIGURES[tile.split(".")[0]](place.figures[tile], place.held, tile.split(".")[1]).label));
    return of.size > 1 ? `${tile.split(".")[1] ?? ""} in time`.trim() : [...of][0] ?? "";
  });
  headings ??= made("div", { class: "heads", "aria-hidden": "true" });
  if (headings.dataset.key !== labels.join()) {
    headings.dataset.key = labels.join();
    headings.replaceChildren(made("span", {}, headed()), ...labels.map((label) => made("span", {}, label)));
  }
  return headings;
}

let leftOver = null;
function remainder(rest) {
  leftOver ??= made("section", { class: "place rest" }, made("div", { class: "cell name" }, made("p")));
  const needing = rest.filter((place) => NEEDS.includes(place.state)).length;
  say(by("p", leftOver), `and ${count(rest.length)} more, ${needing ? `${needing} of which need somebody` : "all calm"}`);
  by(".cell", leftOver).dataset.state = needing ? "notice" : "calm";
  return leftOver;
}

function head(places, one, common) {
  const whole = areas ? one.sent.force.name : asked.get("forces") === "all" ? "All forces" : plural(wanted.length, "force", "forces");
  const stale = [...forces.values()].every((held) => held.stale);
  say(by("#place"), whole);
  document.title = `${stale ? "STALE: " : ""}${whole} – Watchroom`;
  say(by("#mode"), common);
  by("#mode").hidden = !common;
  say(by("#clock"), one.clock.second(one.now));
  const status = one.sent.status ?? {};
  const mixed = [...forces.values()].map((held) => held.sent.status?.mixed).find(Boolean);
  const unready = [...forces.values()].every((held) => held.sent.status?.ready === false);
  const newest = Math.max(...[...forces.values()].map((held) => held.here));
  const words = stale ? `Stale for ${age((performance.now() - newest) / 1000)}: no connection since ${one.clock.second(one.at)}`
    : unready ? `Not ready: ${status.detail}` : mixed ? `Not to be relied on: live and made-up ${mixed} in one` : "";
  by("#stale").hidden = !words;
  say(by("#stale"), words);
  document.body.classList.toggle("stale", stale);
  document.body.classList.toggle("unready", !stale && unready);
  const latest = [...forces.values()].reduce((a, b) => (a.at > b.at ? a : b));
  const from = common ? origin(status) : "";
  say(by("#updated"), [`Last updated ${latest.clock.second(latest.at)}`, latest.clock.day(latest.at), ...(from ? [from] : []),
    ...(areas ? ["areas: of calls and incidents whose area is known"] : []), ...(stale ? ["figures are of then; connecting again by itself"] : [])].join(" · "));
  tally(places);
}

// How many places are in which state, for who has two seconds.
function tally(places) {
  const at = by("#tally");
  const states = RANKS.map((state) => [state === "unjudged" ? "calm" : state, places.filter((place) => place.state === state).length]);
  const counts = new Map();
  for (const [state, number] of states) if (number) counts.set(state, (counts.get(state) ?? 0) + number);
  const key = JSON.stringify([...counts]);
  if (at.dataset.key === key) return;
  at.dataset.key = key;
  at.hidden = false;
  at.replaceChildren(...[...counts].map(([state, number]) => made("span", { class: "cell", "data-state": state }, shape(SHAPE[state] ?? state), made("b", {}, count(number)), ` ${WORDS[state]}`)));
}

const pages = () => [...forces.values()].flatMap((held) => {
  const figure = held.sent.places[0]?.figures.alerts;
  return figure?.state === "page" ? [{ held, alert: figure.first, alone: figure.alone }] : [];
}).sort((a, b) => gone(a.held) - gone(b.held) || Date.parse(a.alert.opened_at) - Date.parse(b.alert.opened_at));

// Nobody knows whether what was said still holds: no colour may say that it does.
const gone = (held) => held.stale || held.sent.status?.ready === false;

// A page that nobody has stands above all: its words, and how long it has been open.
function urgent() {
  const at = by("#urgent");
  const found = pages();
  at.hidden = !found.length;
  if (!found.length) return;
  const [{ held, alert }] = found;
  at.dataset.state = gone(held) ? "gone" : "page";
  const others = found.reduce((sum, each) => sum + each.alone, 0) - 1;
  const link = by("a", at);
  link.href = `/alert?${new URLSearchParams({ force: held.sent.force.id, id: alert.id })}`;
  say(link, alert.words);
  if (!by(".severity", at).children.length) by(".severity", at).replaceChildren(shape("page"), "page", shape("nobody"), "nobody yet");
  say(by(".open-for", at), `${held.still ? "open since" : "open"} ${held.still ? held.clock.minute(Date.parse(alert.opened_at)) : age((held.now - Date.parse(alert.opened_at)) / 1000)}${others > 0 ? `, and ${plural(others, "more", "more")} with nobody` : ""}`);
}

function announce() {
  const found = pages().map((each) => each.alert);
  const fresh = found.filter((alert) => !known.has(alert.id));
  for (const alert of found) known.add(alert.id);
  if (!first && fresh.length) {
    say(by("#spoken"), `New alert: ${fresh[0].words}`);
    if (settings.sound) chime();
  }
  first = false;
}

function menu(everything) {
  const one = wanted[0].id;
  const entries = areas ? [[`/?force=${one}`, `All of ${wanted[0].name}`]] : wanted.map((force) => [`/?force=${force.id}`, force.name]);
  if (everything.length > 1) entries.unshift(["/?forces=all", "All forces"]);
  const turned = new URLSearchParams(location.search);
  const listed = asked.get("order") === "as_listed";
  turned.set("order", listed ? "worst_first" : "as_listed");
  entries.push([`/?${turned}`, listed ? "The worst first" : "In the order of the file"]);
  by("#views").replaceChildren(...entries.map(([to, words]) => made("li", {}, made("a", { href: to }, words))));
}

// Where the forces that there are change, the screen of all of them does.
async function renewed(everything, release) {
  try {
    const { forces: now, version } = await (await answered("/forces.json")).json();
    const changed = asked.get("forces") === "all" && now.map((each) => each.id).join() !== everything.map((each) => each.id).join();
    if (changed || version !== release) location.reload();
  } catch { /* the link says what is wrong */ }
}

export function begin(chosen, everything, release) {
  wanted = chosen;
  opened = performance.now();
  areas = asked.has("areas");
  menu(everything);
  const query = new URLSearchParams({ screen: "places" });
  for (const force of chosen) query.append("force", force.id);
  if (areas) query.set("areas", asked.get("areas"));
  new Link(`/events?${query}`, { onPlaces, onBeat, onState: (state) => { drawSoon(); if (state === "live") renewed(everything, release); } });
  setInterval(() => (document.hidden ? draw() : drawSoon()), 250); // its title says also in another tab that it is stale
  setInterval(() => renewed(everything, release), 60_000);
  addEventListener("resize", drawSoon);
}
