// The connection to the server: events in, and loud about silence.
//
// The server speaks at least every two seconds, and says with it how long silence is no news: 4.5
// seconds, longer where it shows many forces. After that the figures are stale, whatever the browser
// believes of its connection; then it is opened anew until one answers.

const SILENCE = 4500;
const AGAIN = 2000;

export class Link {
  constructor(url, { onScreen, onPlaces, onBeat, onState }) {
    Object.assign(this, { url, onScreen, onPlaces, onBeat, onState });
    this.state = "opening";
    this.silence = SILENCE;
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
    source.addEventListener("beat", (event) => this.take(event, (beat) => this.beat(beat)));
  }

  take(event, act) {
    this.heard = performance.now();
    act(JSON.parse(event.data));
    this.be("live");
  }

  beat(beat) {
    if (beat.silence) this.silence = 1000 * beat.silence;
    this.onBeat(beat);
  }

  listen() {
    const now = performance.now();
    if (now - this.heard < this.silence) {
      // An answer other than a stream ends an EventSource for good.
      if (this.source.readyState === EventSource.CLOSED && now - this.opened > AGAIN) this.open();
      return;
    }
    this.be("stale");
    if (now - this.opened > this.silence) this.open();
  }

  be(state) {
    if (state === this.state) return;
    this.state = state;
    this.onState(state);
  }
}
