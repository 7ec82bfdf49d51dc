// The list of pictures. Only the rows in sight exist, so that two thousand are as quick as twenty.

import * as api from "./api.js";

const SPARE = 6;

export class List {
  #box;
  #rows;
  #choose;
  #items = [];
  #chosen = -1;
  #made = new Map();
  #height = 0;

  constructor(box, rows, choose) {
    this.#box = box;
    this.#rows = rows;
    this.#choose = choose;
    box.addEventListener("scroll", () => this.#draw(), { passive: true });
    new ResizeObserver(() => this.#draw()).observe(box);
    box.addEventListener("keydown", (event) => this.#key(event));
    rows.addEventListener("click", (event) => {
      const row = event.target.closest("[data-place]");
      if (row) choose(this.#items[Number(row.dataset.place)].id);
    });
  }

  // Shows these items, `chosen` among them or not. Rows that stay in sight are kept.
  show(items, chosen) {
    this.#items = items;
    this.#height = 0;
    this.choose(chosen);
  }

  choose(id) {
    this.#chosen = this.#items.findIndex((item) => item.id === id);
    this.#draw();
    this.#reveal();
  }

  // An item looks different now.
  refresh(id) {
    const place = this.#items.findIndex((item) => item.id === id);
    const row = this.#made.get(id);
    if (row && place >= 0) this.#fill(row, place);
  }

  get items() {
    return this.#items;
  }

  get place() {
    return this.#chosen;
  }

  #rowHeight() {
    this.#height ||= parseFloat(getComputedStyle(this.#box).getPropertyValue("--row"));
    return this.#height;
  }

  #reveal() {
    if (this.#chosen < 0) return;
    const height = this.#rowHeight();
    const top = this.#chosen * height;
    const { scrollTop, clientHeight } = this.#box;
    if (top < scrollTop) this.#box.scrollTop = top;
    else if (top + height > scrollTop + clientHeight) this.#box.scrollTop = top + height - clientHeight;
    this.#draw();
  }

  #draw() {
    const height = this.#rowHeight();
    this.#rows.style.height = `${this.#items.length * height}px`;
    const first = Math.max(0, Math.floor(this.#box.scrollTop / height) - SPARE);
    const shown = Math.ceil(this.#box.clientHeight / height) + 2 * SPARE;
    const end = Math.min(this.#items.length, first + shown);
    const wanted = Array.from({ length: Math.max(0, end - first) }, (_, i) => first + i);
    if (this.#chosen >= 0 && (this.#chosen < first || this.#chosen >= end)) wanted.push(this.#chosen);
    const ids = new Set(wanted.map((place) => this.#items[place].id));
    for (const [id, row] of this.#made) {
      if (!ids.has(id)) {
        // A picture that is not loaded yet need not be made any more.
        row.querySelector("img").removeAttribute("src");
        row.remove();
        this.#made.delete(id);
      }
    }
    for (const place of wanted) {
      const { id } = this.#items[place];
      let row = this.#made.get(id);
      if (!row) {
        row = this.#row(place);
        this.#made.set(id, row);
        this.#rows.append(row);
      }
      this.#put(row, place);
    }
    const active = this.#made.get(this.#items[this.#chosen]?.id);
    if (active) this.#box.setAttribute("aria-activedescendant", active.id);
    else this.#box.removeAttribute("aria-activedescendant");
  }

  #put(row, place) {
    row.setAttribute("aria-selected", String(place === this.#chosen));
    row.dataset.place = place;
    row.setAttribute("aria-setsize", this.#items.length);
    row.setAttribute("aria-posinset", place + 1);
    row.style.transform = `translateY(${place * this.#rowHeight()}px)`;
  }

  #row(place) {
    const item = this.#items[place];
    const row = document.createElement("div");
    row.className = "row";
    row.id = `row-${item.id}`;
    row.setAttribute("role", "option");
    const image = document.createElement("img");
    image.alt = "";
    image.decoding = "async";
    image.addEventListener("error", () => (image.hidden = true));
    if (item.width > 0) image.src = api.thumb(item.id);
    else image.hidden = true;
    const frame = document.createElement("span");
    frame.className = "thumb";
    frame.append(image);
    const text = document.createElement("span");
    text.className = "text";
    const name = document.createElement("span");
    name.className = "name";
    const why = document.createElement("span");
    why.className = "why";
    // For screen readers; the eye has a tick.
    const kept = document.createElement("span");
    kept.className = "unseen";
    text.append(name, why, kept);
    row.append(frame, text);
    this.#fill(row, place);
    return row;
  }

  #fill(row, place) {
    const item = this.#items[place];
    row.querySelector(".name").textContent = item.name;
    row.title = item.name;
    const why = row.querySelector(".why");
    why.textContent = item.changed ? `not saved · ${item.why}` : item.why;
    row.classList.toggle("kept", item.reviewed);
    row.classList.toggle("changed", item.changed);
    row.dataset.level = item.level;
    row.querySelector(".unseen").textContent = item.reviewed ? "kept" : "";
  }

  #key(event) {
    const page = Math.max(1, Math.floor(this.#box.clientHeight / this.#rowHeight()) - 1);
    const to = {
      ArrowDown: this.#chosen + 1,
      ArrowUp: this.#chosen - 1,
      PageDown: this.#chosen + page,
      PageUp: this.#chosen - page,
      Home: 0,
      End: this.#items.length - 1,
    }[event.key];
    if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    const place = Math.min(this.#items.length - 1, Math.max(0, to));
    if (place !== this.#chosen && this.#items[place]) this.#choose(this.#items[place].id);
  }
}
