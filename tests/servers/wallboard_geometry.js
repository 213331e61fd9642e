// What is wrong with how a wallboard is laid out, as its page can say.
() => {
  const found = [];
  const shows = (element) => element.getClientRects().length > 0;
  const box = (element) => {
    const range = document.createRange();
    range.selectNodeContents(element);
    const rects = [...range.getClientRects()].filter((rect) => rect.width && rect.height);
    if (!rects.length) return null;
    // Letters fill three quarters of their line box, and a figure has nothing below its line.
    const drop = element.matches(".figure") ? 0.15 * parseFloat(getComputedStyle(element).fontSize) : 0;
    return {
      left: Math.min(...rects.map((rect) => rect.left)), right: Math.max(...rects.map((rect) => rect.right)),
      top: Math.min(...rects.map((rect) => rect.top)) + drop, bottom: Math.max(...rects.map((rect) => rect.bottom)) - drop,
    };
  };
  const name = (element) => `${element.closest("[data-tile]")?.dataset.tile} ${element.className || element.tagName}`;
  const meet = (a, b, by) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > by && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > by;
  const tiles = [...document.querySelectorAll(".tile")];
  tiles.forEach((tile, at) => tiles.slice(at + 1).forEach((other) => {
    if (meet(tile.getBoundingClientRect(), other.getBoundingClientRect(), 1)) found.push(`${name(tile)} overlaps ${name(other)}`);
  }));
  for (const tile of tiles) {
    const outer = tile.getBoundingClientRect();
    const texts = [...tile.querySelectorAll(".label, .figure, .state, .context, .hour, .trend, .rows > li, .ages > div, .words, .who, .over, .none")]
      .filter(shows).map((element) => [element, box(element)]).filter(([, rect]) => rect);
    texts.forEach(([element, rect], at) => {
      if (rect.left < outer.left - 1 || rect.right > outer.right + 1 || rect.top < outer.top - 1 || rect.bottom > outer.bottom + 1) found.push(`${name(element)} is cut off`);
      for (const [other, second] of texts.slice(at + 1)) {
        if (!element.contains(other) && !other.contains(element) && meet(rect, second, 4)) found.push(`${name(element)} overlaps ${name(other)}`);
      }
    });
  }
  const page = document.documentElement;
  if (page.scrollWidth > innerWidth) found.push("the page scrolls sideways");
  if (innerWidth < 700 || innerHeight < 560) return found;
  if (page.scrollHeight > innerHeight || document.body.scrollHeight > innerHeight) found.push("the page scrolls");
  const [columns, lines] = innerWidth > innerHeight ? [5, 2] : [2, 5];
  const ink = [...document.querySelectorAll(".tile *, header *, footer *")].filter((element) => shows(element) && (element.tagName === "path" || [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim())))
    .map((element) => element.tagName === "path" ? element.getBoundingClientRect() : box(element)).filter(Boolean);
  for (let column = 0; column < columns; column += 1) for (let line = 0; line < lines; line += 1) {
    const tenth = { left: innerWidth / columns * column, right: innerWidth / columns * (column + 1), top: innerHeight / lines * line, bottom: innerHeight / lines * (line + 1) };
    if (!ink.some((rect) => meet(rect, tenth, 1))) found.push(`nothing stands in column ${column + 1}, line ${line + 1}`);
  }
  return found;
}
