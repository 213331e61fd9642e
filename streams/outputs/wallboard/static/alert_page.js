// One step down from the alerts: all of them, or one with its evidence, who has it, and what to do.

import { asked, failed, fetched, posted, renewed, shown, table, top } from "./below.js";
import { range } from "./chart.js";
import { announce, by, made, renew, say, shape } from "./dom.js";
import { age, chance, clocks, count, duration, percent } from "./words.js";
import { chart as growing } from "./zoom.js";

const id = asked.get("id");
const force = asked.get("force") ?? id?.split("/")[0];
const OUTCOMES = { real: "real", planned_event: "a planned event", data_fault: "a fault in the data", false: "false alarm" };
const SECONDS = /^(oldest|answer|response)_/; // measures of which a figure is seconds
const HOURLY = { calls: "offered", attendance: "emergencies" }; // what is drawn of a figure of this moment
const COUNTED = ["calls", "attendance", "incidents", "crimes"];
const METHODS = {
  surprise: "this period by itself", change: "all since the change began", level: "the level of the months", proportion: "the share, case by case",
  duration: "how long cases took", chart: "a control chart", silence: "how long nothing came",
};
const HEADS = { hour: "Hour by hour", day: "Day by day", month: "Month by month", now: "Hour by hour" };
const DONE = { acknowledge: "You have it now.", snooze: "Snoozed.", close: "Closed.", note: "Noted.", hand_over: "Handed over." };
const MISSING = { snooze: ["reason", "Say why you snooze it."], hand_over: ["to", "Say who gets it."], note: ["note", "Write the note."], close: ["outcome", "Choose what it was."] };
const remembered = () => { try { return localStorage.getItem("watchroom.who") ?? ""; } catch { return ""; } };

let board = null;
let clock = null;
let current = null; // the alert as it was last read
let me = { name: null, role: "act" };

const since = (instant) => age((Date.parse(board.at) - Date.parse(instant)) / 1000);

function ownership(alert) {
  if (alert.state === "resolved") return ended(alert);
  const owned = Boolean(alert.owner);
  const words = owned ? "" : `open ${since(alert.opened_at)}`;
  return made("p", { class: `who ${owned ? "owned" : "nobody"}` }, shape(owned ? "owned" : "nobody"),
    made("b", {}, owned ? "owned" : "nobody yet"), owned ? `by ${alert.owner}${alert.acknowledged_at ? `, since ${clock.short(Date.parse(alert.acknowledged_at))}` : ""}` : words);
}

// Of what is over: since when, and who said what it was.
function ended(alert) {
  const closing = alert.log.findLast((entry) => entry.what === "closed");
  const at = clock.short(Date.parse(alert.resolved_at));
  const words = alert.outcome ? `${closing?.who ? `by ${closing.who}, ` : ""}${at}: ${OUTCOMES[alert.outcome] ?? alert.outcome}` : `since ${at}`;
  return made("p", { class: "who owned" }, shape("owned"), made("b", {}, alert.outcome ? "closed" : "over"), words);
}

function state(alert) {
  const told = [alert.severity.replace(/^./, (first) => first.toUpperCase()), `${alert.state === "open" ? "open since" : "opened"} ${clock.short(Date.parse(alert.opened_at))}`];
  if (alert.snoozed_until && alert.state === "open") told.push(`snoozed until ${clock.short(Date.parse(alert.snoozed_until))}${alert.snooze_reason ? `: ${alert.snooze_reason}` : ""}`);
  if (alert.lasting && alert.state === "open") told.push("lasting");
  return made("p", { class: "lead" }, told.join("; "));
}

function evidence(alert) {
  const held = alert.evidence ?? {};
  const lasting = alert.group === "pipeline" || SECONDS.test(alert.measure);
  const worded = (value) => {
    if (lasting) return duration(value);
    return held.denominator != null ? percent(value) : count(Math.round(value * 10) / 10);
  };
  const parts = [];
  if (held.observed != null && held.lower != null && held.upper != null) {
    const [seen, then] = part(alert) ? [`seen by ${part(alert)}`, "usual by then"] : ["seen", "usual"];
    const title = `${seen} ${worded(held.observed)}, ${then} ${worded(held.lower)} to ${worded(held.upper)}`;
    parts.push(made("figure", {}, range(title, held, worded, seen, then)));
  }
  const rows = Object.entries(figures(held)).map(([name, words]) => [words, value(name, held[name], worded)]);
  if (held.method) rows.push(["judged by", METHODS[held.method] ?? held.method]);
  if (held.start && held.end) rows.push(["period", clock.span(Date.parse(held.start), Date.parse(held.end))]);
  if (rows.length) parts.push(table("Evidence", ["what", "figure"], rows));
  return parts;
}

