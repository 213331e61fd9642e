// Figures as a person reads them. The same words as the terminal's.

// A figure and its unit stay on one line.
const bound = (text) => text.replaceAll(" ", "\u00a0");

export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  for (const [size, name, below, part] of [[86400, "d", 3600, "h"], [3600, "h", 60, "min"]]) {
    if (whole >= size) return bound(`${Math.floor(whole / size)} ${name} ${Math.floor((whole % size) / below)} ${part}`);
  }
  return bound(whole >= 60 ? `${Math.floor(whole / 60)} min ${whole % 60} s` : `${whole} s`);
}

// One unit is enough for an age: `38 s`, `12 min`, `5 h`, `3 d`.
export function age(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  for (const [size, name] of [[172800, "d"], [7200, "h"], [60, "min"]]) {
    const unit = size === 172800 ? 86400 : size === 7200 ? 3600 : size;
    if (whole >= size) return bound(`${Math.floor(whole / unit)} ${name}`);
  }
  return bound(`${whole} s`);
}

export function limit(seconds) {
  return bound(seconds >= 60 && seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`);
}

export const count = (number) => number.toLocaleString("en-GB");
export const percent = (share) => bound(`${(share * 100).toFixed(1).replace(/\.0$/, "")} %`);
// How often that comes about: `2 %`, `1 in 9,100`; beyond a million no figure is known so well.
export const chance = (share) => {
  if (share >= 0.01) return percent(share);
  return bound(share >= 1e-6 ? `1 in ${count(Number((1 / share).toPrecision(2)))}` : "less than 1 in a million");
};
export const plural = (number, one, many) => `${count(number)} ${number === 1 ? one : many}`;

// Clocks of one force: its own time zone, whatever that of the screen is.
export function clocks(zone) {
  const made = (options) => new Intl.DateTimeFormat("en-GB", { timeZone: zone, ...options });
  const second = made({ hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const minute = made({ hour: "2-digit", minute: "2-digit" });
  const day = made({ weekday: "long", day: "numeric", month: "long", year: "numeric" });
  const short = made({ day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
  return {
    second: (ms) => second.format(ms),
    minute: (ms) => minute.format(ms),
    day: (ms) => day.format(ms).replace(",", ""),
    short: (ms) => short.format(ms),
    // An hour by its times; what is longer by its days, of which the last is the one that has ended.
    span: (from, to) => {
      if (to - from < 12 * 3600_000) return `${short.format(from)} to ${minute.format(to)}`;
      const days = [day.format(from), day.format(to - 1)].map((text) => text.replace(",", ""));
      return days[0] === days[1] ? days[0] : days.join(" to ");
    },
  };
}

// How the figures came about, where that is not "now and here".
export function mode(status) {
  if (status.replay) return "Replay, not live";
  if (status.mixed) return "Live and made-up mixed";
  if (status.simulated) return "Simulated";
  if (status.replayed) return "Replayed records";
  if (status.state === "finished") return "Ended, not live";
  return "";
}

export function origin(status) {
  const told = [];
  if (status.replay && status.state === "finished") told.push("the replay has ended");
  else if (status.replay && status.speed) told.push(`${status.speed} times real speed`);
  if (status.simulated) told.push(`simulated: ${status.simulated}`);
  if (status.replayed) told.push(`replayed: ${status.replayed}`);
  return told.join("; ");
}

// The measure of a tile's months and years, as Explore takes it.
export function explored(chart, line) {
  const of = { waiting: `calls.offered{line=${line}}`, answer: `calls.service_level{line=${line}}`, unattended: "attendance.emergencies", attended: "attendance.within", open: "incidents.count" };
  return of[chart] ?? "";
}
