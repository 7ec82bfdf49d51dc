// The frames of a video, an animation or a scan with pages: where something is covered, and which frame
// is shown.

const SVG = "http://www.w3.org/2000/svg";
const LANE = 6;
const MOST_LANES = 14;

export class Timeline {
  #box;
  #lanes;
  #slider;
  #text;
  #play;
  #on;
  #count = 0;
  #rate = 0;
  #playing = false;

  // `on`: frame(n), which resolves when it is shown.
  constructor(parts, on) {
    ({ box: this.#box, lanes: this.#lanes, slider: this.#slider, text: this.#text, play: this.#play } = parts);
    this.#on = on;
    this.#slider.addEventListener("input", () => this.go(this.frame));
    parts.back.addEventListener("click", () => this.step(-1));
    parts.forward.addEventListener("click", () => this.step(1));
    this.#play.addEventListener("click", () => this.toggle());
  }

  // `rate`: frames a second, 0 where frames are no time.
  open(count, rate, frame) {
    this.stop();
    this.#count = count;
    this.#rate = rate;
    this.#box.hidden = count < 2;
    this.#play.hidden = rate <= 0;
    this.#slider.max = Math.max(0, count - 1);
    this.#slider.value = frame;
    this.#say();
  }

  get frame() {
    return Number(this.#slider.value);
  }

  get isOpen() {
    return this.#count > 1;
  }

  get second() {
    return Math.max(1, Math.round(this.#rate));
  }

  step(by) {
    this.stop();
    return this.go(this.frame + by);
  }

  go(frame) {
    const to = Math.min(this.#count - 1, Math.max(0, frame));
    this.#slider.value = to;
    this.#say();
    return this.#on.frame(to);
  }

  toggle() {
    if (this.#playing) this.stop();
    else if (this.#rate > 0) this.#run();
  }

  stop() {
    this.#playing = false;
    this.#play.setAttribute("aria-pressed", "false");
    this.#play.textContent = "Play";
  }

  // Every frame is shown, so it may be slower than the video.
  async #run() {
    this.#playing = true;
    this.#play.setAttribute("aria-pressed", "true");
    this.#play.textContent = "Pause";
    if (this.frame >= this.#count - 1) this.#slider.value = 0;
    while (this.#playing && this.frame < this.#count - 1) {
      const due = performance.now() + 1000 / this.#rate;
      await this.go(this.frame + 1);
      await new Promise((done) => setTimeout(done, Math.max(0, due - performance.now())));
    }
    this.stop();
  }

  #say() {
    const frame = this.frame;
    const time = this.#rate > 0 ? ` · ${(frame / this.#rate).toFixed(2)} s` : "";
    this.#text.textContent = `frame ${frame} of 0–${this.#count - 1}${time}`;
    this.#slider.setAttribute("aria-valuetext", this.#text.textContent);
  }

  // A lane per track, then one for what belongs to none, for spans left open and for findings.
  lanes(line, state, chosen) {
    if (!this.isOpen) return;
    const tracks = new Map();
    const add = (name, kind, first, last, hot) => {
      if (!tracks.has(name)) tracks.set(name, { kind, bars: [] });
      tracks.get(name).bars.push([first, last, hot]);
    };
    for (const span of line.spans ?? []) add("open", "open", span.first, span.last);
    for (const problem of line.verify?.findings ?? []) {
      if (problem.frame != null) add("finding", "finding", problem.frame, problem.frame);
    }
    state.regions.forEach((region, index) => {
      const [first, last] = region.frames ?? (region.frame != null ? [region.frame, region.frame] : [0, this.#count - 1]);
      const hot = chosen != null && (index === chosen.index || (region.track != null && region.track === chosen.track));
      add(region.track != null ? `track ${region.track}` : "drawn", "region", first, last, hot);
    });
    const lanes = [...tracks.values()];
    const shown = Math.max(1, Math.min(MOST_LANES, lanes.length));
    this.#lanes.setAttribute("viewBox", `0 0 ${this.#count} ${shown * LANE}`);
    this.#lanes.style.height = `${shown * LANE}px`;
    const bars = lanes.flatMap(({ kind, bars }, i) =>
      joined(bars).map(([first, last, hot]) => {
        const bar = document.createElementNS(SVG, "rect");
        const at = { x: first, width: last - first + 1, y: (i % shown) * LANE + 1, height: LANE - 2 };
        for (const [key, value] of Object.entries(at)) bar.setAttribute(key, value);
        bar.setAttribute("class", `bar ${kind}${hot ? " chosen" : ""}`);
        return bar;
      }),
    );
    this.#lanes.replaceChildren(...bars);
  }
}

// Bars that touch as one.
function joined(bars) {
  const out = [];
  for (const [first, last, hot] of bars.sort((a, b) => a[0] - b[0])) {
    const end = out.at(-1);
    if (end && first <= end[1] + 1) {
      end[1] = Math.max(end[1], last);
      end[2] ||= hot;
    } else out.push([first, last, hot]);
  }
  return out;
}
