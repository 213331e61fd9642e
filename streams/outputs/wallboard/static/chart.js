// Charts drawn from what the server sends: bars of counts, a line of shares, a range with a dot.

import { drawn } from "./dom.js";
import { count, percent } from "./words.js";

// As many units as the page has pixels, so that letters keep their size on a phone.
const WIDTH = Math.max(320, Math.min(960, document.documentElement.clientWidth - 40));
const HEIGHT = WIDTH < 600 ? 240 : 320, LEFT = 52, BOTTOM = 34, TOP = 18;

// A round number at or above the largest value, half of which is a whole number.
function ceiling(most) {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, most)));
  const steps = power === 1 ? [2, 4, 6, 8, 10] : [1, 2, 3, 4, 5, 6, 8, 10];
  return steps.map((step) => step * power).find((step) => step >= most) ?? most;
}

function frame(title, top, worded, points, clock) {
  const y = (value) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / top);
  const step = (WIDTH - LEFT) / points.length;
  const x = (index) => LEFT + step * index;
  const parts = [drawn("title", {}, title)];
  for (const share of [0, 0.5, 1]) {
    parts.push(drawn("line", { class: "axis", x1: LEFT, x2: WIDTH, y1: y(top * share), y2: y(top * share) }));
    parts.push(drawn("text", { x: LEFT - 8, y: y(top * share) + 5, "text-anchor": "end" }, worded(top * share)));
  }
  points.forEach((point, index) => {
    if (index % (WIDTH < 600 ? 8 : 4) === 0 && index < points.length - 1) parts.push(drawn("text", { x: x(index), y: HEIGHT - 10 }, clock.minute(Date.parse(point.from))));
  });
  return { svg: drawn("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": title }, ...parts), x, y, step };
}

export function bars(title, points, clock) {
  const most = Math.max(0, ...points.map((point) => point.value ?? 0));
  const top = Math.max(2, ceiling(most));
  const { svg, x, y, step } = frame(title, top, count, points, clock);
  points.forEach((point, index) => {
    const running = index === points.length - 1 ? " running" : "";
    if (point.value == null) {
      svg.append(drawn("text", { class: "no-data", x: x(index) + step / 2, y: y(0) - 6, "text-anchor": "middle" }, "–"));
      return;
    }
    const at = y(point.value);
    svg.append(drawn("rect", { class: `bar${running}`, x: x(index) + step * 0.12, y: at, width: step * 0.76, height: y(0) - at }));
  });
  return svg;
}

export function shares(title, points, clock, target) {
  const { svg, x, y, step } = frame(title, 1, percent, points, clock);
  let path = "";
  points.forEach((point, index) => {
    if (point.value == null) return;
    const [cx, cy] = [x(index) + step / 2, y(point.value)];
    path += `${path && points[index - 1].value != null ? "L" : "M"}${cx} ${cy}`;
    svg.append(drawn("circle", { class: "dot", cx, cy, r: point.denominator < 20 ? 2.5 : 4.5 }));
  });
  svg.prepend(drawn("path", { class: "line", d: path || "M0 0" }));
  if (target != null) {
    svg.append(drawn("line", { class: "target", x1: LEFT, x2: WIDTH, y1: y(target), y2: y(target) }));
    svg.append(drawn("text", { class: "target-word", x: LEFT + 6, y: y(target) + 18 }, `target ${percent(target)}`));
  }
  return svg;
}

// What was seen beside what was expected: the grey band is the usual range.
export function range(title, { observed, expected, lower, upper }, worded) {
  const most = Math.max(observed, upper) * 1.12 || 1;
  const x = (value) => 20 + (WIDTH - 40) * (value / most);
  const svg = drawn("svg", { viewBox: `0 0 ${WIDTH} 110`, role: "img", "aria-label": title }, drawn("title", {}, title));
  svg.append(drawn("line", { class: "axis", x1: 20, x2: WIDTH - 20, y1: 52, y2: 52 }));
  svg.append(drawn("rect", { class: "range", x: x(lower), y: 38, width: Math.max(2, x(upper) - x(lower)), height: 28, rx: 3 }));
  if (expected != null) svg.append(drawn("line", { class: "expected", x1: x(expected), x2: x(expected), y1: 34, y2: 70 }));
  svg.append(drawn("path", { class: "observed", d: `M${x(observed)} 40l12 12-12 12-12-12z` }));
  svg.append(drawn("text", { x: (x(lower) + x(upper)) / 2, y: 96, "text-anchor": "middle" }, `usual: ${worded(lower)} to ${worded(upper)}`));
  const end = x(observed) > WIDTH * 0.8 ? "end" : x(observed) < WIDTH * 0.2 ? "start" : "middle";
  svg.append(drawn("text", { class: "strong", x: x(observed), y: 24, "text-anchor": end }, `seen: ${worded(observed)}`));
  return svg;
}
