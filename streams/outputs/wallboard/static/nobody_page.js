// Nobody serves what was asked for just now: looks again until somebody does.

setInterval(async () => {
  try {
    if ((await fetch(location.href)).status !== 503) location.reload();
  } catch { /* still nobody */ }
}, 2000);
