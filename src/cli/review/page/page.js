// What all parts of the page share: which picture is shown, what is chosen, and how things are said.

import { Edits } from "./edits.js";
import { marksOf, openSpans } from "./marks.js";
import { boxAt, spanOf } from "./tracks.js";

export const $ = (id) => document.getElementById(id);

export const page = {
  edits: new Edits(),
  // Lines of the report that were loaded, by their numbers.
  lines: new Map(),
  // What the list says of every picture.
  all: [],
  byId: new Map(),
  current: null,
  // The key of a mark, and the track that it belongs to.
  chosen: null,
  chosenTrack: null,
  side: "original",
  wholeTrack: false,
  // The picture whose pixels are on the screen.
  painted: null,
  margin: undefined,
  // Parts, set by app.js.
  list: null,
  grid: null,
  stage: null,
  timeline: null,
  panel: null,
  dialogs: null,
  sync: null,
  actions: null,
};

// --- What is said ---------------------------------------------------------------------------------

// For a screen reader; what everybody should notice is shown for a while as well.
let fading = 0;
export function say(text, shown = false) {
  $("says").textContent = text;
  $("says").classList.toggle("shown", shown);
  clearTimeout(fading);
  fading = setTimeout(() => $("says").classList.remove("shown"), 5000);
}

export function alarm(text) {
  $("alarm").textContent = text;
}

export function guard(action) {
  return async (...args) => {
    try {
      return await action(...args);
    } catch (error) {
      alarm(error.message);
      return undefined;
    }
  };
}

export const line = () => page.lines.get(page.current);
export const state = () => page.edits.state(page.current);
export const frame = () => (page.timeline.isOpen ? page.timeline.frame : 0);

// Computed once for a state, a frame and a track: it is asked for often.
let made = {};

export function marks() {
  const key = [line(), state(), line() && frame(), page.chosenTrack];
  if (!key[0] || !key[1]) return [];
  if (!made.key || key.some((part, i) => part !== made.key[i])) made = { key, marks: makeMarks() };
  return made.marks;
}

function makeMarks() {
  const { regions } = state();
  const all = marksOf(line(), state(), frame());
  const track = page.chosenTrack;
  // A track that is chosen can be brought back to a frame in which it is not.
  const ghost = track === null || all.some((m) => m.track === track) ? null : boxAt(regions, track, frame());
  if (ghost) all.push({ kind: "ghost", key: `ghost${track}`, track, frames: spanOf(regions, track), ...ghost });
  const chosen = all.filter((m) => m.track != null && m.track === track);
  for (const mark of chosen) mark.span = spanOf(regions, track);
  return all;
}

export const mark = () => marks().find((m) => m.key === page.chosen) ?? null;


export const spans = () => (line() && state() ? openSpans(line(), state()) : []);

export const count = (of, kind) => of.filter((m) => m.kind === kind).length;

export const pictures = (n) => (n === 1 ? "1 picture" : `${n} pictures`);
