// What was seen beside what is usual: a range with a dot.

import { drawn } from "./dom.js";

// As many units as the page has pixels, so that letters keep their size on a phone.
const WIDTH = Math.max(320, Math.min(960, document.documentElement.clientWidth - 40));

// What was seen beside what was expected: the grey band is the usual range.
export function range(title, { observed, expected, lower, upper }, worded, seen = "seen", usual = "usual") {
  const most = Math.max(observed, upper) * 1.12 || 1;
  const x = (value) => 20 + (WIDTH - 40) * (value / most);
  const svg = drawn("svg", { viewBox: `0 0 ${WIDTH} 110`, role: "img", "aria-label": title }, drawn("title", {}, title));
  svg.append(drawn("line", { class: "axis", x1: 20, x2: WIDTH - 20, y1: 52, y2: 52 }));
  svg.append(drawn("rect", { class: "range", x: x(lower), y: 38, width: Math.max(2, x(upper) - x(lower)), height: 28, rx: 3 }));
  if (expected != null) svg.append(drawn("line", { class: "expected", x1: x(expected), x2: x(expected), y1: 34, y2: 70 }));
  svg.append(drawn("path", { class: "observed", d: `M${x(observed)} 40l12 12-12 12-12-12z` }));
  svg.append(drawn("text", { x: (x(lower) + x(upper)) / 2, y: 96, "text-anchor": "middle" }, `${usual}: ${worded(lower)} to ${worded(upper)}`));
  const end = x(observed) > WIDTH * 0.8 ? "end" : x(observed) < WIDTH * 0.2 ? "start" : "middle";
  svg.append(drawn("text", { class: "strong", x: x(observed), y: 24, "text-anchor": end }, `${seen}: ${worded(observed)}`));
  return svg;
}
