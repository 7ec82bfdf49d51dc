// The page: which picture is shown, and how its parts work together.

import { Actions } from "./actions.js";
import * as api from "./api.js";
import { choose, chooseNext, goTo, nextSpan, openSpan, pick, select, turnTrack } from "./choice.js";
import { Dialogs } from "./dialogs.js";
import { follow, isFollowing, stop } from "./follow.js";
import { Grid } from "./grid.js";
import { listen } from "./keys.js";
import { List } from "./list.js";
import { arrange, coverEverywhere, coveredIn, gridDo, gridKeep, isGrid, leaveList, showGrid, shrink, turnList } from "./listing.js";
import { describe, openFindings } from "./marks.js";
import { $, alarm, count, frame, guard, line, mark, marks, page, pictures, say, spans, state } from "./page.js";
import { Panel } from "./panel.js";
import { USUAL, address, showPicture, sideShown } from "./picture.js";
import { Stage } from "./stage.js";
import { Sync } from "./sync.js";
import { Timeline } from "./timeline.js";

const { edits, lines } = page;
let command = "";
let saving = false;
let turn = 0;

const list = new List($("list"), $("rows"), (id) => open(id));
const grid = new Grid($("grid"), $("cells"), {
  open: (id) => {
    showGrid(false);
    open(id);
  },
  changed: (n) => ($("chosen-text").textContent = n ? `${n} chosen` : "None chosen"),
});
const stage = new Stage($("stage"), $("picture"), $("boxes"), {
  choose: (key) => choose(key),
  draw: (box) => actions.draw(box),
  change: (key, box, group) => place(key, box, group),
  zoomed: () => showPicture(),
  space: () => timeline.toggle(),
});
const timeline = new Timeline(
  {
    box: $("timeline"),
    spans: $("spans"),
    lanes: $("lanes"),
    slider: $("frame"),
    text: $("frame-text"),
    play: $("play"),
    back: $("back"),
    forward: $("forward"),
    speed: $("speed"),
    next: $("next-span"),
  },
  {
    frame: () => showFrame(),
    pick: (key, at) => pick(key, at),
    span: (track, first, last, group) => actions.span(first, last, group, track),
    open: (number) => openSpan(number),
    turn: (by) => turnTrack(by),
    ahead: (at) => {
      if (at < line().frames) new Image().src = address(page.current, at);
    },
  },
);
const panel = new Panel({
  choose: (key) => choose(key, true),
  next: (by) => chooseNext(by),
  place: (key, box) => place(key, stage.inside(box), null),
  span: (first, last) => actions.span(first, last),
  finding: (it) => goTo(it),
});
const dialogs = new Dialogs({
  apply: guard(() => sync.apply()),
  open: (id) => open(id),
  offer: guard(async (take) => {
    await sync.offer(take);
    await sync.refresh();
    if (take) say("Taken over. They are not saved yet.", true);
  }),
  copied: () => say("Copied.", true),
});
const sync = new Sync(edits, {
  rows: (items) => items.forEach(update),
  adopt: (id, mine) => adopt(id, mine),
  lost: (isLost) => {
    $("lost").textContent = isLost ? "faceveil was ended in its terminal. Your changes are kept and offered when it is started again; this page cannot do more." : "";
    $("lost").hidden = !isLost;
    if (!isLost) sync.touch();
    render();
  },
  trouble: (message) => alarm(message),
  run: (progress) => dialogs.run(progress),
  repeated: () => alarm("The address that was given to the browser was used a second time. If that was not you, somebody else sees this page: end faceveil in its terminal and start it anew."),
});

Object.assign(page, { list, grid, stage, timeline, panel, dialogs, sync });

// --- Which picture --------------------------------------------------------------------------------

const stateOf = ({ regions, reviewed }) => ({ regions, reviewed: reviewed ?? false });

export async function load(id) {
  if (edits.has(id)) return;
  const { line, saved, revision, rate } = await api.item(id);
  if (edits.has(id)) return;
  line.rate = rate;
  lines.set(id, line);
  edits.load(id, stateOf(line), stateOf(saved ?? line), revision);
}