// Until when the figures count, where they are of a part of an hour or day; else nothing.
function part(alert) {
  const { start, end } = alert.evidence ?? {};
  const length = { hour: 3600_000, day: 23 * 3600_000 }[alert.grain];
  return start && end && length && Date.parse(end) - Date.parse(start) < length ? clock.minute(Date.parse(end)) : "";
}

// What is known of the evidence, by name, with its words.
function figures(held) {
  const said = {
    observed: "seen", expected: "expected", lower: "usual from", upper: held.lower == null ? "limit" : "usual to", target: "target",
    numerator: held.denominator == null ? "cases" : "in time", denominator: "of", ratio: "times the expected", probability: "chance of as much, if nothing had changed",
  };
  return Object.fromEntries(Object.entries(said).filter(([name]) => held[name] != null));
}

function value(name, held, worded) {
  if (["observed", "expected", "lower", "upper", "target"].includes(name)) return worded(held);
  return name === "probability" ? chance(held) : String(Math.round(held * 100) / 100);
}

// The measure that it is about over a longer time: an address of Explore; null where there is none.
function explored(alert) {
  const measure = alert.measure.startsWith("oldest_") ? HOURLY[alert.group] : alert.measure;
  if (!measure || !COUNTED.includes(alert.group)) return null;
  const row = Object.entries(alert.row ?? {}).filter(([, value]) => value !== "all").map(([name, value]) => `${name}=${value}`).join(";");
  const query = { force, measure: `${alert.group}.${measure}${row ? `{${row}}` : ""}`, grain: alert.grain === "now" ? "hour" : alert.grain };
  if (alert.area && alert.area !== "force") query.area = alert.area;
  if (alert.state !== "open") query.to = alert.updated_at.slice(0, 10);
  return `/explore?${new URLSearchParams(query)}`;
}

// Its chart, as Explore draws it, and the way there.
async function chart(alert) {
  const address = explored(alert);
  if (!address) return null;
  const link = made("p", {}, made("a", { class: "onward", href: address }, "Days, months and years: explore"));
  const answer = await fetch(address);
  if (!answer.ok) return null;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const figure = page.querySelector(".drawing");
  by("#read", figure ?? page)?.remove();
  return made("div", {}, made("h2", {}, HEADS[alert.grain] ?? "Over time"), figure, link);
}

// The hour or day of its figures as its count grew, in the range usual by then: what the words say,
// and what has come since. Nothing where it is of no such count.
function course() {
  const drawn = growing({ force, id }, { zoomed: false, most: 380, onDrawn: (found) => { section.hidden = !found; } });
  const section = made("section", { "aria-labelledby": "course-label", hidden: true },
    made("h2", { id: "course-label" }, current.grain === "day" ? "The day as it came" : "The hour as it came"),
    drawn.said, drawn.figure,
    made("details", {}, made("summary", {}, "The same figures as a table"), drawn.rows));
  by(".strip").append(drawn.stale);
  drawn.refresh().catch(() => {});
  return section;
}

// What to do, where the force serves the runbooks: `callers_waiting` is WatchroomCallersWaiting.md.
function runbook(alert) {
  const base = by('meta[name="runbooks"]')?.content;
  if (!base) return null;
  const name = alert.kind.split("_").map((word) => word[0].toUpperCase() + word.slice(1)).join("");
  return made("p", {}, made("a", { class: "onward", href: `${base}/Watchroom${name}.md`, rel: "noreferrer" }, "What to do: the runbook"));
}

// Who has it stands beside it, and may change while the page is open.
const told = (alert) => (alert.said?.length ? alert.said.join(" ") : alert.words);

const field = (words, control) => made("label", {}, words, control);
const choices = (name, held) => made("select", { name }, ...Object.entries(held).map(([value, words]) => made("option", { value }, words)));

