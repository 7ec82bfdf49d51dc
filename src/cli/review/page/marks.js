// Everything that is drawn over a picture, from the report's line and the changes made to it: one list,
// the same for the eye, the keyboard and a screen reader.

import { exposed, isCovered, words } from "./cover.js";
import { isIn, newTrack } from "./tracks.js";

// Masks of a run without flags; the page gets the margin of its run from the server.
const MARGIN = 1.7;
const ROOM = 1.5;
// Least margin around what verify found: it saw the face in a picture that was covered already.
const LEAST = 1.2;

// The marks of one frame. `region` marks can be changed and know their `index`; others can be covered.
export function marksOf(line, state, frame) {
  const regions = regionsOf(state, frame);
  for (const region of regions) region.score = scoreOf(line, region, frame);
  const others = uncovered(line, state, regions, frame);
  // What a person has to judge comes first, and what was least sure.
  regions.sort((a, b) => (a.score ?? 2) - (b.score ?? 2));
  return [...others, ...regions];
}

const regionsOf = (state, frame) =>
  state.regions.flatMap((region, index) =>
    isIn(region, frame) ? [{ ...region, kind: "region", index, key: `r${index}` }] : [],
  );

// Kinds of findings that a mask mends.
export const CAN_COVER = new Set(["face", "text", "object"]);

function uncovered(line, state, regions, frame) {
  const open = (kind) => (face, i) => {
    if (!face.box || !isIn(face, frame)) return [];
    const mark = { ...face, kind, key: `${kind}${i}`, what: face.kind };
    if (kind === "finding" && !CAN_COVER.has(face.kind)) return [mark];
    const seen = exposed(face.box, regions, line, face.corners);
    return isCovered(seen, kind) ? [] : [{ ...mark, shows: words(seen) }];
  };
  // In all its frames, also in those in which another mask happens to lie there.
  const spans = openSpans(line, state).filter(({ first, last }) => first <= frame && frame <= last);
  return [
    ...(line.verify?.findings ?? []).flatMap(open("finding")),
    ...spans,
    ...line.faces.flatMap(open("face")),
    ...(line.rejected ?? []).flatMap(open("candidate")),
  ];
}

// Findings that nothing covers, in all frames; those without a place are always among them. States are
// never changed in place, so that each is looked at once.
const known = new WeakMap();

export function openFindings(line, state) {
  if (known.get(state)?.line !== line) known.set(state, { line, open: findOpen(line, state) });
  return known.get(state).open;
}

function findOpen(line, state) {
  const byFrame = new Map();
  const at = (frame) => {
    if (!byFrame.has(frame)) byFrame.set(frame, regionsOf(state, frame));
    return byFrame.get(frame);
  };
  return (line.verify?.findings ?? []).flatMap((face, i) => {
    const mark = { ...face, kind: "finding", key: `finding${i}`, what: face.kind };
    if (!face.box || !CAN_COVER.has(face.kind)) return [mark];
    const seen = exposed(face.box, at(face.frame ?? 0), line);
    return isCovered(seen, "finding") ? [] : [{ ...mark, shows: words(seen) }];
  });
}

// Spans of a video in which a face may show, as long as some frame of it is open; `from`: the first such.
export function openSpans(line, state) {
  return (line.spans ?? []).flatMap((span, i) => {
    const [x, y, w, h] = span.box;
    const [px, py] = [x + w / 2, y + h / 2];
    const over = state.regions.filter(({ box: [a, b, c, d] }) => a <= px && px < a + c && b <= py && py < b + d);
    const runs = over.map((r) => r.frames ?? [0, Infinity]).sort((a, b) => a[0] - b[0]);
    let next = span.first;
    for (const [first, last] of runs) if (first <= next && last >= next) next = last + 1;
    return next > span.last ? [] : [{ ...span, kind: "span", key: `span${i}`, number: i, from: next }];
  });
}

