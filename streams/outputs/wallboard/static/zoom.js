// A chart one step down: drawn by the server in the size of the screen, live, and zoomed by dragging
// over it, by the wheel, and by buttons. The time that is shown stands in the address.

import { fetched, table } from "./below.js";
import { by, announce, made, renew, say } from "./dom.js";
import { follow } from "./pointing.js";

const HOUR = 3600_000;
const EVERY = 10_000; // ms from one asking to the next
const EVERY_LONG = 60_000; // of a time of which one hour is a small part
const LONG = 48 * HOUR;
const WINDOWS = { 6: "6 h", 24: "24 h", 168: "7 days", 672: "28 days" };
const NAMED = { 6: "Last 6 hours", 24: "Last 24 hours", 168: "Last 7 days", 672: "Last 28 days" };
const LEAST = 3 * HOUR;
const LETTERS = 1600; // px of a screen from which on letters grow with it
const DRAG = 12; // px below which a drag is a click

// `asked` is what the address asks for: what the chart is of. `zoomed` leaves out what changes the time.
export function chart(asked, { zoomed = true, most = Infinity, onDrawn = () => {} } = {}) {
  const window_ = { hours: Number(asked.hours) || 24, from: asked.from ?? null, to: asked.to ?? null };
  const picture = made("div", { class: "picture" });
  const read = made("p", { class: "read", "aria-hidden": "true" });
  const figure = made("figure", { class: "drawing", tabindex: "-1" }, picture, read);
  const said = made("p", { class: "said", id: "said" });
  const rows = made("div", { class: "rows-of-chart" });
  const stale = made("p", { class: "mode", role: "status", hidden: true });
  const buttons = Object.entries(WINDOWS).map(([hours, words]) => made("button", { type: "button", "data-hours": hours, "aria-label": NAMED[hours] }, words));
  const tools = { earlier: "← Earlier", later: "Later →", closer: "Zoom in", farther: "Zoom out" };
  const others = Object.entries(tools).map(([name, words]) => made("button", { type: "button", "data-tool": name }, words));
  const controls = zoomed ? made("div", { class: "zoom", role: "group", "aria-label": "Time shown" }, ...buttons, ...others) : null;
  let drawing = null;
  let pointer = null;
  let asking = 0;
  let begun = 0; // when it was last asked for
  let size = "";

  const span = () => {
    const end = Date.parse(drawing.end || drawing.at);
    const start = drawing.starts.length ? Date.parse(drawing.starts[0]) : end - window_.hours * HOUR;
    return [start, end];
  };

  const measured = () => {
    const main = by("#main");
    const { paddingLeft, paddingRight } = getComputedStyle(main);
    const width = Math.max(260, Math.round(picture.clientWidth || main.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight)));
    const box = picture.getBoundingClientRect();
    // What stands below it, but for the table; at first without the slider and what is said.
    const below = main.getBoundingClientRect().bottom - box.bottom - (rows.closest("details")?.open ? rows.offsetHeight : 0) + (pointer ? 0 : 90);
    const height = Math.round(Math.min(Math.max(width < 560 ? 300 : 320, innerHeight - box.top - scrollY - below), width * 0.75 + 80, Math.max(most, 300)));
    const larger = Math.max(1, innerWidth / LETTERS); // on a large screen all of it is
    return { width: Math.round(width / larger), height: Math.round(height / larger) };
  };

  async function refresh({ words = "" } = {}) {
    const turn = (asking += 1);
    begun = Date.now();
    const fits = measured();
    const { hours, from, to, ...what } = asked;
    const time = zoomed ? (window_.from ? { from: window_.from, ...(window_.to ? { to: window_.to } : {}) } : { hours: window_.hours, ...(window_.to ? { to: window_.to } : {}) }) : {};
    let found;
    try {
      found = await fetched("/drawing.json", { ...what, ...time, ...fits });
    } catch (error) {
      if (turn !== asking) return;
      if (!drawing) throw error;
      say(stale, `No answer: figures of ${drawing.at.slice(11, 16)}`); // by the force's clock
      stale.hidden = false;
      return;
    }
    if (turn !== asking) return; // another was asked for meanwhile
    stale.hidden = true;
    size = `${fits.width} ${fits.height}`;
    if (!found) { onDrawn(null); return; }
    const place = pointer?.place;
    const instant = place == null ? null : drawing?.starts[place];
    drawing = found;
    picture.innerHTML = found.svg; // markup of this server, which escapes every text in it
    if (!found.svg) picture.replaceChildren(made("p", { class: "message" }, "Nothing is known of this time."));
    const first = !pointer;
    pointer ??= follow(figure, read);
    pointer.renew(instant == null ? null : found.starts.indexOf(instant));
    renew(said, made("p", {}, found.said));
    renew(rows, made("div", {}, table(`${found.title}, ${found.by}`, found.headings, found.rows)));
    for (const button of buttons) button.setAttribute("aria-pressed", String(!window_.from && !window_.to && Number(button.dataset.hours) === window_.hours));
    by('[data-tool="later"]', controls ?? document)?.toggleAttribute("disabled", !window_.to);
    if (words) announce(`${words}. ${found.said}`);
    onDrawn(found);
    const fit = measured();
    if (first && (fit.width !== fits.width || Math.abs(fit.height - fits.height) > 3)) await refresh();
  }

  // Shows another time, and keeps it in the address, so that a link and a reload show the same.
  function move(next, words) {
    Object.assign(window_, { from: null, to: null }, next);
    const address = new URL(location.href);
    for (const name of ["hours", "from", "to"]) address.searchParams.delete(name);
    if (window_.from) address.searchParams.set("from", window_.from);
    else if (window_.hours !== 24) address.searchParams.set("hours", window_.hours);
    if (window_.to) address.searchParams.set("to", window_.to);
    history.replaceState(null, "", address);
    return refresh({ words }).catch((error) => announce(error.message));
  }

  function show(start, end, words) {
    const now = Date.parse(drawing.at);
    const least = Math.max(end - start, LEAST);
    const middle = (start + end) / 2;
    const [first, last] = [middle - least / 2, middle + least / 2];
    return move({ from: new Date(first).toISOString(), to: last < now ? new Date(last).toISOString() : null }, words);
  }

  const tool = {
    earlier: ([start, end]) => show(start - (end - start), start, "Earlier"),
    later: ([start, end]) => show(end, end + (end - start), "Later"),
    closer: ([start, end]) => show(start + (end - start) / 4, end - (end - start) / 4, "Zoomed in"),
    farther: ([start, end]) => show(start - (end - start) / 2, end + (end - start) / 2, "Zoomed out"),
  };

  controls?.addEventListener("click", (event) => {
    const { hours, tool: named } = event.target.dataset ?? {};
    if (!drawing) return;
    if (hours) { window_.hours = Number(hours); move({}, NAMED[hours]); }
    else if (named) tool[named](span());
  });

  // Dragging over a stretch shows it alone.
  let from = null;
  let shade = null;
  const stop = () => { shade?.remove(); shade = from = null; };
  if (zoomed) {
    picture.addEventListener("pointerdown", (event) => {
      const place = pointer?.at(event) ?? -1;
      if (event.button === 0 && event.pointerType !== "touch" && place >= 0) from = { place, x: event.clientX };
    });
    picture.addEventListener("pointermove", (event) => {
      if (!from) return;
      const box = picture.getBoundingClientRect();
      shade ??= picture.appendChild(made("div", { class: "shade" }));
      const [left, right] = [Math.min(from.x, event.clientX), Math.max(from.x, event.clientX)];
      shade.style.setProperty("left", `${left - box.left}px`);
      shade.style.setProperty("width", `${right - left}px`);
    });
    addEventListener("pointerup", (event) => {
      if (!from) return;
      const [begun, far] = [from, Math.abs(event.clientX - from.x) > DRAG];
      const place = pointer.at(event);
      stop();
      if (!far || place < 0) return;
      const [first, last] = [Math.min(begun.place, place), Math.max(begun.place, place)];
      const ends = [...drawing.starts, drawing.end];
      show(Date.parse(ends[first]), Date.parse(ends[last + 1]), "Zoomed in");
    });
    addEventListener("keydown", (event) => { if (event.key === "Escape") stop(); });
    let turning = 0;
    picture.addEventListener("wheel", (event) => {
      if (pointer?.at(event) < 0 || event.ctrlKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) return;
      event.preventDefault();
      if (Date.now() - turning < 250) return;
      turning = Date.now();
      const [start, end] = span();
      const middle = Date.parse(drawing.starts[pointer.at(event)]);
      const by_ = event.deltaY < 0 ? 0.6 : 1 / 0.6;
      show(middle - (middle - start) * by_, middle + (end - middle) * by_, event.deltaY < 0 ? "Zoomed in" : "Zoomed out");
    }, { passive: false });
  }

  let resizing = 0;
  addEventListener("resize", () => {
    clearTimeout(resizing);
    resizing = setTimeout(() => {
      const fits = measured();
      if (`${fits.width} ${fits.height}` !== size) refresh().catch(() => {});
    }, 150);
  });
  const due = () => {
    if (!drawing || !stale.hidden) return true; // what did not answer is asked again soon
    const long = window_.from ? Date.parse(window_.to ?? drawing.at) - Date.parse(window_.from) : window_.hours * HOUR;
    return long <= LONG || Date.now() - begun >= EVERY_LONG - EVERY / 2;
  };
  setInterval(() => { if (!document.hidden && !from && due()) refresh().catch(() => {}); }, EVERY);

  return { figure, said, rows, stale, controls, refresh };
}
