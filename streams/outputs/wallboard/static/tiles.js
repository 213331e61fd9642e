// The tiles of the first screen: what each says of a screen as the server decided it, at a time of
// the board's clock. Called again every quarter of a second; it touches only what has changed.

import { by, made, say, shape } from "./dom.js";
import { age, count, duration, limit, percent, plural } from "./words.js";

const WHEN = { today: "today", "1h": "in the last hour" };
export const STATES = { calm: "calm", approaching: "approaching", breached: "breached", unjudged: "not judged", late: "late", unknown: "not known" };
export const GRADES = { emergency: "Emergency", priority: "Priority", scheduled: "Scheduled" };
const TARGETED = ["waiting", "in_time", "unattended", "attended"];

const since = (instant, now) => (now - Date.parse(instant)) / 1000;

// The board's time as a tile needs it. Where it stands still (the connection is lost, a replay has
// ended) no age may stand still with it: then the instant is told from which something has lasted.
export class Time {
  constructor(now, clock, still) { Object.assign(this, { now, clock, still }); }
  lasting(words, instant) {
    return this.still ? `${words} since ${this.clock.second(Date.parse(instant))}` : `${words} ${duration(since(instant, this.now))}`;
  }
  open(instant) {
    return this.still ? `open since ${this.clock.minute(Date.parse(instant))}` : `open ${age(since(instant, this.now))}`;
  }
  // "to 21:40, calls feed 12 min behind", beside the state "late": what the figure can be relied on for.
  lateness(late) {
    const to = `to ${this.clock.minute(Date.parse(late.as_of))}`;
    return this.still ? `${to}, ${late.name} feed behind` : `${to}, ${late.name} feed ${age(since(late.as_of, this.now))} behind`;
  }
}

// -- an empty tile -----------------------------------------------------------------------------

export function tile(name) {
  const [kind] = name.split(".");
  const id = name.replaceAll(".", "-");
  const label = made("h2", { class: "label", id: `${id}-label` }, made("a", { href: "/" }));
  const body = { alerts: [made("ul", { class: "alerts" })], open: [made("ul", { class: "rows" })], ahead: [made("ul", { class: "rows" })], feeds: [made("dl", { class: "ages" })] }[kind]
    ?? [made("p", { class: "figure far" }), made("div", { class: "trend" })];
  const hour = body.length > 1 ? made("p", { class: "hour" }) : null;
  const explore = TARGETED.includes(kind) || kind === "open" ? made("a", { class: "explore-link", href: "/explore", "aria-describedby": `${id}-label` }, "Explore") : null;
  const inner = made("div", { class: "in" }, label, ...body, made("p", { class: "state" }), made("p", { class: "context" }), hour, explore);
  return made("section", { class: "tile", id, "data-tile": name, "data-kind": kind, "aria-labelledby": `${id}-label` }, inner);
}

// -- parts that tiles share --------------------------------------------------------------------

function state(tile, name, words) {
  tile.dataset.state = name;
  const element = by(".state", tile);
  const key = `${name}|${words}`;
  if (element.dataset.key === key) return;
  element.dataset.key = key;
  element.replaceChildren(shape(name), made("b", {}, STATES[name]), words ? made("span", {}, words) : "");
}

// The context of a figure: lines of text. Rebuilt only when it changed.
function context(tile, lines) {
  const element = by(".context", tile);
  const key = lines.join("|");
  if (element.dataset.key === key) return;
  element.dataset.key = key;
  element.replaceChildren(...lines.map((line) => made("span", {}, line)));
}

function figure(tile, text, unit = "") {
  const element = by(".figure", tile);
  if (element.dataset.shown === text + unit) return;
  element.dataset.shown = text + unit;
  element.replaceChildren(text, ...(unit ? [made("span", { class: "unit" }, unit)] : []));
  tile.classList.remove("changed");
  requestAnimationFrame(() => tile.classList.add("changed"));
}

