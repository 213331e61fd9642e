// The public screen renews itself every minute, and leaves what is alike where it is.

import { by, renew } from "./dom.js";

setInterval(async () => {
  try {
    const answer = await fetch(location.href);
    if (!answer.ok) return; // what stands there says of when it is
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    renew(by("#main"), by("#main", page));
  } catch { /* the same */ }
}, 60_000);
