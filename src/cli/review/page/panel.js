// The column beside the picture: its boxes as a list, the chosen one in numbers, and what verify found.

import { describe, title } from "./marks.js";

const $ = (id) => document.getElementById(id);
const MOST_FINDINGS = 300;
const SIDES = ["x", "y", "w", "h"];

export class Panel {
  #on;
  #mark = null;

  // `on`: choose(key), next(by), place(key, box), span(first, last), frame(n).
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
  }

  #number(i, field) {
    const value = field.valueAsNumber;
    if (this.#mark?.kind !== "region" || !Number.isFinite(value)) return;
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
      row.setAttribute("aria-label", describe(mark));
      const name = document.createElement("span");
      name.textContent = title(mark);
      const score = document.createElement("span");
      score.className = "score";
      score.textContent = mark.score == null ? "" : mark.score.toFixed(2);
      row.append(name, score);
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
    if (!mark) return;
    const own = mark.kind === "region";
    const text = mark.reason ?? (mark.found_by?.length ? `Seen by ${mark.found_by.join(", ")}` : "");
    $("details-title").textContent = title(mark);
    $("details-text").textContent = text;
    $("details-text").hidden = !text;
    $("numbers").hidden = $("shape").hidden = $("delete").hidden = !own;
    $("delete-track").hidden = !own || mark.track == null;
    $("delete").textContent = mark.track != null ? "Delete here" : "Delete";
    $("cover").hidden = own;
    $("shape").textContent = mark.shape === "ellipse" ? "Make it a box" : "Make it an ellipse";
    $("span").hidden = !own || !mark.frames;
    const set = (id, value) => {
      if (document.activeElement !== $(id)) $(id).value = Math.round(value);
    };
    SIDES.forEach((side, i) => set(`box-${side}`, mark.box[i]));
    if (mark.frames) {
      set("span-first", mark.frames[0]);
      set("span-last", mark.frames[1]);
    }
  }

  // All of them, also those that have no place in the picture.
  findings(line, hasFrames) {
    const findings = (line.verify?.findings ?? []).slice(0, MOST_FINDINGS);
    $("findings").hidden = findings.length === 0;
    const entries = findings.map((finding) => {
      const entry = document.createElement("li");
      const frame = hasFrames && finding.frame != null ? finding.frame : null;
      const where = [finding.place, frame === null ? null : `frame ${frame}`].filter((part) => part);
      const text = where.length ? `${where.join(", ")}: ${finding.reason}` : finding.reason;
      if (frame !== null) {
        const button = document.createElement("button");
        button.type = "button";
        button.textContent = text;
        button.addEventListener("click", () => this.#on.frame(frame));
        entry.append(button);
      } else entry.textContent = text;
      return entry;
    });
    $("findings-list").replaceChildren(...entries);
  }
}

// Scrolls the list and not the page around it.
function reveal(list, row) {
  const top = row.offsetTop - list.offsetTop;
  if (top < list.scrollTop) list.scrollTop = top;
  else if (top + row.offsetHeight > list.scrollTop + list.clientHeight) list.scrollTop = top + row.offsetHeight - list.clientHeight;
}
