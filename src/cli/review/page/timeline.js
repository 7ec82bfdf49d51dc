// The frames of a video, an animation or a scan with pages: which frame is shown, where something is
// covered, and where a face may show.

const LEAST_SPAN = 1.5;
const EDGE = 6;
const AHEAD = 3;

export class Timeline {
  #parts;
  #on;
  #count = 0;
  #rate = 0;
  #playing = false;
  #drag = null;

  // `parts`: box, spans, lanes, slider, text, play, back, forward, speed, next.
  // `on`: frame(n), which resolves when it is shown; pick(key, frame), span(track, first, last, group),
  // open(number), turn(by), ahead(frame).
  constructor(parts, on) {
    this.#parts = parts;
    this.#on = on;
    parts.slider.addEventListener("input", () => this.go(this.frame));
    parts.back.addEventListener("click", () => this.step(-1));
    parts.forward.addEventListener("click", () => this.step(1));
    parts.play.addEventListener("click", () => this.toggle());
    parts.lanes.addEventListener("pointerdown", (e) => this.#down(e));
    parts.lanes.addEventListener("pointermove", (e) => this.#move(e));
    parts.lanes.addEventListener("pointerup", (e) => this.#up(e));
    parts.lanes.addEventListener("pointercancel", () => (this.#drag = null));
    parts.lanes.addEventListener("keydown", (e) => {
      const by = { ArrowDown: 1, ArrowUp: -1 }[e.key];
      if (!by) return;
      e.preventDefault();
      e.stopPropagation();
      on.turn(by);
    });
    parts.spans.addEventListener("click", (e) => {
      const number = e.target.dataset.number;
      if (number !== undefined) on.open(Number(number));
    });
  }

  // `rate`: frames a second, 0 where frames are no time.
  open(count, rate, frame) {
    this.stop();
    this.#count = count;
    this.#rate = rate;
    const { box, play, speed, slider } = this.#parts;
    box.hidden = count < 2;
    play.hidden = speed.parentElement.hidden = rate <= 0;
    slider.max = Math.max(0, count - 1);
    slider.value = frame;
    this.#say();
  }

  get frame() {
    return Number(this.#parts.slider.value);
  }

  get isOpen() {
    return this.#count > 1;
  }

  get isVideo() {
    return this.isOpen && this.#rate > 0;
  }

  get second() {
    return Math.max(1, Math.round(this.#rate));
  }

  step(by) {
    this.stop();
    return this.go(this.frame + by);
  }

  go(frame) {
    this.#parts.slider.value = Math.min(this.#count - 1, Math.max(0, frame));
    this.#say();
    return this.#on.frame(this.frame);
  }

  toggle() {
    if (this.#playing) this.stop();
    else if (this.#rate > 0) this.#run();
  }

  stop() {
    this.#playing = false;
    this.#parts.play.setAttribute("aria-pressed", "false");
    this.#parts.play.textContent = "Play";
  }

  // Up to the video's own speed every frame is shown, so it may be slower; above it frames are left out.
  async #run() {
    this.#playing = true;
    this.#parts.play.setAttribute("aria-pressed", "true");
    this.#parts.play.textContent = "Pause";
    if (this.frame >= this.#count - 1) this.#parts.slider.value = 0;
    let due = performance.now();
    while (this.#playing && this.frame < this.#count - 1) {
      const speed = Number(this.#parts.speed.value);
      due += 1000 / (this.#rate * speed);
      let by = 1;
      const late = performance.now() - due;
      if (speed > 1) by += Math.max(0, Math.floor((late / 1000) * this.#rate * speed));
      else if (late > 0) due = performance.now();
      due += ((by - 1) * 1000) / (this.#rate * speed);
      for (let n = 1; n <= AHEAD; n++) this.#on.ahead(this.frame + by * n);
      await this.go(this.frame + by);
      await new Promise((done) => setTimeout(done, Math.max(0, due - performance.now())));
    }
    this.stop();
  }

  #say() {
    const frame = this.frame;
    const { text, slider, lanes } = this.#parts;
    const time = this.#rate > 0 ? ` · ${(frame / this.#rate).toFixed(2)} s` : "";
    text.textContent = `frame ${frame} of 0–${this.#count - 1}${time}`;
    slider.setAttribute("aria-valuetext", text.textContent);
    lanes.style.setProperty("--head", `${((frame + 0.5) / Math.max(1, this.#count)) * 100}%`);
  }

  // `spans`: open ones; `chosen`: the mark that is chosen.
  show(line, state, spans, chosen) {
    if (!this.isOpen) return;
    const percent = (frames) => `${(100 * frames) / this.#count}%`;
    const { spans: strip, lanes, next } = this.#parts;
    strip.hidden = spans.length === 0;
    next.hidden = spans.length === 0;
    next.textContent = spans.length === 1 ? "Open span (G)" : `Next of ${spans.length} open spans (G)`;
    const buttons = spans.map((span, i) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "bar open";
      button.dataset.number = span.number;
      button.setAttribute("aria-label", `Open span ${i + 1}: frames ${span.first} to ${span.last}`);
      button.title = `A face may show in frames ${span.first} to ${span.last}`;
      button.style.left = percent(span.first);
      button.style.width = `max(${percent(span.last - span.first + 1)}, ${LEAST_SPAN}rem)`;
      button.textContent = "!";
      return button;
    });
    strip.replaceChildren(...buttons);
    const rows = pack(tracksOf(line, state, this.#count));
    const shown = rows.flatMap((row, y) =>
      row.flatMap(({ key, kind, bars }) =>
        bars.map(([first, last]) => {
          const bar = document.createElement("div");
          const hot = key === keyOf(chosen);
          bar.className = `bar ${kind}${hot ? " chosen" : ""}`;
          bar.dataset.key = key;
          bar.style.left = percent(first);
          bar.style.width = percent(last - first + 1);
          bar.style.top = `calc(${y} * var(--lane))`;
          bar.title = `${key}, frames ${first} to ${last}`;
          return bar;
        }),
      ),
    );
    const head = document.createElement("div");
    head.className = "head";
    lanes.replaceChildren(...shown, head);
    lanes.style.setProperty("--lanes", Math.max(1, rows.length));
    head.style.height = `calc(${Math.max(1, rows.length)} * var(--lane))`;
    lanes.hidden = shown.length === 0;
    const hot = keyOf(chosen);
    const said = hot ? `Tracks; ${hot} is chosen` : "Tracks; up and down arrow choose one";
    lanes.setAttribute("aria-label", said);
    const at = shown.find((bar) => bar.classList.contains("chosen"));
    // Scrolls the lanes and not the page around them.
    if (at && (at.offsetTop < lanes.scrollTop || at.offsetTop + at.offsetHeight > lanes.scrollTop + lanes.clientHeight)) {
      lanes.scrollTop = at.offsetTop - lanes.clientHeight / 2;
    }
  }

  #frameAt(event) {
    const { left, width } = this.#parts.lanes.getBoundingClientRect();
    return Math.min(this.#count - 1, Math.max(0, Math.floor(((event.clientX - left) / width) * this.#count)));
  }

  #down(event) {
    if (event.button !== 0) return;
    const bar = event.target.closest(".bar");
    const frame = this.#frameAt(event);
    this.stop();
    if (!bar) return void this.go(frame);
    const { left, right } = bar.getBoundingClientRect();
    const key = bar.dataset.key;
    const track = /^track (\d+)$/.exec(key)?.[1];
    const wide = right - left > 3 * EDGE;
    const end = track && bar.classList.contains("chosen") && wide && (event.clientX - left < EDGE ? "first" : right - event.clientX < EDGE ? "last" : null);
    if (end) {
      this.#drag = { track: Number(track), end, group: Symbol("span") };
      this.#parts.lanes.setPointerCapture(event.pointerId);
    } else this.#on.pick(key, frame);
    event.preventDefault();
  }

  #move(event) {
    if (!this.#drag) return;
    const frame = this.#frameAt(event);
    const { track, end, group } = this.#drag;
    if (frame !== this.frame) this.go(frame);
    this.#on.span(track, end === "first" ? frame : null, end === "last" ? frame : null, group);
  }

  #up() {
    this.#drag = null;
  }
}

const keyOf = (mark) => {
  if (!mark || (mark.kind !== "region" && mark.kind !== "ghost")) return null;
  return mark.track != null ? `track ${mark.track}` : `box ${mark.index}`;
};

// What has bars of its own: tracks, boxes without one, and findings of verify.
function tracksOf(line, state, count) {
  const tracks = new Map();
  const add = (key, kind, first, last) => {
    if (!tracks.has(key)) tracks.set(key, { key, kind, bars: [] });
    tracks.get(key).bars.push([first, last]);
  };
  for (const problem of line.verify?.findings ?? []) {
    if (problem.frame != null) add("verify", "finding", problem.frame, problem.frame);
  }
  state.regions.forEach((region, index) => {
    const [first, last] = region.frames ?? (region.frame != null ? [region.frame, region.frame] : [0, count - 1]);
    add(region.track != null ? `track ${region.track}` : `box ${index}`, "region", first, last);
  });
  return [...tracks.values()].map((track) => ({ ...track, bars: joined(track.bars) }));
}

// Tracks that are never there at the same time share a lane; findings come first.
function pack(tracks) {
  const first = (track) => (track.kind === "finding" ? -1 : track.bars[0][0]);
  const rows = [];
  for (const track of tracks.sort((a, b) => first(a) - first(b))) {
    const end = (row) => row.at(-1).bars.at(-1)[1];
    const row = rows.find((row) => row[0].kind === track.kind && end(row) < track.bars[0][0]);
    if (row) row.push(track);
    else rows.push([track]);
  }
  return rows;
}

// Bars that touch as one.
function joined(bars) {
  const out = [];
  for (const [first, last] of bars.sort((a, b) => a[0] - b[0])) {
    const end = out.at(-1);
    if (end && first <= end[1] + 1) end[1] = Math.max(end[1], last);
    else out.push([first, last]);
  }
  return out;
}
