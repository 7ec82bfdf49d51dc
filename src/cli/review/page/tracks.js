// Tracks of a video: regions with the same number, each with a box for a run of frames. All functions
// give new lists of regions and change none.
//
// A track that a person drew has keyframes; the boxes between two of them are interpolated, and the last
// one holds to the end. Keyframes are read off the boxes, so that nothing besides the regions is kept.

import { withBox } from "./cover.js";

// Pixels that a box may be off a straight line between two keyframes: none but for rounding where a person
// placed them, more where a track was followed.
const EXACT = 0.02;
const SLACK = 0.75;
// Frames for one exact keyframe from which a track is taken for placed.
const PLACED = 8;

export const isIn = (mark, frame) =>
  mark.frames ? mark.frames[0] <= frame && frame <= mark.frames[1] : mark.frame == null || mark.frame === frame;

// A number that no track has.
export const newTrack = (line, regions) =>
  regions.reduce((most, { track }) => Math.max(most, (track ?? -1) + 1), line.tracks?.length ?? 0);

// Whether a person drew it, so that it has keyframes.
export const isDrawn = (line, track) => track != null && track >= (line.tracks?.length ?? 0);

const runsOf = (regions, track) =>
  regions.filter((r) => r.track === track && r.frames).sort((a, b) => a.frames[0] - b.frames[0]);

export function spanOf(regions, track) {
  const runs = runsOf(regions, track);
  return runs.length ? [runs[0].frames[0], Math.max(...runs.map((r) => r.frames[1]))] : null;
}

// The box in a frame, or the nearest one: { box, shape, inside }.
export function boxAt(regions, track, frame) {
  const runs = runsOf(regions, track);
  if (!runs.length) return null;
  const inside = runs.find((r) => isIn(r, frame));
  const distance = (r) => Math.max(r.frames[0] - frame, frame - r.frames[1]);
  const nearest = inside ?? runs.reduce((a, b) => (distance(b) < distance(a) ? b : a));
  return { box: nearest.box, shape: nearest.shape, inside: !!inside };
}

const others = (regions, track) => regions.filter((r) => r.track !== track);
const mix = (a, b, t) => a.map((v, i) => Math.round((v + (b[i] - v) * t) * 100) / 100);
const near = (a, b, slack = SLACK) => a.every((v, i) => Math.abs(v - b[i]) <= slack);

// A box for each frame from the first to the last; in a gap it is interpolated.
function frames(runs) {
  const out = [];
  for (const run of runs) {
    const from = Math.max(run.frames[0], out.at(-1)?.frame + 1 || 0);
    for (let frame = from; frame <= run.frames[1]; frame++) {
      const before = out.at(-1);
      for (let gap = (before?.frame ?? frame) + 1; gap < frame; gap++) {
        out.push({ frame: gap, box: mix(before.box, run.box, (gap - before.frame) / (frame - before.frame)) });
      }
      out.push({ frame, box: run.box });
    }
  }
  return out;
}

// Keyframes, and the last frame that the last of them holds to.
export function keysOf(regions, track) {
  const all = frames(runsOf(regions, track));
  if (!all.length) return { keys: [], last: 0 };
  const exact = keysWithin(all, EXACT);
  const keys = exact.length <= 2 + all.length / PLACED ? exact : keysWithin(all, SLACK);
  return { keys, last: all.at(-1).frame };
}

function keysWithin(all, slack) {
  const keys = [];
  let end = all.length - 1;
  while (end > 0 && near(all[end - 1].box, all.at(-1).box, EXACT)) end--;
  let at = 0;
  keys.push(all[0]);
  while (at < end) {
    let to = at + 1;
    const fits = (next) => {
      for (let i = at + 1; i < next; i++) {
        if (!near(mix(all[at].box, all[next].box, (i - at) / (next - at)), all[i].box, slack)) return false;
      }
      return true;
    };
    while (to < end && fits(to + 1)) to++;
    keys.push(all[to]);
    at = to;
  }
  return keys;
}

// Runs of equal boxes, from keyframes.
function runs(keys, last, track, shape) {
  const out = [];
  const add = (first, end, box) => {
    const before = out.at(-1);
    if (before && before.frames[1] === first - 1 && before.box.every((v, i) => v === box[i])) before.frames[1] = end;
    else out.push({ track, frames: [first, end], shape, box });
  };
  keys.forEach(({ frame, box }, i) => {
    const next = keys[i + 1];
    if (!next) return add(frame, Math.max(frame, last), box);
    if (near(box, next.box)) return add(frame, next.frame - 1, box);
    for (let f = frame; f < next.frame; f++) add(f, f, mix(box, next.box, (f - frame) / (next.frame - frame)));
  });
  return out;
}

