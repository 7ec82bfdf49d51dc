// The picture and the boxes over it. Places are kept in pixels of the upright picture; only here do they
// become places on the screen.

const SVG = "http://www.w3.org/2000/svg";
const HANDLES = ["nw", "n", "ne", "e", "se", "s", "sw", "w"];
const REACH = 8;
const MOST_ZOOM = 16;
// A drag shorter than this is a click.
const SLIP = 4;
// Sides on the screen from which a box has room for its score, and for handles on its sides.
const ROOM = 24;
const SIDES = 44;

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

  // `on`: choose(key), draw(box), change(key, box, group), zoomed().
  constructor(box, image, svg, on) {
    this.#box = box;
    this.#image = image;
    this.#svg = svg;
    this.#on = on;
    new ResizeObserver(() => this.render()).observe(box);
    box.addEventListener("pointerdown", (e) => this.#down(e));
    box.addEventListener("pointermove", (e) => this.#move(e));
    box.addEventListener("pointerup", (e) => this.#up(e));
    box.addEventListener("pointercancel", () => this.#cancel());
    box.addEventListener("wheel", (e) => this.#wheel(e), { passive: false });
    box.addEventListener("keydown", (e) => e.code === "Space" && (this.#space = true));
    window.addEventListener("keyup", (e) => e.code === "Space" && (this.#space = false));
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

  // Screen pixels per picture pixel.
  get scale() {
    const { clientWidth, clientHeight } = this.#box;
    const { width, height } = this.#size;
    if (!width || !height) return 1;
    return Math.min(clientWidth / width, clientHeight / height) * this.#zoom;
  }

  zoomBy(factor, at = null) {
    const before = this.scale;
    const zoom = Math.min(MOST_ZOOM, Math.max(1, this.#zoom * factor));
    if (zoom === this.#zoom) return;
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
    this.render();
    this.#on.zoomed();
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
    const near = Math.min(MOST_ZOOM, Math.max(1, (this.#zoom * wanted) / this.scale));
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
    if (!this.#size.width) {
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
    const shapes = this.#marks.map((mark) => this.#drawn(mark));
    const chosen = this.#marks.find((m) => m.key === this.#chosen);
    if (chosen?.kind === "region") shapes.push(...this.#handles(chosen.box));
    if (this.#drag?.box) shapes.push(this.#drawn({ kind: "drawing", shape: this.#drag.shape, box: this.#drag.box }));
    this.#svg.replaceChildren(...shapes);
  }

  #drawn(mark) {
    const [x, y, w, h] = mark.box;
    const a = this.#toScreen(x, y);
    const s = this.scale;
    const group = document.createElementNS(SVG, "g");
    group.setAttribute("class", `mark ${mark.kind}${mark.key === this.#chosen ? " chosen" : ""}`);
    // A dark line under a light one is seen on any picture.
    for (const layer of ["under", "line"]) {
      const round = mark.shape === "ellipse";
      const shape = document.createElementNS(SVG, round ? "ellipse" : "rect");
      const set = (values) => Object.entries(values).forEach(([k, v]) => shape.setAttribute(k, v));
      if (round) set({ cx: a.x + (w * s) / 2, cy: a.y + (h * s) / 2, rx: (w * s) / 2, ry: (h * s) / 2 });
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
    const hits = this.#marks.filter(({ box: [x, y, w, h] }) => {
      const across = x - slack <= p.x && p.x <= x + w + slack;
      return across && y - slack <= p.y && p.y <= y + h + slack;
    });
    return hits.sort((a, b) => a.box[2] * a.box[3] - b.box[2] * b.box[3])[0];
  }

  #grip(at) {
    const chosen = this.#marks.find((m) => m.key === this.#chosen);
    if (chosen?.kind !== "region") return null;
    const near = ({ x, y }) => Math.abs(x - at.x) <= REACH && Math.abs(y - at.y) <= REACH;
    const handle = this.#handlePlaces(chosen.box).find(near);
    return handle ? { mark: chosen, handle: handle.name } : null;
  }

  #down(event) {
    if (!this.#size.width || this.#drag) return;
    const at = this.#at(event);
    this.#box.focus({ preventScroll: true });
    if (event.button === 1 || (event.button === 0 && this.#space)) {
      this.#drag = { kind: "pan", at, centre: { ...this.#centre } };
    } else if (event.button !== 0) {
      return;
    } else {
      const grip = this.#grip(at);
      const mark = grip?.mark ?? this.#hit(at);
      const group = Symbol("drag");
      if (grip) this.#drag = { kind: "resize", at, key: mark.key, handle: grip.handle, from: mark.box, group };
      else if (mark?.kind === "region" && mark.key === this.#chosen) {
        this.#drag = { kind: "move", at, key: mark.key, from: mark.box, group };
      } else this.#drag = { kind: "draw", at, hit: mark, shape: "ellipse", box: null };
    }
    event.preventDefault();
    this.#box.setPointerCapture(event.pointerId);
  }

  #move(event) {
    const at = this.#at(event);
    const drag = this.#drag;
    if (!drag) {
      const grip = this.#grip(at);
      const hit = grip ? null : this.#hit(at);
      const own = hit?.kind === "region" && hit.key === this.#chosen;
      this.#box.dataset.cursor = grip ? grip.handle : own ? "move" : hit ? "pick" : "draw";
      return;
    }
    const s = this.scale;
    const [dx, dy] = [(at.x - drag.at.x) / s, (at.y - drag.at.y) / s];
    drag.moved ||= Math.hypot(at.x - drag.at.x, at.y - drag.at.y) >= SLIP;
    if (!drag.moved) return;
    if (drag.kind === "pan") {
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

  #up(event) {
    const drag = this.#drag;
    this.#drag = null;
    if (!drag) return;
    if (this.#box.hasPointerCapture(event.pointerId)) this.#box.releasePointerCapture(event.pointerId);
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

  #wheel(event) {
    if (!this.#size.width) return;
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      this.zoomBy(Math.exp(-event.deltaY / 200), this.#at(event));
    } else if (this.#zoom > 1) {
      event.preventDefault();
      this.#centre.x += event.deltaX / this.scale;
      this.#centre.y += event.deltaY / this.scale;
      this.render();
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

function resized([x, y, w, h], handle, dx, dy) {
  let [left, top, right, bottom] = [x, y, x + w, y + h];
  if (handle.includes("w")) left = Math.min(left + dx, right - 1);
  if (handle.includes("e")) right = Math.max(right + dx, left + 1);
  if (handle.includes("n")) top = Math.min(top + dy, bottom - 1);
  if (handle.includes("s")) bottom = Math.max(bottom + dy, top + 1);
  return [left, top, right - left, bottom - top];
}