// Another window changed it, or the server did not take what this one did.
async function adopt(id, mine) {
  const { line, saved, revision, rate } = await api.item(id);
  line.rate = rate;
  lines.set(id, line);
  edits.adopt(id, stateOf(line), stateOf(saved ?? line), revision);
  if (mine) alarm(`${line.input} was changed in another window; the last change made here was not taken.`);
  if (id === page.current) {
    page.chosen = null;
    render();
    showPicture();
  }
}

// What the list says of a picture.
function update(row) {
  const item = page.byId.get(row.id);
  Object.assign(item, row);
  list.refresh(row.id);
  grid.refresh(item);
  if (row.id === page.current) {
    $("why").textContent = item.why;
    // Its output may show what it is now, or not any more.
    if (page.side === "output") showPicture();
  }
  renderHeader();
}

export const open = guard(async (id, atFrame = null) => {
  const mine = ++turn;
  page.current = id;
  page.painted = null;
  page.chosen = page.chosenTrack = null;
  const item = page.byId.get(id);
  list.choose(id);
  timeline.stop();
  $("name").textContent = item.name;
  $("why").textContent = item.why;
  document.title = `${item.name} – faceveil review`;
  await load(id);
  if (mine !== turn) return;
  const it = line();
  alarm("");
  stage.open({ width: it.width, height: it.height });
  timeline.open(Math.max(1, it.frames), it.rate, atFrame ?? item.frame);
  render();
  say(`${item.name}, ${item.why}, ${count(marks(), "region")} covered`);
  await showPicture();
  prefetch();
});

async function showFrame() {
  const shown = marks();
  const still = shown.find((m) => page.chosenTrack !== null && m.track === page.chosenTrack) ?? shown.find((m) => m.key === page.chosen);
  page.chosen = still?.key ?? null;
  render();
  await showPicture();
}

function prefetch() {
  const next = list.items[list.place + 1];
  if (!next?.width) return;
  load(next.id).catch(() => {});
  new Image().src = api.picture(next.id, "original", next.frame, USUAL);
}

function go(by) {
  const item = list.items[list.place + by];
  if (!item) return say(by > 0 ? "This is the last picture of this view." : "This is the first picture of this view.", true);
  open(item.id);
  shrink();
}

// --- What is changed ------------------------------------------------------------------------------

function change(after, what, group = null) {
  edits.change(page.current, { ...state(), ...after }, what, group);
  changed([page.current]);
  if (group === null) say(what, true);
}

export function changed(ids) {
  for (const id of ids) {
    const item = page.byId.get(id);
    item.reviewed = edits.state(id).reviewed;
    item.changed = edits.isChanged(id);
    list.refresh(id);
    grid.refresh(item);
  }
  sync.touch();
  render();
  if (page.side === "output" && ids.includes(page.current)) showPicture();
}

const actions = new Actions({
  get line() { return line(); },
  get state() { return state(); },
  get frame() { return frame(); },
  get mark() { return mark(); },
  get marks() { return marks(); },
  get margin() { return page.margin; },
  get wholeTrack() { return page.wholeTrack; },
  timeline,
  change,
  say,
  choose,
  select,
});

function place(key, box, group) {
  const it = marks().find((m) => m.key === key) ?? mark();
  if (it) actions.place(it, box, group);
}

function keep() {
  if (!state()) return;
  if (!line().width || !$("trouble").hidden) return say("There is no picture to show, so it cannot be kept.", true);
  if (page.painted !== page.current) return say("The picture is not shown yet.", true);
  const open = (item, i) => i > list.place && !item.reviewed;
  if (!state().reviewed) change({ reviewed: true }, "Kept.");
  let next = list.items.findIndex(open);
  if (next < 0) next = list.items.findIndex((item) => !item.reviewed);
  if (next >= 0) return go(next - list.place);
  say("Kept. All pictures of this view are kept.", true);
}

const step = guard(async (which) => {
  const done = which === "undo" ? edits.undo() : edits.redo();
  if (!done) return say(which === "undo" ? "Nothing to take back." : "Nothing to do again.", true);
  const ids = done.all.map(({ id }) => id);
  page.chosen = null;
  changed(ids);
  if (!ids.includes(page.current) && $("many").hidden) await open(ids[0]);
  say(which === "undo" ? `Taken back: ${done.what}` : `Done again: ${done.what}`, true);
});