function form(action, title, main, ...fields) {
  const problem = made("p", { class: "problem", role: "alert", id: `${action}-problem` });
  const button = made("button", { type: "submit", class: main ? "main" : null, "aria-describedby": `${action}-problem` }, title);
  const element = made("form", { "data-action": action }, ...fields, button, problem);
  const other = (who) => (action === "acknowledge" && current.owner && current.owner !== who ? current.owner : "");
  element.addEventListener("reset", () => { delete element.dataset.sure; say(button, title); say(problem, ""); });
  element.addEventListener("keydown", (event) => { // whoever is asked whether to take over may say no
    if (event.key !== "Escape" || !element.dataset.sure) return;
    event.stopPropagation();
    delete element.dataset.sure;
    say(button, title);
    say(problem, "");
    announce("Not taken over.");
    button.focus();
  });
  element.addEventListener("submit", async (event) => {
    event.preventDefault();
    const sent = Object.fromEntries([...new FormData(element)].filter(([, value]) => value !== ""));
    if (!me.name) {
      sent.who = by("#who").value.trim();
      if (!sent.who) {
        say(problem, "Say who you are: initials or a role.");
        return by("#who").focus();
      }
    }
    if (action === "acknowledge" && current.state !== "open") return; // nobody has what is over
    const [missing, words] = MISSING[action] ?? [];
    if (missing && !sent[missing]?.trim()) {
      say(problem, words);
      return by(`[name="${missing}"]`, element).focus();
    }
    const owner = other(me.name ?? sent.who);
    if (owner && element.dataset.sure !== owner) { // one click more than to take what nobody has
      element.dataset.sure = owner;
      say(button, "Take over");
      say(problem, `${owner} has it. Take over?`);
      return button.focus(); // the answer is one Enter, or Escape
    }
    if (sent.minutes) {
      sent.until = new Date(Date.parse(board.at) + sent.minutes * 60_000).toISOString();
      delete sent.minutes;
    }
    try { if (sent.who) localStorage.setItem("watchroom.who", sent.who); } catch { /* for this visit only */ }
    try {
      const { ok, content } = await posted(`/api/alerts/${encodeURIComponent(id)}/${action}`, sent);
      say(problem, ok ? "" : content.error);
      if (!ok) return;
    } catch (error) {
      return say(problem, error.message);
    }
    if (action === "acknowledge") element.dispatchEvent(new Event("reset"));
    else element.reset();
    announce(DONE[action]);
    await refreshed().catch(() => {});
    // What can't be done any more is gone: whoever did it goes on at what it is now.
    if (by("#actions").hidden) by("#status").focus();
    else button.focus();
  });
  return element;
}

function actions() {
  const title = made("h2", { id: "actions-label" }, "What you do about it");
  if (me.role === "none" || me.role === "view") {
    const cure = me.name ? `${me.name} may look on only.` : made("a", { href: `/sign-in?${new URLSearchParams({ next: location.pathname + location.search })}` }, "Sign in to take it");
    return made("section", { id: "actions", "aria-labelledby": "actions-label" }, title, made("p", {}, cure));
  }
  const typed = made("input", { id: "who", name: "who", maxlength: "60", autocomplete: "nickname", value: remembered() });
  const who = me.name ? made("p", { class: "me" }, `You are ${me.name}.`) : field("You: initials or role", typed);
  return made("section", { id: "actions", "aria-labelledby": "actions-label" },
    title,
    form("acknowledge", "I have it", true, who),
    closable(made("details", {}, made("summary", {}, "Snooze, hand over, note or close"),
    form("snooze", "Snooze", false,
      field("for", choices("minutes", { 30: "30 minutes", 60: "1 hour", 240: "4 hours", 480: "8 hours" })),
      field("because", made("input", { name: "reason", maxlength: "500" }))),
    form("hand_over", "Hand over", false, field("to", made("input", { name: "to", maxlength: "60" }))),
    form("note", "Add note", false, field("note", made("input", { name: "note", maxlength: "500" }))),
    form("close", "Close", false, field("it was", choices("outcome", { "": "choose …", ...OUTCOMES })), field("note", made("input", { name: "note", maxlength: "500" }))))),
  );
}

// Escape closes what was opened, and leads back to what opened it.
function closable(details) {
  details.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !details.open) return;
    details.open = false;
    by("summary", details).focus();
  });
  return details;
}

// Sent by the script: of a form on a page that sends no referrer the server can't see where it is from.
function signOut() {
  const button = made("button", { type: "button" }, `Sign out ${me.name}`);
  button.addEventListener("click", async () => {
    const answer = await fetch("/sign-out", { method: "POST" }).catch(() => null);
    if (answer?.ok) location.assign("/sign-in?out");
    else say(button, "Not signed out: there is no connection to Watchroom. Try again.");
  });
  return made("p", { class: "leave" }, button);
}