// Rows of a list, kept while they are the same ones.
function rows(list, key, make) {
  if (list.dataset.key === key) return;
  list.dataset.key = key;
  list.replaceChildren(...make());
}

const drawings = new WeakMap();

export function trend(tile, held) {
  const place = by(".trend", tile);
  if (!place) return;
  say(by(".hour", tile), held?.words ?? "");
  // Records that come late change the line of hours that are over, and no word.
  if (drawings.get(place) === held?.svg) return;
  drawings.set(place, held?.svg);
  const drawn = held?.svg ? new DOMParser().parseFromString(held.svg, "image/svg+xml").documentElement : null;
  drawn?.classList.remove("tile"); // the purpose of the chart, and here the name of what it is in
  place.replaceChildren(...(drawn ? [document.adoptNode(drawn)] : []));
}

// -- what waits --------------------------------------------------------------------------------

function waits(tile, held, { none, verb, feed, known = true, why }, time) {
  if (held.count == null) {
    figure(tile, "–");
    state(tile, "unknown", `nothing from the ${feed} feed yet`);
    return context(tile, []);
  }
  figure(tile, known ? count(held.count) : "–");
  if (held.late) {
    state(tile, "late", time.lateness(held.late));
    return context(tile, held.oldest_since ? [`oldest since ${time.clock.minute(Date.parse(held.oldest_since))}`] : []);
  }
  const of = limit(held.limit_seconds);
  const words = { calm: held.count ? `within ${of}` : none, approaching: `close to ${of}`, breached: `beyond ${of}`, unknown: why ?? "" }[held.state] ?? "";
  const lines = held.oldest_since ? [time.lasting("oldest", held.oldest_since)] : [];
  if (held.unknown) lines.push(`and ${count(held.unknown)} ${verb}, end unknown`);
  // "Nobody waiting" would be more than is known.
  if (held.unplaced) lines.push(`${count(held.unplaced)} more, area unknown`);
  for (const each of held.beside) {
    const oldest = each.oldest_since ? time.lasting(", oldest", each.oldest_since) : "";
    lines.push(`${count(each.count)} ${each.words}${oldest}`);
  }
  state(tile, held.state, words);
  context(tile, lines);
}

function waiting(tile, screen, line, time) {
  say(by("a", tile), `${line} waiting`);
  waits(tile, screen.waiting[line], { none: "nobody waiting", verb: "waiting", feed: "calls" }, time);
}

function unattended(tile, screen, _, time) {
  say(by("a", tile), "Emergencies unattended");
  const held = screen.unattended;
  // Of a feed without arrivals, none open is not all attended.
  const known = (held.carried && held.heard) || held.count > 0;
  waits(tile, held, { none: "all attended", verb: "open", feed: "incidents", known, why: known ? "" : held.carried ? "the feed was not heard then" : "the feed has no arrivals" }, time);
}

// -- what was served in time -------------------------------------------------------------------

function rate(tile, held, { label, records, feed }, time) {
  say(by("a", tile), label);
  if (held.value == null) {
    figure(tile, "–");
    const unknown = held.from ? "the totals do not say" : `nothing from the ${feed} feed yet`;
    state(tile, held.known ? "unjudged" : "unknown", held.known ? `no ${records} ${WHEN[held.window]}` : unknown);
    return context(tile, []);
  }
  figure(tile, (held.value * 100).toFixed(1), "%");
  const origin = { totals: ", from totals", both: ", partly from totals" }[held.from] ?? "";
  const lines = [`${count(held.numerator)} of ${count(held.denominator)} ${WHEN[held.window]}${origin}`];
  if (held.late) {
    state(tile, "late", time.lateness(held.late));
    return context(tile, lines);
  }
  const hour = held.last_hour;
  if (held.today) lines.push(`today ${count(held.today.numerator)} of ${count(held.today.denominator)}`);
  if (hour) lines.push(hour.denominator ? `last hour ${count(hour.numerator)} of ${count(hour.denominator)}` : `last hour no ${records}`);
  const goal = held.target == null ? "no target set" : held.met == null ? `${held.small ? "too few" : "target changed"}, target ${percent(held.target)}`
    : `${held.met ? "met" : "missed"} ${percent(held.target)}`;
  state(tile, held.state, goal);
  context(tile, lines);
}

