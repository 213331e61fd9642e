// Small helps with the page's elements. Text is always set as text, never as HTML.

export const by = (selector, from = document) => from.querySelector(selector);

export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function made(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child != null));
  return element;
}

// Makes what is shown like what should be, and leaves alone what is alike already: focus, what was
// typed and the place of reading stay.
export function renew(shown, fresh) {
  if (shown.isEqualNode(fresh)) return;
  const held = [...shown.childNodes];
  const wanted = [...fresh.childNodes];
  wanted.forEach((node, at) => {
    const there = held[at];
    if (!there) shown.append(node);
    else if (there.nodeName !== node.nodeName) there.replaceWith(node);
    else if (node.nodeType === Node.TEXT_NODE) { if (there.data !== node.data) there.data = node.data; }
    else {
      for (const { name } of [...there.attributes]) if (!node.hasAttribute(name)) there.removeAttribute(name);
      for (const { name, value } of node.attributes) if (there.getAttribute(name) !== value) there.setAttribute(name, value);
      renew(there, node);
    }
  });
  for (const node of held.slice(wanted.length)) node.remove();
}

// Says a result to who listens, also where it is the same as the one before.
export function announce(words) {
  const spoken = by("#spoken");
  spoken.textContent = "";
  setTimeout(() => { spoken.textContent = words; }, 50);
}

const SVG = "http://www.w3.org/2000/svg";

export function drawn(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// Shapes that tell states apart without colour. They are decoration: a word says the same.
const stroked = (d, width = 3) => drawn("path", { d, fill: "none", "stroke-width": width });
const cut = (d, width = 2.8) => drawn("path", { d, fill: "none", class: "cut", "stroke-width": width });
const disc = () => drawn("circle", { cx: 12, cy: 12, r: 10.5, stroke: "none" });
const SHAPES = {
  nobody: () => [drawn("circle", { cx: 12, cy: 12, r: 8.5, fill: "none", "stroke-width": 3, "stroke-dasharray": "4.2 2.48" })],
  owned: () => [disc(), cut("M7.5 12.4l3 3 6-6.4")],
  snoozed: () => [drawn("path", { d: "M15.5 2.5a10 10 0 1 0 6 13.5A8.5 8.5 0 0 1 15.5 2.5z", stroke: "none" })],
  late: () => [drawn("circle", { cx: 12, cy: 12, r: 9.5, fill: "none", "stroke-width": 2.6 }), stroked("M12 6.5V12l4 3", 2.6)],
  calm: () => [drawn("circle", { cx: 12, cy: 12, r: 8.5, fill: "none", "stroke-width": 3 })],
  approaching: () => [drawn("path", { d: "M12 2.5L23 21.5H1z", stroke: "none" }), cut("M12 9v6M12 17v2.5")],
  breached: () => [drawn("path", { d: "M2 2h20v20H2z", stroke: "none" }), cut("M7 7l10 10M17 7L7 17", 3.2)],
  unknown: () => [stroked("M7 8.5a5 5 0 1 1 7 4.6c-1.6.8-2 1.5-2 3M12 19v3")],
  unjudged: () => [stroked("M4 12h16", 3.4)],
  page: () => [drawn("path", { d: "M7.5 1h9L23 7.5v9L16.5 23h-9L1 16.5v-9z", stroke: "none" }), cut("M12 5.5v8M12 16v2.800", 3.2)],
  notice: () => [drawn("path", { d: "M12 1l11 11-11 11L1 12z", stroke: "none" }), cut("M12 7v6M12 15v2.3")],
  state: () => [drawn("path", { d: "M4 4h16v16H4z", fill: "none", "stroke-width": 3 })],
};

export function shape(name) {
  return drawn("svg", { viewBox: "0 0 24 24", class: `shape ${name}`, "aria-hidden": "true" }, ...SHAPES[name]());
}

// An answer of the server; where it wants to know who asks, the page of sign-in instead of this one.
export async function answered(path, more) {
  const answer = await fetch(path, more);
  if (answer.status === 401) {
    location.assign(`/sign-in?${new URLSearchParams({ next: location.pathname + location.search })}`);
  }
  return answer;
}
