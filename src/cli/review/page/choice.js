// What is chosen: a mark of the frame that is shown, a track, a span.

import { render } from "./app.js";
import { describe } from "./marks.js";
import { frame, mark, marks, page, say, spans, state } from "./page.js";
import { spanOf } from "./tracks.js";

export function choose(key, reveal = false) {
  select(key);
  const it = mark();
  if (it && reveal) page.stage.centreOn(it.box);
  if (it) say(describe(it));
}

// The same, and nothing is said.
export function select(key) {
  page.chosen = key;
  const ghost = /^ghost(\d+)$/.exec(key ?? "");
  page.chosenTrack = ghost ? Number(ghost[1]) : null;
  page.chosenTrack = mark()?.track ?? page.chosenTrack;
  render();
}

export function chooseNext(by) {
  const keys = marks().map((m) => m.key);
  if (!keys.length) return say("There is no box on this picture. D adds one.", true);
  const at = keys.indexOf(page.chosen);
  choose(keys[at < 0 ? (by > 0 ? 0 : keys.length - 1) : (at + by + keys.length) % keys.length], true);
}

// A bar of the timeline: its track, at a frame.
export function pick(key, at) {
  const track = /^track (\d+)$/.exec(key)?.[1];
  page.timeline.go(at);
  if (track !== undefined) return chooseTrack(Number(track));
  const index = /^box (\d+)$/.exec(key)?.[1];
  if (index !== undefined) choose(`r${index}`, true);
}

function chooseTrack(track) {
  const it = marks().find((m) => m.track === track);
  choose(it?.key ?? `ghost${track}`, true);
}

export function turnTrack(by) {
  const tracks = [...new Set(state().regions.map((r) => r.track).filter((t) => t != null))];
  const first = (track) => spanOf(state().regions, track)[0];
  tracks.sort((a, b) => first(a) - first(b));
  if (!tracks.length) return say("There is no track in this video.", true);
  const at = tracks.indexOf(page.chosenTrack);
  const track = tracks[at < 0 ? 0 : (at + by + tracks.length) % tracks.length];
  const [from, to] = spanOf(state().regions, track);
  if (frame() < from || frame() > to) page.timeline.go(from);
  chooseTrack(track);
}

// To a finding or a span, wherever it is.
export function goTo(it) {
  const at = it.frame ?? it.from;
  if (page.timeline.isOpen && at != null) page.timeline.go(at);
  choose(it.key, true);
}

export const openSpan = (number) => goTo(spans().find((span) => span.number === number));

export function nextSpan() {
  const open = spans();
  if (!open.length) return say("No span of this video is open.", true);
  const next = open.find((span) => span.from > frame()) ?? open[0];
  return goTo(next);
}

