// The connection to the server: events in, and loud about silence.
//
// The server speaks at least every two seconds. After 4.5 seconds without a word the figures are
// stale, whatever the browser believes of its connection; then it is opened anew until one answers.

const SILENCE = 4500;
const AGAIN = 2000;

export class Link {
  constructor(url, { onScreen, onPlaces, onBeat, onState }) {
    Object.assign(this, { url, onScreen, onPlaces, onBeat, onState });
    this.state = "opening";
    this.heard = this.opened = performance.now();
    this.open();
    setInterval(() => this.listen(), 250);
    addEventListener("online", () => this.open());
  }

  open() {
    this.source?.close();
    this.opened = performance.now();
    const source = (this.source = new EventSource(this.url));
    source.addEventListener("screen", (event) => this.take(event, this.onScreen));
    source.addEventListener("places", (event) => this.take(event, this.onPlaces));
    source.addEventListener("beat", (event) => this.take(event, this.onBeat));
  }

  take(event, act) {
    this.heard = performance.now();
    act(JSON.parse(event.data));
    this.be("live");
  }

  listen() {
    const now = performance.now();
    if (now - this.heard < SILENCE) {
      // An answer other than a stream ends an EventSource for good.
      if (this.source.readyState === EventSource.CLOSED && now - this.opened > AGAIN) this.open();
      return;
    }
    this.be("stale");
    if (now - this.opened > SILENCE) this.open();
  }

  be(state) {
    if (state === this.state) return;
    this.state = state;
    this.onState(state);
  }
}
