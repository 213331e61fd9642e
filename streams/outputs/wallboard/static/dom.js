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

const SVG = "http://www.w3.org/2000/svg";

export function drawn(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// Shapes that tell states apart without colour. They are decoration: a word says the same.
const SHAPES = {
  nobody: () => [drawn("circle", { cx: 12, cy: 12, r: 8.5, fill: "none", "stroke-width": 3, "stroke-dasharray": "4.2 2.48" })],
  owned: () => [drawn("circle", { cx: 12, cy: 12, r: 10, stroke: "none" }), drawn("path", { d: "M7.5 12.4l3 3 6-6.4", fill: "none", class: "cut", "stroke-width": 2.6 })],
  late: () => [drawn("path", { d: "M12 3L22.5 21h-21z", stroke: "none" })],
  met: () => [drawn("path", { d: "M4 13l5.5 5.5L20 6.5", fill: "none", "stroke-width": 3.4 })],
  missed: () => [drawn("path", { d: "M5 5l14 14M19 5L5 19", fill: "none", "stroke-width": 3.4 })],
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