const inTime = (tile, screen, line, time) => rate(tile, screen.in_time[line], { label: `${line} ${screen.in_time[line].within}`, records: "calls", feed: "calls" }, time);
const attended = (tile, screen, _, time) => rate(tile, screen.attended, { label: `Emergencies ${screen.attended.within}`, records: "emergencies", feed: "incidents" }, time);

// -- lists -------------------------------------------------------------------------------------

function open(tile, screen, _, time) {
  const held = screen.open;
  say(by("a", tile), held.count ? `${plural(held.count, "incident", "incidents")} to attend` : "Incidents to attend");
  const list = by(".rows", tile);
  const most = list.dataset.most ?? held.rows?.length;
  rows(list, JSON.stringify([held.rows, most, time.still, Boolean(held.late)]), () => held.rows?.length === 0 ? [made("li", { class: "none" }, "none")] : (held.rows ?? []).slice(0, most).map((row) => made("li", { "data-state": row.state },
    shape(row.state), made("span", { class: "what" }, `${GRADES[row.grade] ?? row.grade}, ${row.area}`), made("b", {}, count(row.count)),
    made("span", { class: "for", "data-since": row.oldest_since }))));
  for (const cell of list.querySelectorAll(".for")) {
    const from = cell.dataset.since;
    say(cell, !from ? "" : time.still || held.late ? `since ${time.clock.minute(Date.parse(from))}` : age(since(from, time.now)));
  }
  const words = { calm: held.within, approaching: "one is close to its limit", breached: "beyond the limit", unknown: "nothing from the incidents feed yet", late: held.late ? time.lateness(held.late) : "" };
  state(tile, held.state, words[held.state]);
  const hidden = (held.rows ?? []).slice(most).reduce((sum, row) => sum + row.count, 0);
  const more = [hidden ? `${count(hidden)} more` : "", held.scheduled ? `${count(held.scheduled)} scheduled` : ""].filter(Boolean);
  context(tile, more.length ? [`and ${more.join(", ")}`] : []);
}

function feeds(tile, screen, _, time) {
  const held = screen.feeds;
  say(by("a", tile), "Age of data");
  const list = by(".ages", tile);
  rows(list, held.map((feed) => feed.kind + feed.late).join(), () => held.map((feed) => made("div", { "data-late": String(feed.late) },
    made("dt", {}, feed.name), made("dd", {}, feed.late ? shape("late") : "", made("span")))));
  held.forEach((feed, index) => {
    const told = time.still ? `to ${time.clock.minute(Date.parse(feed.as_of))}` : age(since(feed.as_of, time.now));
    say(by("span", list.children[index]), `${told}${feed.late ? "\u00a0late" : ""}`);
  });
  const late = held.filter((feed) => feed.late).length;
  const unheard = held.filter((feed) => !feed.heard).length;
  state(tile, !held.length ? "unknown" : late ? "late" : unheard ? "unknown" : "calm",
    !held.length ? "nothing has arrived yet" : late ? plural(late, "feed", "feeds") : unheard ? `${plural(unheard, "feed", "feeds")} not heard` : "all feeds are heard");
}

const STAFF = { signed_on: "signed on this hour", roster: "roster of this hour" };

function handlers(tile, screen, _, time) {
  const held = screen.handlers;
  say(by("a", tile), held?.of === "roster" ? "Handlers on the roster" : "Handlers signed on");
  if (!held) {
    figure(tile, "–");
    state(tile, "unknown", "no reading says so");
    return context(tile, []);
  }
  figure(tile, held.value == null ? "–" : String(Math.round(held.value * 10) / 10));
  const enough = held.late ? time.lateness(held.late) : held.unusual ? "next hour’s need is not known" : "enough for the next hour";
  const next = held.short == null ? "" : held.short > 0 ? `next hour ${count(held.short)} short` : enough;
  state(tile, held.state, next);
  const lines = [STAFF[held.of] ?? "nothing is known of this hour"];
  const needs = held.late || held.unusual ? "next hour usually needs" : "next hour needs";
  if (held.needed != null) lines.push(`${needs} ${count(held.needed)}${held.rostered == null ? "" : `, roster has ${Math.round(held.rostered * 10) / 10}`}`);
  context(tile, lines);
}