function log(alert) {
  const when = (instant) => clock.short(Date.parse(instant));
  const rows = alert.log.map((entry) => [when(entry.at), entry.who === "watchroom" ? "Watchroom" : entry.who, entry.what.replaceAll("_", " "), entry.note ?? ""]);
  rows.unshift([when(alert.opened_at), "Watchroom", "opened", ""]);
  if (alert.resolved_at && !alert.outcome) rows.push([when(alert.resolved_at), "Watchroom", "over", ""]);
  return table("What happened", ["when", "who", "what", "note"], rows);
}

async function found() {
  board = await fetched("/board.json", { force });
  clock = clocks(board.force.timezone);
  top(force, board.status);
  const held = (await fetched("/alerts.json", { force, id })).alerts[0];
  if (!held) throw new Error("There is no such alert.");
  return held;
}

async function refreshed() {
  const alert = current = await found();
  document.title = `${told(alert)} – Watchroom`;
  say(by("#words"), told(alert));
  renew(by("#status"), made("div", {}, ownership(alert), state(alert)));
  renew(by("#evidence"), made("div", {}, ...evidence(alert).filter(Boolean)));
  renew(by("#also"), made("div", {}, alert.also?.length ? made("p", {}, `Also: ${alert.also.join("; ")}`) : null));
  renew(by("#log"), made("div", {}, log(alert)));
  const open = alert.state === "open";
  by("#actions").hidden = !open && Boolean(alert.outcome);
  // What is over can still be called what it was.
  for (const part of document.querySelectorAll('[data-action="snooze"], [data-action="hand_over"], [data-action="acknowledge"] button')) part.hidden = !open;
  const more = by("#actions summary");
  if (more) say(more, open ? "Snooze, hand over, note or close" : "Say what it was, or add a note");
  if (more && !open) by("#actions details").open = true;
  return board.at;
}

async function one() {
  me = await fetched("/me.json");
  const alert = current = await found();
  const drawing = await chart(alert).catch(() => null);
  shown(
    made("h1", { id: "words" }, told(alert)),
    made("div", { id: "status", tabindex: "-1", role: "group", "aria-label": "How it stands" }),
    runbook(alert),
    actions(),
    course(),
    made("h2", {}, "Evidence"),
    made("div", { id: "evidence" }),
    drawing,
    made("div", { id: "also" }),
    made("h2", {}, "What happened"),
    made("div", { id: "log" }),
    me.sign_out ? signOut() : null,
  );
  await refreshed();
  renewed(refreshed, clock, board.at);
}

async function all() {
  const query = force ? { force } : {};
  board = await fetched("/board.json", query);
  clock = clocks(board.force.timezone);
  top(board.force.id, board.status);
  const held = (await fetched("/alerts.json", query)).alerts;
  const listed = (alerts) => made("ul", { class: "list" }, ...alerts.map((alert) => made("li", {},
    made("a", { href: `/alert?${new URLSearchParams({ force: board.force.id, id: alert.id })}` }, told(alert)), ownership(alert), state(alert))));
  const open = held.filter((alert) => alert.state === "open");
  const old = held.filter((alert) => alert.state !== "open");
  const focused = document.activeElement?.getAttribute("href");
  renew(by("#main"), made("main", { id: "main" },
    made("h1", {}, `Alerts, ${board.force.name}`),
    made("p", { class: "lead" }, board.alerts?.summary?.words ?? ""),
    made("p", { class: "links-below" }, made("a", { class: "onward", href: `/handover?${new URLSearchParams({ force: board.force.id })}` }, "Shift handover")),
    made("h2", {}, "Open"), open.length ? listed(open) : made("p", {}, "None."),
    made("h2", {}, "Earlier"), old.length ? listed(old) : made("p", {}, "None."),
  ));
  // Whoever goes through the list by keyboard stays where they are.
  if (focused) [...document.querySelectorAll("#main a")].find((link) => link.getAttribute("href") === focused)?.focus();
  return board.at;
}

async function list() {
  await all();
  document.title = `Alerts, ${board.force.name} – Watchroom`;
  renewed(all, clock, board.at);
}

(id ? one() : list()).catch(failed);
