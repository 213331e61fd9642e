// One step down from a tile: its last 24 hours, or how every feed is doing.

import { asked, failed, fetched, shown, table, top } from "./below.js";
import { bars, shares } from "./chart.js";
import { made } from "./dom.js";
import { age, clocks, count, duration, explored, limit, percent } from "./words.js";

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
  shown(
    titled(`Age of data, ${board.force.name}`),
    made("p", { class: "lead" }, "A heartbeat says that a source is alive, also when it has nothing to report."),
    table("Feeds", ["feed", "latest", "age"], rows),
    made("h2", {}, "Taken and refused since the start"),
    table("Lines taken", ["kind", "lines", "refused", "with an unknown value"], taken),
  );
}

const PLAIN = { waiting: "calls offered, by hour", unattended: "Emergencies opened, by hour", answer: "calls answered in time, by hour", attended: "Emergencies attended in time, by hour" };

async function hours() {
  const line = asked.get("line");
  const named = Object.fromEntries([...asked].filter(([name]) => !["kiosk", "theme"].includes(name)));
  const [series, board] = await Promise.all([fetched("/series.json", named), fetched("/board.json", force ? { force } : {})]);
  const clock = clocks(series.force.timezone);
  top(series.force.id, board.status);
  const place = area ? board.definitions.areas[area]?.name ?? area : series.force.name;
  const words = PLAIN[chart] ?? `${asked.get("measure")}`.replaceAll("_", " ");
  const title = `${line ? `${line} ` : ""}${words}, ${place}`;
  const share = series.points.some((point) => "denominator" in point);
  const held = chart === "answer" ? board.definitions.lines[line] : board.definitions.attendance;
  const drawing = share ? shares(title, series.points, clock, held?.target) : bars(title, series.points, clock);
  const rows = [...series.points].reverse().map((point) => share
    ? [clock.short(Date.parse(point.from)), point.value == null ? (point.denominator == null ? "not known" : "no cases") : percent(point.value), point.denominator == null ? "" : `${count(point.numerator)} of ${count(point.denominator)}`]
    : [clock.short(Date.parse(point.from)), point.value == null ? "not known" : count(point.value)]);
  const gauge = chart === "waiting" ? board.now.calls?.find((row) => row.line === line && row.area === (area ?? "force"))
    : chart === "unattended" ? board.now.attendance?.find((row) => row.area === (area ?? "force")) : null;
  const next = share && chart !== "answer" ? null : board.ahead?.lines.find((each) => each.line === line)?.hours?.[0]?.words;
  const oldest = gauge?.oldest_waiting ?? gauge?.oldest_unattended;
  const still = gauge?.waiting ?? gauge?.unattended;
  const lead = gauge && still == null ? "Not known now: nothing was heard yet."
    : gauge ? `${count(still)} ${chart === "waiting" ? "waiting" : "unattended"} at ${clock.second(Date.parse(board.at))}${oldest == null ? "" : `, the oldest for ${duration(oldest)}`}.`
    : chart === "answer" && held ? `Within ${limit(held.within_seconds)}. ${board.definitions.service_level.formula}. Small dots: fewer than 20 calls.`
    : share && held?.formula ? `Within ${held.limits}: ${held.formula}.` : "";
  shown(
    titled(title),
    lead && made("p", { class: "lead" }, lead),
    made("figure", {}, drawing, made("figcaption", {}, share ? "The last point is the hour in progress." : "The last, outlined bar is the hour in progress.")),
    next ? made("p", {}, made("a", { class: "onward", href: `/ahead?${new URLSearchParams(force ? { force } : {})}` }, `The next 12 hours: ${next}`)) : null,
    explored(chart, line) ? made("p", {}, made("a", { class: "onward", href: `/explore?${new URLSearchParams({ ...where, measure: explored(chart, line) })}` }, "Days, months and years: explore")) : null,
    made("details", {}, made("summary", {}, "The same figures as a table"),
      table(title, share ? ["hour from", "share", "cases"] : ["hour from", "count"], rows)),
  );
}

(chart === "feeds" ? feeds() : hours()).catch(failed);
