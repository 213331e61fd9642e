// What the shift hands over: all that was done, what is open and who has it; and the handover.

import { asked, failed, fetched, posted, renewed, shown, top } from "./below.js";
import { announce, by, made, renew, say, shape } from "./dom.js";
import { clocks, plural } from "./words.js";

const HOURS = { 8: "8 hours", 12: "12 hours", 24: "24 hours" };
const OUTCOMES = { real: "real", planned_event: "a planned event", data_fault: "a fault in the data", false: "false alarm" };
const remembered = () => { try { return localStorage.getItem("watchroom.who") ?? ""; } catch { return ""; } };

let hours = Number(asked.get("hours")) || 12;
let force = asked.get("force");
let clock = null;
let me = { name: null, role: "act" };
let log = null;

const when = (instant) => clock.short(Date.parse(instant));
const told = (alert) => (alert.said?.length ? alert.said.join(" ") : alert.words);

function owner(alert) {
  const owned = Boolean(alert.owner);
  const more = [
    alert.snoozed_until && alert.state === "open" ? `snoozed until ${when(alert.snoozed_until)}${alert.snooze_reason ? `: ${alert.snooze_reason}` : ""}` : "",
    alert.state === "open" ? `open since ${when(alert.opened_at)}` : `over since ${when(alert.resolved_at)}`,
    alert.outcome ? `it was ${OUTCOMES[alert.outcome] ?? alert.outcome}` : "",
  ];
  return made("p", { class: `who ${owned ? "owned" : "nobody"}` }, shape(owned ? "owned" : "nobody"),
    made("b", {}, owned ? alert.owner : alert.state === "open" ? "nobody yet" : "nobody had it"), made("span", {}, more.filter(Boolean).join("; ")));
}

function listed(found) {
  if (!found.length) return made("p", {}, "None.");
  return made("ul", { class: "list" }, ...found.map(({ alert, done }) => made("li", {},
    made("a", { class: "words", href: `/alert?${new URLSearchParams({ force: alert.force, id: alert.id })}` }, told(alert)),
    owner(alert),
    done.length ? made("ul", { class: "done" }, ...done.map((entry) => made("li", {},
      made("time", {}, when(entry.at)), made("b", {}, entry.who), `${entry.what.replaceAll("_", " ")}${entry.note ? ` ${entry.note}` : ""}`))) : null)));
}

function handed(entry) {
  return made("li", {}, made("p", {}, made("time", {}, when(entry.at)), made("b", {}, `${entry.who} to ${entry.to}`), entry.note ? ` ${entry.note}` : ""),
    entry.open.length ? made("p", { class: "lead" }, `Open then: ${entry.open.join(" ")}`) : null);
}

function last() {
  const [entry] = log.handovers;
  return entry ? `Last handed over ${when(entry.at)}, ${entry.who} to ${entry.to}${entry.note ? `: ${entry.note.replace(/\.+$/, "")}` : ""}.` : `Not handed over in the last ${log.hours} hours.`;
}

async function refresh() {
  const found = await fetched("/shift.json", { ...(force ? { force } : {}), hours });
  log = { ...found, hours };
  force = found.force;
  say(by("#last"), last());
  along();
  renew(by("#log"), made("div", { id: "log" },
    made("h2", {}, `Open now: ${found.open.length}`), listed(found.open),
    made("h2", {}, `Over, or closed, since ${when(found.since)}: ${found.ended.length}`), listed(found.ended),
    made("h2", {}, "Handovers"), found.handovers.length ? made("ul", { class: "list" }, ...found.handovers.map(handed)) : made("p", {}, "None.")));
  return found.at;
}

// How many alerts go along with the handover of who is named.
function along() {
  const element = by("#along");
  if (!element || !log) return;
  const who = me.name ?? by("#who").value.trim();
  const held = log.open.filter(({ alert }) => alert.owner && alert.owner === who).length;
  say(element, who ? `${plural(held, "open alert that you have goes", "open alerts that you have go")} along.` : "Every open alert that you have goes along.");
}

const field = (words, control) => made("label", {}, words, control);

function form() {
  if (me.role === "none" || me.role === "view") {
    const cure = me.name ? `${me.name} may look on only.` : made("a", { href: `/sign-in?${new URLSearchParams({ next: location.pathname + location.search })}` }, "Sign in to hand over");
    return made("p", {}, cure);
  }
  const typed = made("input", { id: "who", name: "who", maxlength: "60", autocomplete: "nickname", value: remembered() });
  const problem = made("p", { class: "problem", role: "alert", id: "problem" });
  const element = made("form", { class: "handing" },
    me.name ? made("p", { class: "me" }, `You are ${me.name}.`) : field("You: initials or role", typed),
    field("To: who has the room now", made("input", { name: "to", id: "to", maxlength: "60" })),
    field("What they should know", made("input", { name: "note", maxlength: "500", class: "long" })),
    made("button", { type: "submit", class: "main", "aria-describedby": "along problem" }, "Hand over the shift"),
    made("p", { id: "along", class: "lead" }), problem);
  typed.addEventListener("input", along);
  element.addEventListener("submit", async (event) => {
    event.preventDefault();
    const sent = Object.fromEntries([...new FormData(element)].filter(([, value]) => value.trim() !== ""));
    if (!me.name && !sent.who) { say(problem, "Say who you are: initials or a role."); return by("#who").focus(); }
    if (!sent.to) { say(problem, "Say who has the room now."); return by("#to").focus(); }
    try { if (sent.who) localStorage.setItem("watchroom.who", sent.who); } catch { /* for this visit only */ }
    let done;
    try {
      done = await posted(`/api/alerts/${encodeURIComponent(`${force}/shift`)}/hand_over`, { ...sent, held: true });
    } catch (error) {
      return say(problem, error.message);
    }
    say(problem, done.ok ? "" : done.content.error);
    await refresh().catch(() => {});
    if (!done.ok) return by("#to").focus();
    for (const name of ["to", "note"]) element.elements[name].value = "";
    announce(`Handed over to ${sent.to}, with ${plural(done.content.handed, "alert", "alerts")}.`);
    by("#last").focus();
  });
  return element;
}

async function start() {
  me = await fetched("/me.json");
  const board = await fetched("/board.json", force ? { force } : {});
  clock = clocks(board.force.timezone);
  top(board.force.id, board.status);
  document.title = `Shift handover, ${board.force.name} – Watchroom`;
  const chosen = made("select", { id: "hours" }, ...Object.entries(HOURS).map(([value, words]) => made("option", { value, selected: Number(value) === hours }, words)));
  chosen.addEventListener("change", async () => {
    hours = Number(chosen.value);
    await refresh().catch(() => {});
    announce(`The last ${HOURS[hours]}.`);
  });
  shown(
    made("h1", {}, `Shift handover, ${board.force.name}`),
    made("p", { id: "last", class: "lead", tabindex: "-1" }),
    form(),
    made("p", { class: "of-hours" }, made("label", {}, "What was done in the last", chosen)),
    made("div", { id: "log" }),
  );
  renewed(refresh, clock, await refresh());
}

start().catch(failed);