function ahead(tile, screen, line, time) {
  const held = screen.ahead[line];
  say(by("a", tile), `${line} expected in the next hours${screen.area ? `, all of ${screen.force.name}` : ""}`);
  const most = Math.max(1, ...held.hours.map((hour) => hour.high));
  rows(by(".rows", tile), JSON.stringify(held), () => held.hours.map((hour) => made("li", {},
    made("span", { class: "at" }, time.clock.minute(Date.parse(hour.from))), bar(hour, most), made("b", {}, count(Math.round(hour.expected))),
    made("span", { class: "for" }, `${count(hour.low)} to ${count(hour.high)}`))));
  tile.dataset.state = held.hours.length ? "unjudged" : "unknown";
  if (!held.hours.length) return state(tile, "unknown", held.reason);
  if (held.late) return state(tile, "late", time.lateness(held.late));
  say(by(".state", tile), held.unusual ? "calls are not as usual now: it may be far more or fewer" : "and the range of four in five");
}

function bar(hour, most) {
  const meter = made("span", { class: "meter", "aria-hidden": "true" });
  const span = made("i");
  const dot = made("i", { class: "dot" });
  span.style.insetInline = `${(100 * hour.low) / most}% ${100 - (100 * hour.high) / most}%`;
  dot.style.insetInlineStart = `${(100 * hour.expected) / most}%`;
  meter.append(span, dot);
  return meter;
}

// -- alerts ------------------------------------------------------------------------------------

const SEVERITIES = { page: "page", notice: "notice", state: "state" };
const owner = (alert) => alert.role ? `${alert.role} has it` : alert.owned ? "taken" : "nobody yet";

function line(alert, force, first) {
  const far = first ? " far" : "";
  const mark = alert.snoozed_until ? "snoozed" : alert.owned ? "owned" : "nobody";
  const taking = alert.severity !== "state" || mark !== "nobody"; // a state need not be taken
  const who = made("p", { class: `who ${alert.owned ? "owned" : "nobody"}${far}` },
    made("span", { class: `severity ${alert.severity}` }, shape(alert.severity), SEVERITIES[alert.severity]),
    taking ? made("b", {}, shape(mark), `${owner(alert)}${alert.lasting ? ", lasting" : ""}`) : "", made("span", { class: "open-for" }));
  const link = made("a", { href: `/alert?${new URLSearchParams({ force, id: alert.id })}`, class: `words${far}` }, alert.words);
  return made("li", { class: first ? "first" : "next", "data-opened": alert.opened_at, "data-severity": alert.severity, "data-until": alert.snoozed_until }, link, who);
}

// Where none is open: those that were over lately.
function none(held, time, most) {
  const lately = held.resolved.slice(0, most - 1).map((each) => made("li", { class: "over" }, `over since ${time.clock.short(Date.parse(each.resolved_at))}: ${each.words}`));
  const heard = held.state !== "unknown";
  const calm = held.maintenance[0] ? `maintenance: ${held.maintenance[0]}` : heard ? held.summary : "nothing has arrived that could open one";
  return [made("li", { class: "none far" }, made("b", {}, shape(heard ? "calm" : "unknown"), heard ? "none open" : "not known"), made("span", {}, calm)), ...lately];
}

// Where only states are open, which nobody has to act on now: how many, and in small letters which.
function standing(held, force, most) {
  const all = made("b", {}, shape("state"), plural(held.open.length, "state", "states"));
  return [made("li", { class: "none far" }, all, made("span", {}, "no page, no notice")), ...held.open.slice(0, most - 1).map((alert) => line(alert, force, false))];
}