const save = guard(async () => {
  const waiting = page.all.filter((item) => item.changed).length;
  if (!waiting || saving) return;
  saving = true;
  render();
  try {
    await sync.save();
    await sync.refresh();
    for (const item of page.all) {
      if (edits.has(item.id)) item.changed = edits.isChanged(item.id);
    }
    alarm("");
    say(`Saved: ${waiting} of ${page.all.length} lines of the report changed.`, true);
  } finally {
    saving = false;
    render();
  }
});

// --- What is shown --------------------------------------------------------------------------------

function renderHeader() {
  const waiting = page.all.filter((item) => item.changed).length;
  $("save").disabled = !waiting || saving || sync.isLost;
  $("save").textContent = saving ? "Saving …" : waiting ? `Save (${waiting})` : "Save";
  dialogs.unsaved(waiting);
  $("undo").disabled = !edits.canUndo;
  $("redo").disabled = !edits.canRedo;
  const kept = page.all.filter((item) => item.reviewed).length;
  $("progress").max = Math.max(1, page.all.length);
  $("progress").value = kept;
  $("progress-text").textContent = `${kept.toLocaleString("en")} of ${page.all.length.toLocaleString("en")} kept`;
}

export function render() {
  renderHeader();
  if (!line() || !state()) return;
  const shown = marks();
  const it = shown.find((m) => m.key === page.chosen) ?? null;
  $("picture").alt = `${page.byId.get(page.current).name}, ${count(shown, "region")} covered`;
  $("keep").textContent = state().reviewed ? "Kept ✓ – next" : "Looks right – next";
  $("keep").classList.toggle("done", state().reviewed);
  $("stage").classList.toggle("is-output", page.side === "output");
  stage.show(shown, page.chosen);
  const open = spans();
  timeline.show(line(), state(), open, it);
  panel.marks(shown, page.chosen, timeline.isOpen ? frame() : null);
  panel.details(it);
  panel.findings(openFindings(line(), state()), open);
}

function turnSide() {
  page.side = page.side === "original" ? "output" : "original";
  $("output").setAttribute("aria-pressed", String(page.side === "output"));
  say(page.side === "original" ? "Original" : sideShown() === "preview" ? "After apply" : "Output");
  render();
  showPicture();
}

function turnMarks() {
  stage.hidden = !stage.hidden;
  $("hide").setAttribute("aria-pressed", String(stage.hidden));
  say(stage.hidden ? "Boxes are hidden." : "Boxes are shown.");
}

function turnWhole() {
  page.wholeTrack = !page.wholeTrack;
  $("whole").setAttribute("aria-pressed", String(page.wholeTrack));
  say(page.wholeTrack ? "Moving a box moves its whole track." : "Moving a box moves it in this frame.", true);
}

function turnDrawing() {
  stage.drawing = !stage.drawing;
  $("draw").setAttribute("aria-pressed", String(stage.drawing));
  say(stage.drawing ? "A finger draws and moves boxes." : "A finger moves the view.", true);
}

// --- Keys -----------------------------------------------------------------------------------------

const KEYS = {
  k: () => (isGrid() ? gridKeep() : keep()),
  n: () => go(1),
  p: () => go(-1),
  m: () => chooseNext(1),
  M: () => chooseNext(-1),
  d: () => actions.draw(stage.middle()),
  c: () => actions.cover(),
  f: () => (isGrid() ? $("grid-cover").click() : actions.coverAll()),
  F: coverEverywhere,
  s: () => actions.shape(),
  u: () => step("undo"),
  U: () => step("redo"),
  o: () => (isGrid() ? $("grid-side").click() : turnSide()),
  h: turnMarks,
  v: () => showGrid(!isGrid()),
  g: nextSpan,
  t: turnWhole,
  x: () => actions.split(),
  j: () => actions.join(),
  "/": () => $("search").select(),
  " ": () => timeline.toggle(),
  l: () => follow(change),
  Escape: () => (isFollowing() ? stop() : isGrid() ? grid.chooseNone() : choose(null)),
  Delete: (shift) => actions.remove(shift),
  Backspace: () => actions.remove(false),
  "+": () => stage.zoomBy(1.5),
  "=": () => stage.zoomBy(1.5),
  "-": () => stage.zoomBy(1 / 1.5),
  0: () => stage.fit(),
  z: () => (mark() ? stage.closeTo(mark().box) : say("Choose a box first; M goes through them.", true)),
  ",": () => timeline.isOpen && timeline.step(-1),
  ".": () => timeline.isOpen && timeline.step(1),
  "<": () => timeline.isOpen && timeline.step(-10),
  ">": () => timeline.isOpen && timeline.step(10),
  PageUp: () => timeline.isOpen && timeline.step(-timeline.second),
  PageDown: () => timeline.isOpen && timeline.step(timeline.second),
  "[": () => actions.span(frame(), null),
  "]": () => actions.span(null, frame()),
  "?": () => dialogs.help(),
};

