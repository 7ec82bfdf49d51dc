// Follows the chosen box through a video: asks the server piece by piece, and makes one step of what it
// found. Where the server is not sure, a person goes on from there.

import * as api from "./api.js";
import { $, alarm, line, mark, page, say, state } from "./page.js";
import * as tracks from "./tracks.js";

const CHOOSE = "Choose a covered box of a video first, or add one (D).";
let running = null;

export const isFollowing = () => running !== null;

// Takes what was followed so far.
export function stop() {
  if (running) running.stopped = true;
}

// From the chosen box on, both ways; where its track does not reach to this frame, from its end to here.
export async function follow(change) {
  if (running) return stop();
  const it = mark();
  if (!["region", "ghost"].includes(it?.kind) || it.track == null || !page.timeline.isVideo) return say(CHOOSE, true);
  page.timeline.stop();
  const [id, before] = [page.current, state()];
  const { begin, drop } = plan(it, before.regions);
  running = { stopped: false };
  show("Stop (L)");
  try {
    let piece = await api.follow({ id, ...begin });
    while (!running.stopped && !(piece.back && piece.forward)) {
      show(`Stop (L), at ${piece.first}–${piece.last}`);
      if (page.current !== id) return;
      piece = await api.follow({ job: piece.job });
    }
    if (page.current !== id) return;
    if (state() !== before) return say("The boxes were changed meanwhile; nothing was followed.", true);
    finish(piece, it.track, drop, change);
  } catch (error) {
    alarm(error.message);
  } finally {
    running = null;
    show("Follow");
  }
}

function show(text) {
  $("follow").textContent = text;
  $("follow").setAttribute("aria-pressed", String(running !== null));
}

// From where to where, and which boxes the track loses: those that only stand for what is not known yet.
function plan(it, regions) {
  const [now, end] = [page.timeline.frame, line().frames - 1];
  const [first, last] = tracks.spanOf(regions, it.track);
  if (it.kind === "ghost") {
    const from = now > last ? last : first;
    const { box } = tracks.boxAt(regions, it.track, from);
    const begin = { frame: from, box, first: Math.min(from, now), last: Math.max(from, now) };
    return { begin, drop: { before: false, after: false } };
  }
  const held = tracks.heldAround(regions, it.track, now);
  const inside = !held.before && !held.after;
  const back = inside || held.before;
  const forward = inside || held.after;
  const begin = { frame: now, box: it.box, first: back ? 0 : now, last: forward ? end : now };
  return { begin, drop: held };
}

function finish(piece, track, drop, change) {
  const { first, last, back, forward } = piece;
  const keys = piece.keys.map(([frame, box]) => ({ frame, box: page.stage.inside(box) }));
  if (first === last) return say("It is not sure where this goes. Move the box in the next frames by hand.", true);
  // In a direction that was not followed nothing is lost.
  const after = drop.after && forward !== null;
  const before = drop.before && back !== null;
  const regions = tracks.withPath(state().regions, track, keys, [first, last], { before, after });
  const end = line().frames - 1;
  const why = {
    left: "it leaves the picture",
    cut: "another scene begins",
    unsure: "not sure where it goes on",
    reached: null,
  };
  const at = (frame, reason, isEnd, name) => (reason === "reached" && isEnd ? name : why[reason] ? `frame ${frame} (${why[reason]})` : `frame ${frame}`);
  const from = at(first, back, first === 0, "the first frame");
  const to = at(last, forward, last === end, "the last frame");
  const open = forward === "unsure" ? last + 1 : back === "unsure" ? first - 1 : null;
  const hint = open === null ? "" : " Move the box to where it is here, and follow on (L).";
  change({ regions }, `Followed from ${from} to ${to}.${hint}`);
  if (open !== null) page.timeline.go(open);
}