// The track is at this box in this frame; what lies between it and the keyframes beside it follows.
export function withKey(regions, track, frame, box) {
  const { keys, last } = keysOf(regions, track);
  const shape = boxAt(regions, track, frame).shape;
  const rest = keys.filter((key) => key.frame !== frame);
  const all = [...rest, { frame, box }].sort((a, b) => a.frame - b.frame);
  return [...others(regions, track), ...runs(all, Math.max(last, frame), track, shape)];
}

// All boxes of a track, each changed by `how(box)`.
export const mapped = (regions, track, how) => regions.map((r) => (r.track === track ? withBox(r, how(r.box)) : r));

// The track begins and ends at these frames; where it had no box, its nearest one holds.
export function withSpan(regions, track, first, last) {
  const all = runsOf(regions, track);
  const [from, to] = spanOf(regions, track);
  const cut = all.flatMap((run) => {
    const [a, b] = [Math.max(run.frames[0], first), Math.min(run.frames[1], last)];
    return a <= b ? [{ ...run, frames: [a, b] }] : [];
  });
  const held = (run, a, b) => ({ ...run, frames: [a, b] });
  if (!cut.length) {
    // Away from all that it was.
    const nearest = first > to ? all.at(-1) : all[0];
    return [...others(regions, track), held(nearest, first, last)];
  }
  if (first < from) cut[0] = held(cut[0], first, cut[0].frames[1]);
  if (last > to) cut[cut.length - 1] = held(cut.at(-1), cut.at(-1).frames[0], last);
  return [...others(regions, track), ...cut];
}

// Whether the track has no other box before this frame, or after it, than the one of this frame: such
// boxes were never placed.
export function heldAround(regions, track, frame) {
  const { box } = boxAt(regions, track, frame);
  const isHeld = (runs) => runs.every((run) => near(run.box, box));
  const all = runsOf(regions, track);
  return {
    before: isHeld(all.filter((run) => run.frames[0] < frame)),
    after: isHeld(all.filter((run) => run.frames[1] > frame)),
  };
}

// The track goes along these keyframes from the first to the last frame. `drop`: whether it loses the
// boxes before and after them.
export function withPath(regions, track, keys, [first, last], drop) {
  const kept = runsOf(regions, track).flatMap((run) => {
    const [a, b] = run.frames;
    const before = a < first && !drop.before ? [{ ...run, frames: [a, Math.min(b, first - 1)] }] : [];
    const after = b > last && !drop.after ? [{ ...run, frames: [Math.max(a, last + 1), b] }] : [];
    return [...before, ...after];
  });
  const { shape } = boxAt(regions, track, keys[0].frame);
  return [...others(regions, track), ...kept, ...runs(keys, last, track, shape)];
}

// From this frame on it is a track of its own, with this number.
export function split(regions, track, frame, number) {
  return regions.flatMap((r) => {
    if (r.track !== track || r.frames[1] < frame) return [r];
    if (r.frames[0] >= frame) return [{ ...r, track: number }];
    return [{ ...r, frames: [r.frames[0], frame - 1] }, { ...r, track: number, frames: [frame, r.frames[1]] }];
  });
}

// The track that goes on where this one ends: the one that begins soonest after, and nearest.
export function follower(regions, track) {
  const [, end] = spanOf(regions, track);
  const own = boxAt(regions, track, end).box;
  const tracks = [...new Set(regions.map((r) => r.track))].filter((t) => t != null && t !== track);
  const after = tracks.map((t) => ({ t, first: spanOf(regions, t)[0] })).filter(({ first }) => first > end);
  const cost = ({ t, first }) => {
    const [x, y, w, h] = boxAt(regions, t, first).box;
    const away = Math.hypot(x + w / 2 - own[0] - own[2] / 2, y + h / 2 - own[1] - own[3] / 2);
    return (first - end) + (10 * away) / Math.max(own[2], own[3]);
  };
  after.sort((a, b) => cost(a) - cost(b));
  return after[0]?.t ?? null;
}

// Both as one; the gap between them is interpolated.
export function joined(regions, track, other) {
  const both = regions.map((r) => (r.track === other ? { ...r, track } : r));
  const all = runsOf(both, track);
  const filled = [];
  for (const run of all) {
    const before = filled.at(-1);
    for (let f = (before?.frames[1] ?? run.frames[0]) + 1; f < run.frames[0]; f++) {
      const t = (f - before.frames[1]) / (run.frames[0] - before.frames[1]);
      // How writing lies there nobody knows: the whole box.
      filled.push({ ...run, frames: [f, f], box: mix(before.box, run.box, t), corners: undefined });
    }
    filled.push(run);
  }
  return [...others(both, track), ...filled];
}
