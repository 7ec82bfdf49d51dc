// The picture and the boxes over it. Places are kept in pixels of the upright picture; only here do they
// become places on the screen.

import { cornersOf } from "./cover.js";

const SVG = "http://www.w3.org/2000/svg";
const HANDLES = ["nw", "n", "ne", "e", "se", "s", "sw", "w"];
const REACH = 8;
const FINGER = 22;
// Screen pixels that a pixel of the picture may become.
const MOST_SCALE = 32;
const LEAST_MOST_ZOOM = 8;
// A drag shorter than this is a click.
const SLIP = 4;
// Sides on the screen from which a box has room for its score, and for handles on its sides.
const ROOM = 24;
const SIDES = 44;
// Below this, lines are thinner, so that something is left to see.
const TINY = 22;

export class Stage {
  #box;
  #image;
  #svg;
  #on;
  #size = { width: 0, height: 0 };
  #zoom = 1;
  #centre = { x: 0.5, y: 0.5 };
  #marks = [];
  #chosen = null;
  #drag = null;
  #space = false;
  #sharp = null;
  #hidden = false;
  // Whether a finger draws and moves boxes; otherwise it moves the view.
  #drawing = false;
  #fingers = new Map();
  #pinch = null;

  // `on`: choose(key), draw(box), change(key, box, group), zoomed(), space().
  constructor(box, image, svg, on) {
    this.#box = box;
    this.#image = image;
    this.#svg = svg;
    this.#on = on;
    new ResizeObserver(() => this.render()).observe(box);
    box.addEventListener("pointerdown", (e) => this.#down(e));
    box.addEventListener("pointermove", (e) => this.#move(e));
    box.addEventListener("pointerup", (e) => this.#up(e));
    box.addEventListener("pointercancel", (e) => this.#lift(e));
    box.addEventListener("wheel", (e) => this.#wheel(e), { passive: false });
    box.addEventListener("keydown", (e) => e.code === "Space" && (this.#space ||= true));
    window.addEventListener("keyup", (e) => {
      if (e.code !== "Space" || !this.#space) return;
      // Held while dragging, it moves the view; pressed alone, it is the page's.
      if (this.#space !== "used" && document.activeElement === box) on.space();
      this.#space = false;
    });
    window.addEventListener("blur", () => (this.#space = false));
  }

  // Another picture, whole.
  open(size) {
    this.#size = size;
    this.#zoom = 1;
    this.#centre = { x: size.width / 2, y: size.height / 2 };
    this.#cancel();
    this.render();
  }

  // Loads what is shown; the one before stays until the new one is there.
  async picture(address) {
    const loading = new Image();
    this.#sharp = loading;
    loading.src = address;
    try {
      await loading.decode();
    } catch {
      if (this.#sharp === loading) {
        this.#image.removeAttribute("src");
        throw new Error("the picture cannot be shown");
      }
      return false;
    }
    if (this.#sharp !== loading) return false;
    this.#image.src = address;
    return true;
  }

  clear() {
    this.#sharp = null;
    this.#image.removeAttribute("src");
  }

  show(marks, chosen) {
    this.#marks = marks;
    this.#chosen = chosen;
    this.render();
  }

  get zoom() {
    return this.#zoom;
  }

  // No marks at all, to see the picture alone.
  set hidden(hidden) {
    this.#hidden = hidden;
    this.render();
  }

  get hidden() {
    return this.#hidden;
  }

  set drawing(drawing) {
    this.#drawing = drawing;
    this.#box.classList.toggle("drawing", drawing);
  }

  get drawing() {
    return this.#drawing;
  }

  get #mostZoom() {
    return Math.max(LEAST_MOST_ZOOM, MOST_SCALE / (this.scale / this.#zoom));
  }

  // Screen pixels per picture pixel.
  get scale() {
    const { clientWidth, clientHeight } = this.#box;
    const { width, height } = this.#size;
    if (!width || !height) return 1;
    return Math.min(clientWidth / width, clientHeight / height) * this.#zoom;
  }

  zoomBy(factor, at = null) {
    if (!this.#zoomTo(this.#zoom * factor, at)) return;
    this.render();
    this.#on.zoomed();
  }

  #zoomTo(wanted, at) {
    const before = this.scale;
    const zoom = Math.min(this.#mostZoom, Math.max(1, wanted));
    if (zoom === this.#zoom) return false;
    const chosen = this.#marks.find((m) => m.key === this.#chosen);
    this.#zoom = zoom;
    if (at) {
      // What is under the pointer stays there.
      const keep = this.#toPicture(at, before);
      const now = this.#toPicture(at);
      this.#centre.x += keep.x - now.x;
      this.#centre.y += keep.y - now.y;
    } else if (chosen) {
      this.centreOn(chosen.box);
    }
    return true;
  }

  fit() {
    this.#zoom = 1;
    this.render();
    this.#on.zoomed();
  }

  // So near that a box fills a third of the view, or all of the picture if it does already.
  closeTo(box) {
    const { clientWidth, clientHeight } = this.#box;
    const wanted = Math.min(clientWidth / box[2], clientHeight / box[3]) / 3;
    const near = Math.min(this.#mostZoom, Math.max(1, (this.#zoom * wanted) / this.scale));
    this.#zoom = this.#zoom > 1 && Math.abs(near - this.#zoom) < 0.01 ? 1 : near;
    this.centreOn(box);
    this.#on.zoomed();
  }

  centreOn([x, y, w, h]) {
    if (this.#zoom > 1) this.#centre = { x: x + w / 2, y: y + h / 2 };
    this.render();
  }

  // A box in the middle of what is in sight.
  middle() {
    const side = Math.min(this.#box.clientWidth, this.#box.clientHeight) / 4 / this.scale;
    return this.inside([this.#centre.x - side / 2, this.#centre.y - side / 2, side, side]);
  }

  #clampCentre() {
    const { width, height } = this.#size;
    const half = { x: this.#box.clientWidth / 2 / this.scale, y: this.#box.clientHeight / 2 / this.scale };
    const clamp = (v, h, most) => (2 * h >= most ? most / 2 : Math.min(most - h, Math.max(h, v)));
    this.#centre = { x: clamp(this.#centre.x, half.x, width), y: clamp(this.#centre.y, half.y, height) };
  }

  #toScreen(x, y) {
    const s = this.scale;
    return {
      x: (x - this.#centre.x) * s + this.#box.clientWidth / 2,
      y: (y - this.#centre.y) * s + this.#box.clientHeight / 2,
    };
  }

  #toPicture({ x, y }, s = this.scale) {
    return {
      x: (x - this.#box.clientWidth / 2) / s + this.#centre.x,
      y: (y - this.#box.clientHeight / 2) / s + this.#centre.y,
    };
  }

  #at(event) {
    const { left, top } = this.#box.getBoundingClientRect();
    return { x: event.clientX - left - this.#box.clientLeft, y: event.clientY - top - this.#box.clientTop };
  }

  // A box moved so far that it shares something with the picture, and at least a pixel large.
  inside([x, y, w, h]) {
    const { width, height } = this.#size;
    const [bw, bh] = [Math.max(1, w), Math.max(1, h)];
    return [Math.min(width - 1, Math.max(1 - bw, x)), Math.min(height - 1, Math.max(1 - bh, y)), bw, bh];
  }

  render() {
    // It has no size while it is not in sight.
    if (!this.#size.width || !this.#box.clientWidth) {
      this.#svg.replaceChildren();
      return;
    }
    this.#clampCentre();
    const s = this.scale;
    const corner = this.#toScreen(0, 0);
    this.#image.style.width = `${this.#size.width * s}px`;
    this.#image.style.height = `${this.#size.height * s}px`;
    this.#image.style.transform = `translate(${corner.x}px, ${corner.y}px)`;
    this.#image.style.imageRendering = s * devicePixelRatio > 4 ? "pixelated" : "auto";
    this.#box.classList.toggle("zoomed", this.#zoom > 1);
    const seen = this.#hidden ? [] : this.#marks;
    const shapes = seen.map((mark) => this.#drawn(mark));
    const chosen = seen.find((m) => m.key === this.#chosen);
    if (isOwn(chosen)) shapes.push(...this.#handles(chosen.box));
    if (this.#drag?.box) shapes.push(this.#drawn({ kind: "drawing", shape: this.#drag.shape, box: this.#drag.box }));
    this.#svg.replaceChildren(...shapes);
  }

  #drawn(mark) {
    const [x, y, w, h] = mark.box;
    const a = this.#toScreen(x, y);
    const s = this.scale;
    const group = document.createElementNS(SVG, "g");
    const tiny = Math.min(w, h) * s < TINY ? " tiny" : "";
    const hot = mark.key === this.#chosen ? " chosen" : "";
    const writing = mark.subject === "text" ? " writing" : mark.subject?.startsWith("object:") ? " object" : "";
    group.setAttribute("class", `mark ${mark.kind}${writing}${tiny}${hot}`);
    // A dark line under a light one is seen on any picture.
    for (const layer of ["under", "line"]) {
      const round = mark.shape === "ellipse";
      const corners = cornersOf(mark);
      const shape = document.createElementNS(SVG, corners ? "polygon" : round ? "ellipse" : "rect");
      const set = (values) => Object.entries(values).forEach(([k, v]) => shape.setAttribute(k, v));
      if (corners) {
        const points = corners.map(([px, py]) => this.#toScreen(px, py));
        set({ points: points.map((p) => `${p.x},${p.y}`).join(" ") });
      } else if (round) set({ cx: a.x + (w * s) / 2, cy: a.y + (h * s) / 2, rx: (w * s) / 2, ry: (h * s) / 2 });
      else set({ x: a.x, y: a.y, width: w * s, height: h * s });
      shape.setAttribute("class", layer);
      group.append(shape);
    }
    // In a crowd the numbers would hide each other.
    if (mark.score != null && (w * s >= ROOM || mark.key === this.#chosen)) {
      const label = document.createElementNS(SVG, "text");
      label.setAttribute("x", a.x + (w * s) / 2);
      label.setAttribute("y", Math.max(12, a.y - 5));
      label.textContent = mark.score.toFixed(2).replace(/^0/, "");
      group.append(label);
    }
    return group;
  }

  // Small boxes have handles at their corners only, and outside.
  #handlePlaces([x, y, w, h]) {
    const s = this.scale;
    const small = Math.min(w, h) * s < SIDES;
    const out = small ? 6 : 0;
    return HANDLES.filter((name) => !small || name.length === 2).map((name) => {
      const px = name.includes("w") ? x : name.includes("e") ? x + w : x + w / 2;
      const py = name.includes("n") ? y : name.includes("s") ? y + h : y + h / 2;
      const at = this.#toScreen(px, py);
      if (name.includes("w")) at.x -= out;
      if (name.includes("e")) at.x += out;
      if (name.includes("n")) at.y -= out;
      if (name.includes("s")) at.y += out;
      return { name, ...at };
    });
  }

  #handles(box) {
    const frame = document.createElementNS(SVG, "rect");
    const a = this.#toScreen(box[0], box[1]);
    const set = (of, values) => Object.entries(values).forEach(([k, v]) => of.setAttribute(k, v));
    set(frame, { x: a.x, y: a.y, width: box[2] * this.scale, height: box[3] * this.scale, class: "frame" });
    const dots = this.#handlePlaces(box).map(({ x, y }) => {
      const dot = document.createElementNS(SVG, "rect");
      set(dot, { x: x - 4, y: y - 4, width: 8, height: 8, class: "handle" });
      return dot;
    });
    return [frame, ...dots];
  }

  // The smallest mark at a place, so that one inside another can be had.
  #hit(at) {
    const p = this.#toPicture(at);
    const slack = 3 / this.scale;
    const marks = this.#hidden ? [] : this.#marks;
    const hits = marks.filter(({ box: [x, y, w, h] }) => {
      const across = x - slack <= p.x && p.x <= x + w + slack;
      return across && y - slack <= p.y && p.y <= y + h + slack;
    });
    return hits.sort((a, b) => a.box[2] * a.box[3] - b.box[2] * b.box[3])[0];
  }

  #grip(at) {
    const chosen = this.#marks.find((m) => m.key === this.#chosen);
    if (!isOwn(chosen) || this.#hidden) return null;
    const reach = this.#drawing ? FINGER : REACH;
    const near = ({ x, y }) => Math.abs(x - at.x) <= reach && Math.abs(y - at.y) <= reach;
    const handle = this.#handlePlaces(chosen.box).find(near);
    return handle ? { mark: chosen, handle: handle.name } : null;
  }

  #down(event) {
    if (!this.#size.width) return;
    const at = this.#at(event);
    const isTouch = event.pointerType === "touch";
    if (isTouch) {
      this.#fingers.set(event.pointerId, at);
      if (this.#fingers.size === 2) return this.#beginPinch();
    }
    if (this.#drag || this.#pinch) return;
    this.#box.focus({ preventScroll: true });
    if (isTouch && !this.#drawing) {
      // A tap chooses; while the whole picture is in sight, the page scrolls.
      this.#drag = { kind: "touch", at, centre: { ...this.#centre }, hit: this.#hit(at) };
      if (this.#zoom > 1) this.#box.setPointerCapture(event.pointerId);
      return;
    }
    if (event.button === 1 || (event.button === 0 && this.#space)) {
      if (this.#space) this.#space = "used";
      this.#drag = { kind: "pan", at, centre: { ...this.#centre } };
    } else if (event.button !== 0) {
      return;
    } else {
      const grip = this.#grip(at);
      const mark = grip?.mark ?? this.#hit(at);
      const group = Symbol("drag");
      if (grip) this.#drag = { kind: "resize", at, key: mark.key, handle: grip.handle, from: mark.box, group };
      else if (isOwn(mark) && mark.key === this.#chosen) {
        this.#drag = { kind: "move", at, key: mark.key, from: mark.box, group };
      } else this.#drag = { kind: "draw", at, hit: mark, shape: "ellipse", box: null };
    }
    event.preventDefault();
    this.#box.setPointerCapture(event.pointerId);
  }

  #move(event) {
    const at = this.#at(event);
    if (this.#fingers.has(event.pointerId)) {
      this.#fingers.set(event.pointerId, at);
      if (this.#pinch) return this.#movePinch();
    }
    const drag = this.#drag;
    if (!drag) {
      const grip = this.#grip(at);
      const hit = grip ? null : this.#hit(at);
      const own = isOwn(hit) && hit.key === this.#chosen;
      this.#box.dataset.cursor = grip ? grip.handle : own ? "move" : hit ? "pick" : "draw";
      return;
    }
    const s = this.scale;
    const [dx, dy] = [(at.x - drag.at.x) / s, (at.y - drag.at.y) / s];
    drag.moved ||= Math.hypot(at.x - drag.at.x, at.y - drag.at.y) >= SLIP;
    if (!drag.moved) return;
    if (drag.kind === "pan" || drag.kind === "touch") {
      this.#centre = { x: drag.centre.x - dx, y: drag.centre.y - dy };
      this.render();
    } else if (drag.kind === "draw") {
      const a = this.#toPicture(drag.at);
      const b = this.#toPicture(at);
      drag.box = [Math.min(a.x, b.x), Math.min(a.y, b.y), Math.abs(a.x - b.x), Math.abs(a.y - b.y)];
      this.render();
    } else {
      const [x, y, w, h] = drag.from;
      const box = drag.kind === "move" ? [x + dx, y + dy, w, h] : resized(drag.from, drag.handle, dx, dy);
      this.#on.change(drag.key, this.inside(box), drag.group);
    }
  }

  #lift(event) {
    this.#fingers.delete(event.pointerId);
    if (this.#fingers.size < 2 && this.#pinch) {
      this.#pinch = null;
      this.#on.zoomed();
    }
    this.#cancel();
  }

  #beginPinch() {
    this.#cancel();
    for (const id of this.#fingers.keys()) this.#box.setPointerCapture(id);
    const [a, b] = [...this.#fingers.values()];
    this.#pinch = { apart: Math.hypot(a.x - b.x, a.y - b.y), zoom: this.#zoom, middle: middleOf(a, b) };
  }

  // The picture follows both fingers.
  #movePinch() {
    const [a, b] = [...this.#fingers.values()];
    const pinch = this.#pinch;
    const middle = middleOf(a, b);
    const s = this.scale;
    this.#centre.x -= (middle.x - pinch.middle.x) / s;
    this.#centre.y -= (middle.y - pinch.middle.y) / s;
    pinch.middle = middle;
    const wanted = (pinch.zoom * Math.hypot(a.x - b.x, a.y - b.y)) / Math.max(1, pinch.apart);
    this.#zoomTo(wanted, middle);
    this.render();
  }

  #up(event) {
    if (this.#pinch) return this.#lift(event);
    this.#fingers.delete(event.pointerId);
    const drag = this.#drag;
    this.#drag = null;
    if (!drag) return;
    if (this.#box.hasPointerCapture(event.pointerId)) this.#box.releasePointerCapture(event.pointerId);
    if (drag.kind === "touch" && !drag.moved) this.#on.choose(drag.hit?.key ?? null);
    if (drag.kind === "draw") {
      const large = drag.box && drag.box[2] * this.scale >= SLIP && drag.box[3] * this.scale >= SLIP;
      if (large) this.#on.draw(this.inside(drag.box));
      else this.#on.choose(drag.hit?.key ?? null);
    }
    this.render();
  }

  #cancel() {
    this.#drag = null;
  }

  // The wheel zooms to what is under the pointer; with Shift it moves the view.
  #wheel(event) {
    if (!this.#size.width) return;
    event.preventDefault();
    const unit = [1, 16, this.#box.clientHeight][event.deltaMode] ?? 1;
    const [dx, dy] = [event.deltaX * unit, event.deltaY * unit];
    if (event.shiftKey) {
      this.#centre.x += (dx || dy) / this.scale;
      this.#centre.y += dx ? dy / this.scale : 0;
      this.render();
    } else {
      const bounded = Math.min(120, Math.max(-120, dy));
      this.zoomBy(Math.exp(-bounded / (event.ctrlKey ? 150 : 400)), this.#at(event));
    }
  }

  // The chosen region moved or resized by keys: a step is a hundredth of the shorter side.
  nudge(box, key, { shiftKey, altKey }) {
    const step = altKey ? 1 : Math.max(1, Math.round(Math.min(this.#size.width, this.#size.height) / 100));
    const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key];
    const [x, y, w, h] = box;
    const moved = shiftKey ? [x, y, w + dx * step, h + dy * step] : [x + dx * step, y + dy * step, w, h];
    return this.inside(moved);
  }
}

// What can be moved and resized: a region, or where a track would go on.
const isOwn = (mark) => mark?.kind === "region" || mark?.kind === "ghost";

const middleOf = (a, b) => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });

function resized([x, y, w, h], handle, dx, dy) {
  let [left, top, right, bottom] = [x, y, x + w, y + h];
  if (handle.includes("w")) left = Math.min(left + dx, right - 1);
  if (handle.includes("e")) right = Math.max(right + dx, left + 1);
  if (handle.includes("n")) top = Math.min(top + dy, bottom - 1);
  if (handle.includes("s")) bottom = Math.max(bottom + dy, top + 1);
  return [left, top, right - left, bottom - top];
}
