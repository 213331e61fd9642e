// What a person chooses for this screen: light or dark, sound, motion. Both of the latter are off
// until asked for. An address with ?kiosk chooses for a screen that nobody touches:
// ?kiosk&theme=dark&sound&motion.

import { by } from "./dom.js";

const asked = new URLSearchParams(location.search);
const stored = (name) => { try { return localStorage.getItem(`watchroom.${name}`); } catch { return null; } };
const store = (name, value) => { try { localStorage.setItem(`watchroom.${name}`, value); } catch { /* for this visit only */ } };
const darker = matchMedia("(prefers-color-scheme: dark)");

export const kiosk = asked.has("kiosk");
export const settings = {
  theme: asked.get("theme") ?? stored("theme") ?? "system",
  sound: asked.has("sound") || (!kiosk && stored("sound") === "on"),
  motion: asked.has("motion") || (!kiosk && stored("motion") === "on"),
};

const dark = () => (settings.theme === "system" ? darker.matches : settings.theme === "dark");

export function applied() {
  document.documentElement.dataset.theme = dark() ? "dark" : "light";
  document.documentElement.dataset.motion = settings.motion ? "on" : "off";
  document.body.classList.toggle("kiosk", kiosk);
}

export function buttons() {
  const theme = by("#theme");
  const toggles = { sound: by("#sound"), motion: by("#motion") };
  const worded = () => {
    applied();
    theme.textContent = dark() ? "Light screen" : "Dark screen";
    for (const [name, button] of Object.entries(toggles)) {
      button.textContent = `${name === "sound" ? "Sound" : "Motion"}: ${settings[name] ? "on" : "off"}`;
      button.setAttribute("aria-pressed", String(settings[name]));
    }
  };
  theme.addEventListener("click", () => {
    settings.theme = dark() ? "light" : "dark";
    store("theme", settings.theme);
    worded();
  });
  for (const [name, button] of Object.entries(toggles)) {
    button.addEventListener("click", () => {
      settings[name] = !settings[name];
      store(name, settings[name] ? "on" : "off");
      worded();
      if (name === "sound" && settings.sound) chime();
    });
  }
  darker.addEventListener("change", worded);
  worded();
}

// Two soft notes; a browser allows them only after a person has touched the page.
let audio = null;
export function chime() {
  audio ??= new AudioContext();
  for (const [note, start] of [[660, 0], [880, 0.22]]) {
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    const at = audio.currentTime + start;
    tone.frequency.value = note;
    volume.gain.setValueAtTime(0, at);
    volume.gain.linearRampToValueAtTime(0.2, at + 0.03);
    volume.gain.exponentialRampToValueAtTime(0.001, at + 0.5);
    tone.connect(volume).connect(audio.destination);
    tone.start(at);
    tone.stop(at + 0.55);
  }
}

// A screen that nobody touches shall not go dark.
export async function stayAwake() {
  if (!kiosk || !navigator.wakeLock) return;
  const ask = () => navigator.wakeLock.request("screen").catch(() => {});
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && ask());
  await ask();
}
