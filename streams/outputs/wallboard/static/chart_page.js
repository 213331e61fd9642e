// One step down from a tile: its last hours or days, or how every feed is doing.

import { asked, failed, fetched, renewed, shown, table, top } from "./below.js";
import { by, made, renew, say } from "./dom.js";
import { age, clocks, count, duration, explored, limit } from "./words.js";
import { chart as drawing } from "./zoom.js";

const force = asked.get("force");
const area = asked.get("area");
const chart = asked.get("chart") ?? "waiting";
const where = { ...(force ? { force } : {}), ...(area ? { area } : {}) };

function titled(title) {
  document.title = `${title} – Watchroom`;
  return made("h1", {}, title);
}

function listed(counts) {
  return Object.entries(counts).map(([name, number]) => `${name.replaceAll("_", " ")} ${count(number)}`).join(", ") || "none";
}

async function feeds() {
  const board = await fetched("/board.json", force ? { force } : {});
  const clock = clocks(board.force.timezone);
  top(force, board.status);
  const rows = Object.entries(board.feeds).map(([name, feed]) => [
    name.startsWith("heartbeat.") ? `heartbeat of ${name.slice(10)}` : `${name}s`,
    clock.short(Date.parse(feed.as_of)), age(feed.age_seconds),
  ]);
  const taken = Object.entries(board.ingest).map(([kind, told]) => [
    kind, count(Object.values(told).filter(Number.isFinite).reduce((sum, number) => sum + number, 0)),
    listed(told.refused), listed(told.unknown ?? {}),
  ]);
  const fresh = made("main", { id: "main" },
    titled(`Age of data, ${board.force.name}`),
    made("p", { class: "lead" }, "A heartbeat says that a source is alive, also when it has nothing to report."),
    table("Feeds", ["feed", "latest", "age"], rows),
    made("h2", {}, "Taken and refused since the start"),
    table("Lines taken", ["kind", "lines", "refused", "with an unknown value"], taken),
  );
  renew(by("#main"), fresh);
  return { at: board.at, clock };
}

async function feedsLive() {
  const { at, clock } = await feeds();
  renewed(async () => (await feeds()).at, clock, at);
}

const PLAIN = { waiting: "calls offered", unattended: "Emergencies opened", answer: "calls answered in time", attended: "Emergencies attended in time" };

// What stands above the chart of a figure of now: how many wait, and the oldest for how long.
function leading(board, share, late) {
  const line = asked.get("line");
  const held = chart === "answer" ? board.definitions.lines[line] : board.definitions.attendance;
  const clock = clocks(board.force.timezone);
  const gauge = chart === "waiting" ? board.now.calls?.find((row) => row.line === line && row.area === (area ?? "force"))
    : chart === "unattended" ? board.now.attendance?.find((row) => row.area === (area ?? "force")) : null;
  const oldest = gauge?.oldest_waiting ?? gauge?.oldest_unattended;
  const still = gauge?.waiting ?? gauge?.unattended;
  if (gauge && still == null) return "Not known now: nothing was heard yet.";
  if (late) return `Late${gauge ? `: ${count(still)} ${chart === "waiting" ? "waiting" : "unattended"}` : ""} at ${clock.second(Date.parse(late.as_of))}; nothing of the ${late.name} feed for ${age((Date.parse(board.at) - Date.parse(late.as_of)) / 1000)} since.`;
  if (gauge) return `${count(still)} ${chart === "waiting" ? "waiting" : "unattended"} at ${clock.second(Date.parse(board.at))}${oldest == null ? "" : `, the oldest for ${duration(oldest)}`}.`;
  if (chart === "answer" && held) return `Within ${limit(held.within_seconds)}. ${board.definitions.service_level.formula.replace(/^./, (first) => first.toUpperCase())}.`;
  return share && held?.formula ? `Within ${held.limits}: ${held.formula}.` : "";
}

async function hours() {
  const line = asked.get("line");
  const named = Object.fromEntries([...asked].filter(([name]) => !["kiosk", "theme", "sound", "motion"].includes(name)));
  if (!named.chart && !named.group) named.chart = chart;
  let board = await fetched("/board.json", force ? { force } : {});
  top(board.force.id, board.status);
  const place = area ? board.definitions.areas[area]?.name ?? area : board.force.name;
  const words = PLAIN[chart] ?? `${asked.get("measure")}`.replaceAll("_", " ");
  const title = titled(`${line ? `${line} ` : ""}${words}, ${place}`);
  const lead = made("p", { class: "lead" });
  let late = null; // the feed, where it is
  const said = () => say(lead, leading(board, ["answer", "attended"].includes(chart), late));
  const drawn = drawing(named, { onDrawn: (found) => { late = found?.late ?? null; said(); } });
  const next = ["waiting", "answer"].includes(chart) ? board.ahead?.lines.find((each) => each.line === line)?.hours?.[0]?.words : null;
  const links = [
    next ? made("a", { class: "onward", href: `/ahead?${new URLSearchParams(force ? { force } : {})}` }, `The next 12 hours: ${next}`) : null,
    explored(chart, line) ? made("a", { class: "onward", href: `/explore?${new URLSearchParams({ ...where, measure: explored(chart, line) })}` }, "Days, months and years: explore") : null,
  ];
  document.body.classList.add("charted");
  by(".strip").append(drawn.stale);
  said();
  shown(title, lead, drawn.controls, drawn.figure, drawn.said,
    made("p", { class: "links-below" }, ...links),
    made("details", {}, made("summary", {}, "The same figures as a table"), drawn.rows));
  await drawn.refresh();
  setInterval(async () => {
    if (document.hidden) return;
    try { board = await fetched("/board.json", force ? { force } : {}); } catch { return; }
    top(board.force.id, board.status);
    said();
  }, 5000);
}

(chart === "feeds" ? feedsLive() : hours()).catch(failed);
