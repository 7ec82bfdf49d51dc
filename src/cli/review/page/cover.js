// How much of a face lies under regions, and which part of it shows: as `verify` counts it.

const GRID = 24;
// Shares from which a face, and what was not taken for one, count as covered.
const ENOUGH = 0.98;
const ENOUGH_OF_DOUBTFUL = 0.9;

const overlap = (a, b) => [0, 1].every((i) => a[i] < b[i] + b[i + 2] && b[i] < a[i] + a[i + 2]);

// The corners of a region that has four, unless its box was changed since: then the box counts, as for `apply`.
export function cornersOf({ shape, box, corners }) {
  if (shape !== "quad" || !corners) return null;
  const range = (k) => [Math.min(...corners.map((p) => p[k])), Math.max(...corners.map((p) => p[k]))];
  const same = [0, 1].every((k) => {
    const [low, high] = range(k);
    return Math.abs(low - box[k]) <= 0.5 && Math.abs(high - box[k] - box[k + 2]) <= 0.5;
  });
  return same ? corners : null;
}

// The region with another box. One that is only moved takes its corners along; of any other the whole box
// is covered.
export function withBox(region, box) {
  if (!region.corners) return { ...region, box };
  const corners = cornersOf(region);
  const isMoved = corners && [2, 3].every((k) => Math.abs(box[k] - region.box[k]) < 0.02);
  const moved = (p) => p.map((v, k) => Math.round((v + box[k] - region.box[k]) * 100) / 100);
  return { ...region, box, corners: isMoved ? corners.map(moved) : undefined };
}

export function holds(region, px, py) {
  const [x, y, w, h] = region.box;
  const corners = cornersOf(region);
  if (corners) {
    return corners.every(([ax, ay], i) => {
      const [bx, by] = corners[(i + 1) % 4];
      return (px - ax) * (by - ay) - (py - ay) * (bx - ax) <= 0;
    });
  }
  if (region.shape !== "ellipse") return x <= px && px < x + w && y <= py && py < y + h;
  const u = ((px - x) / w) * 2 - 1;
  const v = ((py - y) / h) * 2 - 1;
  return u * u + v * v <= 1;
}

// Of a face's box, or of the corners of writing, under the regions of its frame, in a picture of this size.
export function exposed(box, regions, { width, height }, corners) {
  const near = regions.filter((region) => overlap(region.box, box));
  const [x, y, w, h] = box;
  let [inside, open, across, down] = [0, 0, 0, 0];
  for (let j = 0; j < GRID; j++) {
    for (let i = 0; i < GRID; i++) {
      const [s, t] = [(i + 0.5) / GRID, (j + 0.5) / GRID];
      const [u, v] = [2 * s - 1, 2 * t - 1];
      const [px, py] = [x + w * s, y + h * t];
      const own = corners ? holds({ shape: "quad", box, corners }, px, py) : u * u + v * v <= 1;
      if (!own || px < 0 || py < 0 || px >= width || py >= height) continue;
      inside++;
      if (near.some((region) => holds(region, px, py))) continue;
      open++;
      across += u;
      down += v;
    }
  }
  if (!open) return { covered: 1, part: "" };
  return { covered: 1 - open / inside, part: part(across / open, down / open) };
}

function part(across, down) {
  if (Math.max(Math.abs(across), Math.abs(down)) < 0.2) return "";
  if (Math.abs(across) > Math.abs(down)) return across < 0 ? "left side" : "right side";
  return down < 0 ? "upper part" : "lower part";
}

export const isCovered = (seen, kind) => seen.covered >= (kind === "candidate" ? ENOUGH_OF_DOUBTFUL : ENOUGH);

export function words({ covered, part }) {
  if (covered <= 0) return "not covered";
  return `${Math.round(covered * 100)} % covered${part ? `, its ${part} shows` : ""}`;
}
