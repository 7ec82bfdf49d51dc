// Everything that is drawn over a picture, from the report's line and the changes made to it: one list,
// the same for the eye, the keyboard and a screen reader.

const MARGIN = 1.7;
const ROOM = 1.5;

export const isIn = (mark, frame) =>
  mark.frames ? mark.frames[0] <= frame && frame <= mark.frames[1] : mark.frame == null || mark.frame === frame;

// The marks of one frame. `region` marks can be changed and know their `index`; others can be covered.
export function marksOf(line, state, frame) {
  const regions = state.regions.flatMap((region, index) =>
    isIn(region, frame) ? [{ ...region, kind: "region", index, key: `r${index}` }] : [],
  );
  for (const region of regions) region.score = scoreOf(line, region, frame);
  const open = (face) => isIn(face, frame) && !regions.some((region) => holds(region, face.box));
  const findings = (line.verify?.findings ?? []).filter((f) => f.box && isIn(f, frame));
  const others = [
    ...findings.map((f) => ({ ...f, kind: "finding" })),
    ...line.faces.filter(open).map((f) => ({ ...f, kind: "face" })),
    ...(line.rejected ?? []).filter(open).map((f) => ({ ...f, kind: "candidate" })),
  ];
  others.forEach((mark, i) => (mark.key = `${mark.kind}${i}`));
  // What a person has to judge comes first, and what was least sure.
  regions.sort((a, b) => (a.score ?? 2) - (b.score ?? 2));
  return [...others, ...regions];
}

// Whether the middle of a box lies in a mark.
function holds(mark, [x, y, w, h]) {
  const [mx, my, mw, mh] = mark.box;
  const cx = x + w / 2;
  const cy = y + h / 2;
  return mx <= cx && cx < mx + mw && my <= cy && cy < my + mh;
}

// How sure the detector was of the face that a region covers, if it covers one.
function scoreOf(line, region, frame) {
  const scores = line.faces.filter((f) => isIn(f, frame) && holds(region, f.box)).map((f) => f.score);
  return scores.length ? Math.max(...scores) : undefined;
}

const WORDS = {
  region: "Covered",
  candidate: "Perhaps a face",
  face: "Face, not covered",
  finding: "Found by verify",
};

export function describe(mark) {
  const [x, y, w, h] = mark.box.map(Math.round);
  const parts = [WORDS[mark.kind]];
  if (mark.kind === "region" && mark.track != null) parts.push(`track ${mark.track}`);
  if (mark.kind === "region") parts.push(mark.shape);
  if (mark.score != null) parts.push(`score ${mark.score.toFixed(2)}`);
  parts.push(`${w} × ${h} at ${x}, ${y}`);
  if (mark.reason) parts.push(mark.reason);
  return parts.join(", ");
}

export const title = (mark) => (mark.kind === "region" && mark.track != null ? `Track ${mark.track}` : WORDS[mark.kind]);

// The region that covers a face or a candidate: as large as `blur` would make it.
export function coverOf(mark, line, frame, last) {
  const [x, y, w, h] = mark.box;
  const finding = mark.kind === "finding";
  const [gw, gh] = finding ? [w * 1.2, h * 1.2] : [w * MARGIN + 2 * ROOM, h * MARGIN + 2 * ROOM];
  const region = {
    shape: line.regions[0]?.shape ?? "ellipse",
    box: rounded([x + w / 2 - gw / 2, y + h / 2 - gh / 2, gw, gh]),
  };
  return placed(region, line, frame, last);
}

// A region in its place in time: this frame of a photo that has several, from here to `last` in a video.
export function placed(region, line, frame, last) {
  if (line.backend != null) return { frames: [frame, Math.max(frame, last)], ...region };
  if (line.frames > 1) return { frame, ...region };
  return region;
}

export const rounded = (box) => box.map((v) => Math.round(v * 100) / 100);
