// Many pictures at a time, small, to choose several and keep or change them together. Only the rows in
// sight exist.

import * as api from "./api.js";

const SPARE = 2;
const SIDE = 320;

export class Grid {
  #box;
  #cells;
  #on;
  #items = [];
  #made = new Map();
  #chosen = new Set();
  #seen = new Set();
  #at = 0;
  #anchor = 0;
  #side = "output";

  // `on`: open(id), changed(number chosen).
  constructor(box, cells, on) {
    this.#box = box;
    this.#cells = cells;
    this.#on = on;
    box.addEventListener("scroll", () => this.#draw(), { passive: true });
    new ResizeObserver(() => this.#draw()).observe(box);
    box.addEventListener("keydown", (event) => this.#key(event));
    cells.addEventListener("click", (event) => {
      const cell = event.target.closest("[data-place]");
      if (cell) this.#click(Number(cell.dataset.place), event);
    });
    cells.addEventListener("dblclick", (event) => {
      const cell = event.target.closest("[data-place]");
      if (cell) on.open(this.#items[Number(cell.dataset.place)].id);
    });
  }

  show(items, at) {
    this.#items = items;
    const ids = new Set(items.map(({ id }) => id));
    for (const id of this.#chosen) if (!ids.has(id)) this.#chosen.delete(id);
    this.#clear();
    this.#at = Math.max(0, items.findIndex(({ id }) => id === at));
    this.#anchor = this.#at;
    this.#reveal();
    this.#on.changed(this.#chosen.size);
  }

  refresh(item) {
    const place = this.#items.findIndex(({ id }) => id === item.id);
    if (place < 0) return;
    this.#items[place] = item;
    const cell = this.#made.get(place);
    if (cell) this.#fill(cell, place);
  }

  // "output" or "original".
  set side(side) {
    this.#side = side;
    this.#seen.clear();
    this.#clear();
    this.#draw();
  }

  get side() {
    return this.#side;
  }

  // Pictures that are chosen: those that were seen, and how many were not.
  chosen() {
    const all = this.#items.map(({ id }) => id).filter((id) => this.#chosen.has(id));
    const seen = all.filter((id) => this.#seen.has(id));
    return { ids: seen, unseen: all.length - seen.length };
  }

  // All that were seen.
  chooseAll() {
    const seen = this.#items.filter(({ id }) => this.#seen.has(id));
    for (const { id } of seen) this.#chosen.add(id);
    this.#changed();
    return this.#items.length - seen.length;
  }

  chooseNone() {
    this.#chosen.clear();
    this.#changed();
  }

  #clear() {
    for (const cell of this.#made.values()) cell.remove();
    this.#made.clear();
  }

  #changed() {
    this.#draw();
    this.#on.changed(this.#chosen.size);
  }

  get #layout() {
    const width = this.#box.clientWidth - 16;
    const columns = Math.max(1, Math.floor(width / 190));
    const side = width / columns;
    return { columns, side, row: Math.round(side * 0.75) + 34 };
  }

  #reveal() {
    const { columns, row } = this.#layout;
    const top = Math.floor(this.#at / columns) * row;
    const { scrollTop, clientHeight } = this.#box;
    if (top < scrollTop) this.#box.scrollTop = top;
    else if (top + row > scrollTop + clientHeight) this.#box.scrollTop = top + row - clientHeight;
    this.#draw();
  }

  #draw() {
    if (!this.#box.clientWidth) return;
    const { columns, side, row } = this.#layout;
    this.#cells.style.height = `${Math.ceil(this.#items.length / columns) * row}px`;
    const first = Math.max(0, Math.floor(this.#box.scrollTop / row) - SPARE) * columns;
    const rows = Math.ceil(this.#box.clientHeight / row) + 2 * SPARE;
    const end = Math.min(this.#items.length, first + rows * columns);
    for (const [place, cell] of this.#made) {
      if ((place < first || place >= end) && place !== this.#at) {
        cell.querySelector("img").removeAttribute("src");
        cell.remove();
        this.#made.delete(place);
      }
    }
    for (let place = first; place < end; place++) this.#cell(place);
    if (this.#items.length) this.#box.setAttribute("aria-activedescendant", this.#cell(this.#at).id);
    else this.#box.removeAttribute("aria-activedescendant");
    for (const [place, cell] of this.#made) {
      cell.style.width = `${side - 8}px`;
      cell.style.height = `${row - 8}px`;
      cell.style.transform = `translate(${8 + (place % columns) * side}px, ${8 + Math.floor(place / columns) * row}px)`;
      cell.classList.toggle("at", place === this.#at);
      cell.setAttribute("aria-selected", String(this.#chosen.has(this.#items[place].id)));
    }
    this.#look();
  }

  // A picture was seen when it was there and at least half of it in sight; those above and below are only
  // made ready.
  #look() {
    const { columns, row } = this.#layout;
    const { scrollTop, clientHeight } = this.#box;
    for (const [place, cell] of this.#made) {
      const middle = (Math.floor(place / columns) + 0.5) * row;
      if (middle < scrollTop || middle > scrollTop + clientHeight || !cell.classList.contains("loaded")) continue;
      this.#seen.add(this.#items[place].id);
      cell.classList.add("seen");
    }
  }

  #cell(place) {
    const made = this.#made.get(place);
    if (made) return made;
    const item = this.#items[place];
    const cell = document.createElement("div");
    cell.className = "cell";
    cell.id = `cell-${item.id}`;
    cell.dataset.place = place;
    cell.setAttribute("role", "option");
    cell.setAttribute("aria-setsize", this.#items.length);
    cell.setAttribute("aria-posinset", place + 1);
    const image = document.createElement("img");
    image.alt = "";
    image.decoding = "async";
    image.addEventListener("load", () => {
      cell.classList.add("loaded");
      this.#look();
    });
    const side = this.#side === "output" && item.output ? "output" : "original";
    image.addEventListener("error", () => (image.hidden = true));
    if (item.width > 0) image.src = api.picture(item.id, side, item.frame, SIDE);
    else image.hidden = true;
    const name = document.createElement("span");
    name.className = "name";
    const why = document.createElement("span");
    why.className = "why";
    const kept = document.createElement("span");
    kept.className = "unseen";
    cell.append(image, name, why, kept);
    this.#fill(cell, place);
    this.#made.set(place, cell);
    this.#cells.append(cell);
    return cell;
  }

  #fill(cell, place) {
    const item = this.#items[place];
    cell.querySelector(".name").textContent = item.name;
    cell.querySelector(".why").textContent = item.why;
    cell.title = `${item.name}: ${item.why}`;
    cell.classList.toggle("kept", item.reviewed);
    cell.dataset.level = item.level;
    cell.querySelector(".unseen").textContent = item.reviewed ? "kept" : "";
  }

  #turn(place) {
    const { id } = this.#items[place];
    if (!this.#chosen.delete(id)) this.#chosen.add(id);
  }

  #range(from, to) {
    const [a, b] = from < to ? [from, to] : [to, from];
    for (let place = a; place <= b; place++) this.#chosen.add(this.#items[place].id);
  }

  #click(place, { shiftKey }) {
    if (shiftKey) this.#range(this.#anchor, place);
    else {
      this.#turn(place);
      this.#anchor = place;
    }
    this.#at = place;
    this.#changed();
  }

  #key(event) {
    if (!this.#items.length || event.altKey) return;
    const { columns, row } = this.#layout;
    const rows = Math.max(1, Math.floor(this.#box.clientHeight / row));
    const page = columns * rows;
    const moves = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns, PageDown: page, PageUp: -page };
    const last = this.#items.length - 1;
    let to = event.key === "Home" ? 0 : event.key === "End" ? last : null;
    if (moves[event.key]) to = Math.min(last, Math.max(0, this.#at + moves[event.key]));
    if (to !== null && !event.ctrlKey && !event.metaKey) {
      if (event.shiftKey) this.#range(this.#at, to);
      else this.#anchor = to;
      this.#at = to;
      // What was in sight goes out of it as a whole.
      if (event.key.startsWith("Page")) this.#box.scrollTop += Math.sign(moves[event.key]) * rows * row;
      this.#reveal();
      this.#changed();
    } else if (event.key === " ") {
      this.#turn(this.#at);
      this.#anchor = this.#at;
      this.#changed();
    } else if (event.key === "Enter") this.#on.open(this.#items[this.#at].id);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
