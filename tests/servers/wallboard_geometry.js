// What is wrong with how a wallboard is laid out, as its page can say. `least` is the smallest size
// of a letter, in pixels.
({ least }) => {
  const found = [];
  const clipped = (element) => element && (getComputedStyle(element).clipPath !== "none" || clipped(element.parentElement));
  const shows = (element) => element.getClientRects().length > 0 && !clipped(element);
  const box = (element) => {
    const range = document.createRange();
    range.selectNodeContents(element);
    const rects = [...range.getClientRects()].filter((rect) => rect.width && rect.height);
    if (!rects.length) return null;
    // Letters fill three quarters of their line box, and a figure has nothing below its line.
    const drop = (element.matches(".figure, .number") ? 0.15 : element.matches(".far, .far b") ? 0.08 : 0) * parseFloat(getComputedStyle(element).fontSize);
    return {
      left: Math.min(...rects.map((rect) => rect.left)), right: Math.max(...rects.map((rect) => rect.right)),
      top: Math.min(...rects.map((rect) => rect.top)) + drop, bottom: Math.max(...rects.map((rect) => rect.bottom)) - drop,
    };
  };
  const name = (element) => `${element.closest("[data-tile]")?.dataset.tile ?? element.closest(".place")?.textContent.slice(0, 30) ?? ""} ${element.className || element.tagName}`;
  const meet = (a, b, by) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > by && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > by;
  const apart = (all) => all.forEach((one, at) => all.slice(at + 1).forEach((other) => {
    if (meet(one.getBoundingClientRect(), other.getBoundingClientRect(), 1)) found.push(`${name(one)} overlaps ${name(other)}`);
  }));
  const boxes = [...document.querySelectorAll(".tile, .place .cell, .urgent, .tally .cell")].filter(shows);
  apart([...document.querySelectorAll(".tile, .place, .urgent, #mode, .clock, .tally .cell, .banner")].filter(shows));
  for (const tile of boxes) {
    const outer = tile.getBoundingClientRect();
    const texts = [...tile.querySelectorAll(".label, .figure, .state, .context, .hour, .trend, .rows > li, .ages > div, .words, .who, .over, .none, h2, .number, .mark, .said, .why, .cell li, b")]
      .filter(shows).map((element) => [element, box(element)]).filter(([, rect]) => rect);
    texts.forEach(([element, rect], at) => {
      if (rect.left < outer.left - 1 || rect.right > outer.right + 1 || rect.top < outer.top - 1 || rect.bottom > outer.bottom + 1) found.push(`${name(element)} is cut off`);
      for (const [other, second] of texts.slice(at + 1)) {
        if (!element.contains(other) && !other.contains(element) && meet(rect, second, 4)) found.push(`${name(element)} overlaps ${name(other)}`);
      }
    });
  }
  const lettered = [...document.querySelectorAll(".tile *, .place *, .urgent *, header *, footer *, .heads *")]
    .filter((element) => shows(element) && !element.closest(".unseen, svg") && [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim()));
  const colours = (text) => text.match(/[\d.]+/g).map(Number);
  const luminance = ([red, green, blue]) => [red, green, blue].map((part) => part / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)).reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = colours(getComputedStyle(at).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  for (const element of lettered) {
    const style = getComputedStyle(element);
    const size = parseFloat(style.fontSize);
    if (size < least) found.push(`${name(element)} has letters of ${size.toFixed(1)} px: ${element.textContent.slice(0, 20)}`);
    const [one, other] = [luminance(colours(style.color)), luminance(ground(element))].sort((a, b) => b - a);
    const contrast = (one + 0.05) / (other + 0.05);
    if (contrast < (size >= 24 ? 3 : 4.5)) found.push(`${name(element)} has a contrast of ${contrast.toFixed(1)}`);
  }
  const title = document.querySelector("h1");
  if (title && shows(title) && title.scrollWidth > title.clientWidth + 1) found.push("the title is cut off");
  const page = document.documentElement;
  if (page.scrollWidth > innerWidth) found.push("the page scrolls sideways");
  if (innerWidth < 700 || innerHeight < 560) return found;
  if (page.scrollHeight > innerHeight || document.body.scrollHeight > innerHeight) found.push("the page scrolls");
  const [columns, lines] = innerWidth > innerHeight ? [5, 2] : [2, 5];
  const ink = [...lettered.map(box), ...[...document.querySelectorAll(".tile path, header path, footer path")].filter(shows).map((element) => element.getBoundingClientRect())].filter(Boolean);
  for (let column = 0; column < columns; column += 1) for (let line = 0; line < lines; line += 1) {
    const tenth = { left: innerWidth / columns * column, right: innerWidth / columns * (column + 1), top: innerHeight / lines * line, bottom: innerHeight / lines * (line + 1) };
    if (!ink.some((rect) => meet(rect, tenth, 1))) found.push(`nothing stands in column ${column + 1}, line ${line + 1}`);
  }
  return found;
}