// How sure the detector was of the face that a region covers, if it covers one.
function scoreOf(line, region, frame) {
  const [x, y, w, h] = region.box;
  const inside = ([fx, fy, fw, fh]) => x <= fx + fw / 2 && fx + fw / 2 < x + w && y <= fy + fh / 2 && fy + fh / 2 < y + h;
  const scores = line.faces.filter((f) => isIn(f, frame) && inside(f.box)).map((f) => f.score);
  return scores.length ? Math.max(...scores) : undefined;
}

const WORDS = {
  region: "Covered",
  candidate: "Perhaps a face",
  face: "Face, not covered",
  finding: "Found by verify",
  span: "Open span",
  ghost: "Not covered here",
};

const WRITING = { region: "Writing, covered", face: "Writing, not covered" };

export function describe(mark) {
  const [x, y, w, h] = mark.box.map(Math.round);
  const parts = [mark.subject === "text" ? WRITING[mark.kind] ?? WORDS[mark.kind] : WORDS[mark.kind]];
  if (mark.subject?.startsWith("object:")) parts.push(mark.subject.slice(7));
  if (mark.kind !== "span" && mark.track != null) parts.push(`track ${mark.track}`);
  if (mark.kind === "region") parts.push(mark.shape);
  if (mark.kind === "span") parts.push(`frames ${mark.first} to ${mark.last}`);
  if (mark.score != null) parts.push(`score ${mark.score.toFixed(2)}`);
  if (mark.shows) parts.push(mark.shows);
  parts.push(`${w} × ${h} at ${x}, ${y}`);
  if (mark.reason && !mark.shows) parts.push(mark.reason);
  return parts.join(", ");
}

// What a title does not say.
export function details(mark) {
  const [x, y, w, h] = mark.box.map(Math.round);
  const parts = [mark.kind === "region" ? mark.shape : mark.shows, `${w} × ${h} at ${x}, ${y}`];
  return parts.filter((part) => part).join(", ");
}

export const title = (mark) => {
  if ((mark.kind === "region" || mark.kind === "ghost") && mark.track != null) return `Track ${mark.track}`;
  return WORDS[mark.kind];
};

// What shows there.
export function thing({ what, subject }) {
  if (what === "text" || subject === "text") return "writing";
  return what === "object" || subject?.startsWith("object:") ? "an object" : "a face";
}

// One line about a finding.
export function sentence(mark) {
  const where = [mark.place, mark.frame == null ? null : `frame ${mark.frame}`].filter((part) => part);
  const what = mark.shows ? `${thing(mark)}, ${mark.shows}` : mark.reason;
  return where.length ? `${where.join(", ")}: ${what}` : what;
}

// The region that covers a mark: as large as the run that wrote the report would make it.
export function coverOf(mark, line, state, frame, last, margin = MARGIN) {
  const [x, y, w, h] = mark.box;
  const factor = mark.kind === "finding" ? Math.max(margin, LEAST) : margin;
  const [gw, gh] = [w * factor + 2 * ROOM, h * factor + 2 * ROOM];
  const region = {
    shape: thing(mark) === "a face" ? shapeOf(line) : "box",
    box: rounded([x + w / 2 - gw / 2, y + h / 2 - gh / 2, gw, gh]),
  };
  if (mark.kind === "span") return { track: newTrack(line, state.regions), frames: [mark.first, mark.last], ...region };
  return placed(region, line, state, frame, last);
}

export const shapeOf = (line) => line.regions[0]?.shape ?? "ellipse";

// A region in its frames: this frame of a photo that has several, from here to `last` in a video.
export function placed(region, line, state, frame, last) {
  if (line.backend != null) return { track: newTrack(line, state.regions), frames: [frame, Math.max(frame, last)], ...region };
  if (line.frames > 1) return { frame, ...region };
  return region;
}

export const rounded = (box) => box.map((v) => Math.round(v * 100) / 100);
