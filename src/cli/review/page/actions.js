// What can be done to a picture: each function makes one step that can be taken back.

import { withBox } from "./cover.js";
import { CAN_COVER, coverOf, openFindings, openSpans, placed, rounded, shapeOf } from "./marks.js";
import * as tracks from "./tracks.js";

const plain = (region) => JSON.parse(JSON.stringify(pick(region)));
const pick = ({ frame, track, frames, subject, shape, box, corners }) => ({ frame, track, frames, subject, shape, box, corners });
const CHOOSE = "Choose a covered box first; M goes through them.";
const CHOOSE_TRACK = "Choose a track of a video first; M goes through the boxes.";

export class Actions {
  #page;
  // The regions before a box is dragged or moved by keys, so that each step begins with them: the steps in
  // between are no keyframes.
  #before = null;

  // `page`: line, state, frame, mark, marks, timeline, margin, wholeTrack; change(after, what, group),
  // choose(key, reveal), which says what is chosen, select(key), which does not, say(text, shown).
  constructor(page) {
    this.#page = page;
  }

  #regions(regions, what, group = null) {
    this.#page.change({ regions }, what, group);
  }

  // --- Boxes --------------------------------------------------------------------------------------

  #insert(region, what) {
    const page = this.#page;
    const regions = [...page.state.regions, plain(region)];
    this.#regions(regions, what);
    page.select(`r${regions.length - 1}`);
  }

  get #last() {
    const { line, frame, timeline } = this.#page;
    return Math.min(line.frames - 1, frame + timeline.second);
  }

  draw(box) {
    const { line, state, frame } = this.#page;
    if (!line?.width) return;
    const region = { shape: shapeOf(line), box: rounded(box) };
    const text = line.backend
      ? "Box added for a second. Follow it (L), or go to where it ends and move it there."
      : "Box added; this place will be covered.";
    this.#insert(placed(region, line, state, frame, this.#last), text);
  }

  // Covers the chosen mark and goes on to the next that is not covered.
  cover() {
    const page = this.#page;
    const mark = page.mark;
    if (!mark || mark.kind === "region" || mark.kind === "ghost") {
      const open = page.marks.find((m) => m.kind !== "region" && m.kind !== "ghost");
      if (!open) return page.say("Nothing here is left to cover.", true);
      return page.choose(open.key, true);
    }
    if (!mark.box) return page.say("It has no place in the picture that could be covered.", true);
    const region = coverOf(mark, page.line, page.state, page.frame, this.#last, page.margin);
    const before = page.marks;
    const at = before.findIndex((m) => m.key === mark.key);
    this.#insert(region, mark.kind === "span" ? `Covered in frames ${mark.first} to ${mark.last}.` : "This place will be covered.");
    const open = page.marks.filter((m) => m.kind !== "region" && m.kind !== "ghost" && m.key !== mark.key);
    const later = new Set(before.slice(at + 1).map((m) => m.key));
    const next = open.find((m) => later.has(m.key)) ?? open[0];
    if (next) page.choose(next.key, true);
  }

  // The state of a picture with all its findings and open spans covered; null if there are none.
  static covered(line, state, margin, second) {
    let now = state;
    for (const span of openSpans(line, now)) {
      now = { ...now, regions: [...now.regions, coverOf(span, line, now, span.first, span.last, margin)] };
    }
    for (const finding of openFindings(line, now)) {
      if (!finding.box || !CAN_COVER.has(finding.what)) continue;
      // Its place may be covered by what was just added.
      if (!openFindings(line, now).some((f) => f.key === finding.key)) continue;
      const frame = finding.frame ?? 0;
      const half = Math.ceil(second / 2);
      const first = line.backend ? Math.max(0, frame - half) : frame;
      const last = Math.min(line.frames - 1, frame + half);
      now = { ...now, regions: [...now.regions, plain(coverOf(finding, line, now, first, last, margin))] };
    }
    return now === state ? null : now;
  }

  coverAll() {
    const page = this.#page;
    if (!page.state) return;
    const after = Actions.covered(page.line, page.state, page.margin, page.timeline.second);
    if (!after) return page.say("verify found nothing here that is open.", true);
    const added = after.regions.length - page.state.regions.length;
    page.select(null);
    page.change(after, `${added === 1 ? "1 place" : `${added} places`} will be covered.`);
  }

  remove(wholeTrack) {
    const page = this.#page;
    const mark = page.mark;
    if (mark?.kind !== "region" && !(mark?.kind === "ghost" && wholeTrack)) return page.say(CHOOSE, true);
    const whole = wholeTrack && mark.track != null;
    const { regions } = page.state;
    page.select(null);
    if (whole) {
      const stays = regions.filter((r) => r.track !== mark.track);
      return this.#regions(stays, `Track ${mark.track} deleted; it will not be covered.`);
    }
    this.#regions(regions.filter((_, i) => i !== mark.index), "Box deleted; this place will not be covered.");
  }

  shape() {
    const { mark, state, say } = this.#page;
    if (mark?.kind !== "region") return say(CHOOSE, true);
    const shape = mark.shape === "ellipse" ? "box" : "ellipse";
    const its = (r, i) => (mark.track != null ? r.track === mark.track : i === mark.index);
    this.#regions(state.regions.map((r, i) => (its(r, i) ? { ...r, shape } : r)), shape === "box" ? "Box" : "Ellipse");
  }

  // The box of a mark is here now. A track that a person drew goes through it; another one moves as a
  // whole if that is asked for.
  place(mark, box, group) {
    const { line, state, frame, wholeTrack } = this.#page;
    const to = rounded(box);
    const [x, y, w, h] = to.map(Math.round);
    const said = `${w} × ${h} at ${x}, ${y}`;
    const { track } = mark;
    if (track != null && wholeTrack) {
      const [ox, oy, ow, oh] = mark.box;
      const move = ([a, b, c, d]) => {
        const [nw, nh] = [(c * to[2]) / ow, (d * to[3]) / oh];
        const [cx, cy] = [a + c / 2 + to[0] + to[2] / 2 - ox - ow / 2, b + d / 2 + to[1] + to[3] / 2 - oy - oh / 2];
        return kept(rounded([cx - nw / 2, cy - nh / 2, nw, nh]), line);
      };
      return this.#regions(tracks.mapped(state.regions, track, move), `Track ${track}: ${said}`, group);
    }
    if (mark.kind === "ghost" || (tracks.isDrawn(line, track) && track != null)) {
      const isSame = group !== null && this.#before?.group === group && this.#before.frame === frame;
      if (!isSame || this.#before.made !== state.regions) this.#before = { group, frame, regions: state.regions };
      const regions = tracks.withKey(this.#before.regions, track, frame, to);
      this.#before.made = regions;
      this.#regions(regions, said, group);
      return this.#page.select(keyIn(regions, track, frame));
    }
    this.#regions(state.regions.map((r, i) => (i === mark.index ? withBox(r, to) : r)), said, group);
  }

  // --- Tracks -------------------------------------------------------------------------------------

  // A track, or a box without one, is covered from and to these frames; null leaves an end as it is.
  span(first, last, group = null, track = this.#page.mark?.track) {
    const { mark, line, state, frame, select, say } = this.#page;
    const most = line.frames - 1;
    const bound = (v) => Math.min(most, Math.max(0, v));
    const is = track != null ? tracks.spanOf(state.regions, track) : mark?.frames;
    if (!is) return say(CHOOSE_TRACK, true);
    let [a, b] = [bound(first ?? is[0]), bound(last ?? is[1])];
    if (a > b) [a, b] = first != null ? [a, a] : [b, b];
    const what = `Covered in frames ${a} to ${b}`;
    if (track == null) {
      return this.#regions(state.regions.map((r, i) => (i === mark.index ? { ...r, frames: [a, b] } : r)), what, group);
    }
    const regions = tracks.withSpan(state.regions, track, a, b);
    this.#regions(regions, what, group);
    select(keyIn(regions, track, frame) ?? `ghost${track}`);
  }

  split() {
    const { mark, line, state, frame, select, say } = this.#page;
    const track = mark?.kind === "region" ? mark.track : null;
    if (track == null) return say(CHOOSE_TRACK, true);
    const [first] = tracks.spanOf(state.regions, track);
    if (first >= frame) return say("The track begins here; there is nothing to split.", true);
    const number = tracks.newTrack(line, state.regions);
    const regions = tracks.split(state.regions, track, frame, number);
    this.#regions(regions, `Track ${track} ends before this frame; track ${number} begins here.`);
    select(keyIn(regions, number, frame));
  }

  join() {
    const { mark, state, frame, select, say } = this.#page;
    const track = mark?.track;
    if (track == null) return say(CHOOSE_TRACK, true);
    const other = tracks.follower(state.regions, track);
    if (other === null) return say("No track begins after this one ends.", true);
    const regions = tracks.joined(state.regions, track, other);
    const key = keyIn(regions, track, frame) ?? `ghost${track}`;
    this.#regions(regions, `Track ${other} is part of track ${track} now, and what lies between is covered.`);
    select(key);
  }
}

const keyIn = (regions, track, frame) => {
  const index = regions.findIndex((r) => r.track === track && tracks.isIn(r, frame));
  return index < 0 ? null : `r${index}`;
};

// At least a pixel of it in the picture.
function kept([x, y, w, h], { width, height }) {
  const [bw, bh] = [Math.max(1, w), Math.max(1, h)];
  return [Math.min(width - 1, Math.max(1 - bw, x)), Math.min(height - 1, Math.max(1 - bh, y)), bw, bh];
}