// What is not in the list, as a way to the page that lists all.
function further(tile, words, handed) {
  const element = by(".context", tile);
  if (element.dataset.key === words + handed) return;
  element.dataset.key = words + handed;
  const link = words && made("a", { class: "all", href: by("h2 a", tile).href }, words);
  element.replaceChildren(...[link, handed && made("span", {}, handed)].filter(Boolean));
}

// The most urgent alert in large letters, then as many more as there is room for. States are counted
// where anything else is open: they last for weeks, and would hide what somebody has to act on.
function alerts(tile, screen, _, time) {
  const held = screen.alerts;
  const list = by(".alerts", tile);
  if (held == null) {
    tile.dataset.state = "unjudged";
    say(by("a", tile), "Alerts");
    list.replaceChildren();
    return context(tile, ["none are raised here"]);
  }
  tile.dataset.state = held.state;
  const acted = held.open.filter((alert) => alert.severity !== "state");
  const alone = acted.filter((alert) => !alert.owned && !alert.snoozed_until).length;
  const total = acted.length;
  const states = held.open.length - total;
  let label = total ? `${plural(total, "alert", "alerts")} open` : "Alerts";
  if (total > 1) label += alone ? `, ${count(alone)} with nobody yet` : ", all taken";
  say(by("a", tile), label);
  const key = JSON.stringify([held.state, held.open, list.dataset.most, held.resolved, held.summary, held.maintenance]);
  const most = list.dataset.most ?? 12;
  rows(list, key, () => total ? acted.slice(0, most).map((alert, index) => line(alert, screen.force.id, index === 0)) : states ? standing(held, screen.force.id, most) : none(held, time, most));
  const hidden = total ? total - list.children.length : states && states - (list.children.length - 1);
  const more = [hidden > 0 && `${count(hidden)} more`, total && states && plural(states, "state", "states")].filter(Boolean).join(", ");
  further(tile, more && `and ${more}`, held.handed_over_at ? `handed over ${time.clock.short(Date.parse(held.handed_over_at))}` : "");
  for (const item of list.querySelectorAll("[data-opened]")) {
    const until = item.dataset.until ? `, snoozed until ${time.clock.minute(Date.parse(item.dataset.until))}` : "";
    say(by(".open-for", item), `${time.open(item.dataset.opened)}${until}`);
  }
}

const KINDS = { waiting, in_time: inTime, unattended, attended, open, feeds, handlers, ahead, alerts };

export function draw(tile, screen, time) {
  const [kind, line] = tile.dataset.tile.split(".");
  KINDS[kind](tile, screen, line, time);
}

// -- what fits ---------------------------------------------------------------------------------

const out = (element) => element.scrollHeight > element.clientHeight + 1 || element.scrollWidth > element.clientWidth + 1;
const over = (tile) => out(tile.firstElementChild) || [...tile.querySelectorAll(".rows, .alerts, .ages")].some(out);
// How small the letters of a tile become, and how many rows are given up before they do.
const TIGHT = ["tight", "tighter", "tightest"];
const SIZES = [["", 5], ["tight", 4], ["tighter", 3], ["tightest", 1]];
const SIZES_OF_ALERTS = [["", 3], ["tight", 3], ["tight", 2], ["tighter", 2], ["tighter", 1], ["tightest", 1]];

// A tile says less, and then in letters a little smaller, until all of it can be read.
export function fit(tile, again) {
  const list = by(".rows, .alerts", tile);
  for (const [size, least] of tile.dataset.kind === "alerts" ? SIZES_OF_ALERTS : SIZES) {
    tile.classList.remove(...TIGHT);
    if (size) tile.classList.add(size);
    if (list) { delete list.dataset.most; again(tile); }
    if (!over(tile)) return;
    for (let most = (list?.children.length ?? 0) - 1; list && most >= least; most -= 1) {
      list.dataset.most = most;
      again(tile);
      if (!over(tile)) return;
    }
  }
}
