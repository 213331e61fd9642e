// The tiles of the first screen: what each says of a screen as the server decided it, at a time of
// the board's clock. Called again every quarter of a second; it touches only what has changed.

import { by, made, say, shape } from "./dom.js";
import { age, count, duration, limit, percent, plural } from "./words.js";

const WHEN = { today: "today" };

const since = (instant, now) => (now - Date.parse(instant)) / 1000;

function greyed(tile, late) {
  tile.classList.toggle("late", Boolean(late));
}

// "to 21:40, calls feed 12 min late": what the figure can be relied on for.
function lateness(late, now, clock) {
  return `to ${clock.minute(Date.parse(late.as_of))}, ${late.name} feed ${age(since(late.as_of, now))} late`;
}

// The context of a figure: a line of text, or parts with a shape. Rebuilt only when it changed.
function context(tile, parts) {
  const element = by(".context", tile);
  const key = parts.map((part) => `${part.shape ?? ""}${part.text}`).join("|");
  if (element.dataset.key === key) return;
  element.dataset.key = key;
  element.replaceChildren(
    ...parts.map((part) => made("span", { class: part.shape ?? "" }, part.shape ? shape(part.shape) : null, part.text)),
  );
}

function figure(tile, text, unit = "") {
  const element = by(".figure", tile);
  if (element.dataset.shown === text + unit) return;
  element.dataset.shown = text + unit;
  element.replaceChildren(text, ...(unit ? [made("span", { class: "unit" }, unit)] : []));
  tile.classList.remove("changed");
  requestAnimationFrame(() => tile.classList.add("changed"));
}

function gauge(tile, held, { none, verb, feed, known = true }, now, clock) {
  greyed(tile, held?.late);
  tile.classList.toggle("nothing", !held?.count);
  if (held == null || held.count == null) {
    figure(tile, "–");
    return context(tile, [{ text: held == null ? "not counted here" : `nothing from the ${feed} feed yet` }]);
  }
  figure(tile, known ? count(held.count) : "–");
  if (held.late) return context(tile, [{ shape: "late", text: lateness(held.late, now, clock) }]);
  const parts = [{ text: held.oldest_since ? `oldest ${duration(since(held.oldest_since, now))}` : none }];
  if (held.unknown) parts.push({ text: `and ${count(held.unknown)} ${verb}, end unknown` });
  // "Nobody waiting" would be more than is known.
  if (held.unplaced) parts.splice(held.count ? 1 : 0, 1, { text: `${count(held.unplaced)} more, area unknown` });
  for (const each of held.beside) {
    const oldest = each.oldest_since ? `, oldest ${duration(since(each.oldest_since, now))}` : "";
    parts.push({ text: `${count(each.count)} ${each.words}${oldest}` });
  }
  return context(tile, parts);
}

export function waiting(tile, held, now, clock) {
  say(by("a", tile), held ? `${held.line} waiting` : "Calls waiting");
  gauge(tile, held, { none: "nobody waiting", verb: "waiting", feed: "calls" }, now, clock);
}

export function unattended(tile, held, now, clock) {
  say(by("a", tile), "Emergencies unattended");
  // Of a feed without arrivals, none open is not all attended.
  const known = held == null || held.carried || held.count > 0;
  const none = known ? "all attended" : "not known: the feed has no arrivals";
  gauge(tile, held, { none, verb: "open", feed: "incidents", known }, now, clock);
}

export function answer(tile, held, now, clock) {
  greyed(tile, held?.late);
  say(by("a", tile), held ? `${held.line} in ${limit(held.within_seconds)}` : "Calls in time");
  tile.classList.toggle("nothing", held?.value == null);
  if (held?.value == null) {
    figure(tile, "–");
    const unknown = held?.from ? "the totals do not say" : "nothing from the calls feed yet";
    const why = held == null ? "not counted here" : held.known ? `no calls ${WHEN[held.window]}` : unknown;
    return context(tile, [{ text: why }]);
  }
  figure(tile, (held.value * 100).toFixed(1), "%");
  const cases = `${count(held.numerator)} of ${count(held.denominator)}`;
  if (held.late) return context(tile, [{ shape: "late", text: `${cases} ${lateness(held.late, now, clock)}` }]);
  const origin = { totals: ", from totals", both: ", partly from totals" }[held.from] ?? "";
  const parts = [{ text: `${cases} ${WHEN[held.window]}${origin}` }];
  if (held.target == null) parts.push({ text: "no target set" });
  else if (held.met == null) parts.push({ text: `${held.small ? "too few to judge" : "target changed"}; target ${percent(held.target)}` });
  else parts.push({ shape: held.met ? "met" : "missed", text: `${held.met ? "met" : "missed"} ${percent(held.target)}` });
  return context(tile, parts);
}

export function feeds(tile, held, now) {
  const list = by(".ages", tile);
  const kinds = held.map((feed) => feed.kind).join();
  if (list.dataset.kinds !== kinds) {
    list.dataset.kinds = kinds;
    list.replaceChildren(...held.map((feed) => made("div", {}, made("dt", { class: "far" }, feed.name), made("dd", { class: "far" }))));
  }
  held.forEach((feed, index) => {
    const row = list.children[index];
    const late = String(feed.late);
    const cell = by("dd", row);
    if (row.dataset.late !== late) {
      row.dataset.late = late;
      cell.replaceChildren(...(feed.late ? [shape("late")] : []), made("span"));
    }
    say(by("span", cell), `${age(since(feed.as_of, now))}${feed.late ? "\u00a0late" : ""}`);
  });
  if (!held.length && !list.children.length) list.append(made("div", {}, made("dt", { class: "far" }, "nothing has arrived yet")));
}

const owner = (alert) => `${alert.owned ? "owned" : "nobody yet"}${alert.lasting ? ", lasting" : ""}`;

function line(alert, force, first) {
  const far = first ? " far" : "";
  const mark = made("p", { class: `who ${alert.owned ? "owned" : "nobody"}${far}` }, shape(alert.owned ? "owned" : "nobody"), made("b", {}, owner(alert)), made("span", { class: "open-for" }));
  const link = made("a", { href: `/alert?${new URLSearchParams({ force, id: alert.id })}`, class: `words${far}` }, alert.words);
  return made("li", { class: first ? "first" : "next", "data-opened": alert.opened_at }, link, mark);
}

// The most urgent alert in large letters, then as many more as there is room for.
export function alerts(tile, held, force, now, fits, above) {
  const list = by(".alerts", tile);
  if (held == null) {
    say(by("a", tile), "Alerts");
    list.replaceChildren();
    return context(tile, [{ text: "none are raised here" }]);
  }
  const key = JSON.stringify([held.open, above, innerWidth, innerHeight]);
  const alone = held.open.filter((alert) => !alert.owned).length;
  const total = held.open.length;
  let label = total ? `${plural(total, "alert", "alerts")} open` : "No alerts open";
  if (total > 1) label += alone ? `, ${count(alone)} with nobody yet` : ", all owned";
  say(by("a", tile), label);
  tile.classList.toggle("nothing", !total);
  context(tile, total ? [] : [{ text: held.maintenance[0] ? `maintenance: ${held.maintenance[0]}` : held.summary }]);
  if (list.dataset.key !== key) {
    list.dataset.key = key;
    list.replaceChildren();
    for (const [index, alert] of held.open.entries()) {
      list.append(line(alert, force, index === 0));
      if (index && !fits()) {
        list.lastChild.remove();
        break;
      }
    }
  }
  for (const item of list.children) say(by(".open-for", item), `open ${age(since(item.dataset.opened, now))}`);
}
