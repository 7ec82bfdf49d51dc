// The column beside the picture: its boxes as a list, the chosen one in numbers, and what verify found.

import { CAN_COVER, details, sentence, thing, title } from "./marks.js";

const $ = (id) => document.getElementById(id);
const MOST_FINDINGS = 300;
const SIDES = ["x", "y", "w", "h"];
// As in style.css: one column, and so narrow that it is a telephone's.
const COLUMN = matchMedia("(max-width: 740px), (max-height: 560px)");
const PHONE = matchMedia("(max-width: 640px)");

export class Panel {
  #on;
  #mark = null;

  // `on`: choose(key), next(by), place(key, box), span(first, last), finding(mark).
  constructor(on) {
    this.#on = on;
    $("marks").addEventListener("click", (event) => {
      const row = event.target.closest("[data-key]");
      if (row) on.choose(row.dataset.key);
    });
    $("marks").addEventListener("keydown", (event) => {
      const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (!by) return;
      event.preventDefault();
      event.stopPropagation();
      on.next(by);
    });
    SIDES.forEach((side, i) => $(`box-${side}`).addEventListener("change", (event) => this.#number(i, event.target)));
    $("span-first").addEventListener("change", (event) => on.span(event.target.valueAsNumber || 0, null));
    $("span-last").addEventListener("change", (event) => on.span(null, event.target.valueAsNumber || 0));
    $("details").addEventListener("submit", (event) => event.preventDefault());
    for (const query of [COLUMN, PHONE]) query.addEventListener("change", arrange);
    arrange();
  }

  #number(i, field) {
    const value = field.valueAsNumber;
    if (!["region", "ghost"].includes(this.#mark?.kind) || !Number.isFinite(value)) return;
    const box = this.#mark.box.slice();
    box[i] = i > 1 ? Math.max(1, value) : value;
    this.#on.place(this.#mark.key, box);
  }

  // `frame`: null where there is but one.
  marks(shown, chosen, frame) {
    $("marks-title").textContent = frame === null ? "Boxes" : `Boxes of frame ${frame}`;
    $("marks-none").hidden = shown.length > 0;
    const rows = shown.map((mark, i) => {
      const row = document.createElement("div");
      row.setAttribute("role", "option");
      row.id = `mark-${i}`;
      row.className = `entry ${mark.kind}`;
      row.dataset.key = mark.key;
      row.setAttribute("aria-selected", String(mark.key === chosen));
      const name = document.createElement("span");
      name.textContent = title(mark);
      const score = document.createElement("span");
      score.className = "score";
      score.textContent = mark.score == null ? "" : mark.score.toFixed(2);
      // For screen readers; the eye has the picture.
      const more = document.createElement("span");
      more.className = "unseen";
      more.textContent = details(mark);
      row.append(name, score, more);
      return row;
    });
    $("marks").replaceChildren(...rows);
    const at = shown.findIndex((mark) => mark.key === chosen);
    if (at >= 0) {
      $("marks").setAttribute("aria-activedescendant", `mark-${at}`);
      reveal($("marks"), rows[at]);
    } else $("marks").removeAttribute("aria-activedescendant");
  }

  details(mark) {
    this.#mark = mark;
    $("details").hidden = !mark;
    $("near-none").hidden = !!mark;
    if (!mark) {
      $("cover").hidden = $("follow").hidden = $("delete").hidden = true;
      return;
    }
    const own = mark.kind === "region";
    const ghost = mark.kind === "ghost";
    const text = ghost
      ? "It is not covered in this frame. Move the box, or its end here (]), and it is."
      : mark.kind === "span" ? capital(`${thing(mark)} may show in frames ${mark.first} to ${mark.last}.`)
      : mark.shows ? capital(`${thing(mark)}, ${mark.shows}`) : mark.reason ?? (mark.found_by?.length ? `Seen by ${mark.found_by.join(", ")}` : "");
    $("details-title").textContent = title(mark);
    $("details-text").textContent = text;
    $("details-text").hidden = !text;
    const inTrack = (own || ghost) && mark.track != null;
    $("shape").hidden = $("delete").hidden = !own;
    $("numbers").hidden = !own && !ghost;
    $("track-tools").hidden = $("follow").hidden = $("delete-track").hidden = !inTrack;
    $("delete").textContent = inTrack ? "Delete here" : "Delete";
    $("cover").hidden = own || ghost;
    $("shape").textContent = mark.shape === "ellipse" ? "Make it a box" : "Make it an ellipse";
    $("span").hidden = !(own || ghost) || !mark.frames;
    const set = (id, value) => {
      if (document.activeElement !== $(id)) $(id).value = Math.round(value);
    };
    SIDES.forEach((side, i) => set(`box-${side}`, mark.box[i]));
    const span = mark.span ?? mark.frames;
    if (span) {
      set("span-first", span[0]);
      set("span-last", span[1]);
    }
  }

  // Findings of verify that nothing covers, in all frames, and open spans; a line for each.
  findings(findings, spans) {
    const all = [...spans, ...findings];
    $("findings").hidden = all.length === 0;
    const title = `${all.length} to look at`;
    if ($("findings-title").textContent !== title) $("findings-title").textContent = title;
    $("cover-all").hidden = !all.some((mark) => mark.kind === "span" || CAN_COVER.has(mark.what));
    const entries = all.slice(0, MOST_FINDINGS).map((mark) => {
      const entry = document.createElement("li");
      const text = mark.kind === "span" ? `Open span, frames ${mark.first}–${mark.last}` : sentence(mark);
      if (mark.box || mark.frame != null) {
        const button = document.createElement("button");
        button.type = "button";
        button.textContent = text;
        button.addEventListener("click", () => this.#on.finding(mark));
        entry.append(button);
      } else entry.textContent = text;
      return entry;
    });
    $("findings-list").replaceChildren(...entries);
  }
}

const capital = (text) => text[0].toUpperCase() + text.slice(1);

// In one column the chosen box comes first below the picture; on a telephone its buttons stay beside it.
function arrange() {
  if (COLUMN.matches) document.querySelector("aside").prepend($("details"));
  else $("marks-none").after($("details"));
  if (PHONE.matches) $("near").append($("cover"), $("follow"), $("delete"));
  else {
    $("track-tools").prepend($("follow"));
    $("shape").before($("cover"));
    $("shape").after($("delete"));
  }
}

// Scrolls the list and not the page around it.
function reveal(list, row) {
  const top = row.offsetTop - list.offsetTop;
  if (top < list.scrollTop) list.scrollTop = top;
  else if (top + row.offsetHeight > list.scrollTop + list.clientHeight) list.scrollTop = top + row.offsetHeight - list.clientHeight;
}