listen({
  keys: KEYS,
  repeats: ["n", "p", "m", "M", ",", ".", "<", ">", "+", "-", "=", "PageUp", "PageDown"],
  control: {
    s: save,
    z: (shift) => step(shift ? "redo" : "undo"),
    y: () => step("redo"),
    a: () => isGrid() && $("grid-all").click(),
  },
  isOn: () => $("keys-on").checked,
  before: () => alarm(""),
  arrow: (event) => {
    const it = mark();
    if (event.target !== $("stage") || !["region", "ghost"].includes(it?.kind)) return false;
    const group = it.track != null ? `keys track ${it.track}` : `keys ${it.key}`;
    place(it.key, stage.nudge(it.box, event.key, event), group);
    if (mark()) say(describe(mark()));
    return true;
  },
});

// --- Wiring ---------------------------------------------------------------------------------------

const click = (id, act) => $(id).addEventListener("click", act);
click("keep", keep);
click("next", () => go(1));
click("previous", () => go(-1));
click("add", () => {
  actions.draw(stage.middle());
  $("stage").focus();
});
click("draw", turnDrawing);
click("cover", () => actions.cover());
click("cover-all", () => actions.coverAll());
click("delete", () => actions.remove(false));
click("delete-track", () => actions.remove(true));
click("shape", () => actions.shape());
click("whole", turnWhole);
click("follow", () => follow(change));
click("split", () => actions.split());
click("join", () => actions.join());
click("output", turnSide);
click("hide", turnMarks);
click("larger", () => stage.zoomBy(1.5));
click("smaller", () => stage.zoomBy(1 / 1.5));
click("fit", () => stage.fit());
click("close-to", () => KEYS.z());
click("next-span", nextSpan);
click("undo", () => step("undo"));
click("redo", () => step("redo"));
click("save", save);
click("apply", () => dialogs.apply(command));
click("grid-on", () => showGrid(!isGrid()));
click("grid-off", () => showGrid(false));
click("grid-keep", gridKeep);
click("grid-cover", () => gridDo(coveredIn, (n) => `Findings covered in ${pictures(n)}.`));
click("grid-clear", () => gridDo((_, now) => (now.regions.length ? { ...now, regions: [] } : null), (n) => `All covers of ${pictures(n)} deleted.`));
click("grid-all", () => {
  const unseen = grid.chooseAll();
  if (unseen) say(`${unseen} were not shown yet and are not chosen; scroll to see them.`, true);
});
click("grid-none", () => grid.chooseNone());
click("grid-side", () => {
  grid.side = grid.side === "output" ? "original" : "output";
  $("grid-side").setAttribute("aria-pressed", String(grid.side === "original"));
});
click("toggle-list", () => turnList(!document.body.classList.contains("list-open")));
click("rows", leaveList);
$("filter").addEventListener("change", arrange);
$("order").addEventListener("change", arrange);
$("search").addEventListener("input", arrange);
$("search").addEventListener("keydown", (event) => {
  if (event.key === "Enter") $("list").focus();
});
window.addEventListener("beforeunload", (event) => {
  // Everything else is kept by the server.
  if (edits.unsent().length) event.preventDefault();
});

guard(async () => {
  const report = await api.list();
  command = report.apply;
  page.margin = report.margin;
  page.all = report.items;
  page.byId = new Map(page.all.map((item) => [item.id, item]));
  sync.start(report.latest);
  render();
  arrange();
  if (!page.all.length) $("progress-text").textContent = "The report has no files.";
  if (report.offered[0]) dialogs.offer(...report.offered);
  document.documentElement.dataset.ready = "yes";
})();
