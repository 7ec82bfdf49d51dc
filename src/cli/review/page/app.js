// The page: what is shown, what the keys do, and what is saved.

import * as api from "./api.js";
import { Edits } from "./edits.js";
import { listen } from "./keys.js";
import { List } from "./list.js";
import { coverOf, describe, marksOf, placed, rounded } from "./marks.js";
import { Panel } from "./panel.js";
import { Stage } from "./stage.js";
import { Timeline } from "./timeline.js";

const $ = (id) => document.getElementById(id);
// Longest sides that are asked for: what fits most screens, and what shows small faces.
const USUAL = 1600;
const SHARP = 4096;

const edits = new Edits();
const lines = new Map();
let all = [];
let byId = new Map();
let command = "";
let current = null;
let chosen = null;
let side = "original";
let saving = false;
let turn = 0;

const list = new List($("list"), $("rows"), (id) => open(id));
const stage = new Stage($("stage"), $("picture"), $("boxes"), {
  choose: (key) => choose(key),
  draw: (box) => draw(box),
  change: (key, box, group) => place(key, box, group),
  zoomed: () => showPicture(),
});
const timeline = new Timeline(
  { box: $("timeline"), lanes: $("lanes"), slider: $("frame"), text: $("frame-text"), play: $("play"), back: $("back"), forward: $("forward") },
  { frame: () => showFrame() },
);

const panel = new Panel({
  choose: (key) => choose(key, true),
  next: (by) => chooseNext(by),
  place: (key, box) => place(key, stage.inside(box), null),
  span: (first, last) => span(first, last),
  frame: (n) => timeline.go(n),
});

// --- What is said ---------------------------------------------------------------------------------

// For a screen reader; what everybody should notice is shown for a while as well.
let fading = 0;
function say(text, shown = false) {
  $("says").textContent = text;
  $("says").classList.toggle("shown", shown);
  clearTimeout(fading);
  fading = setTimeout(() => $("says").classList.remove("shown"), 5000);
}

function alarm(text) {
  $("alarm").textContent = text;
}

function guard(action) {
  return async (...args) => {
    try {
      return await action(...args);
    } catch (error) {
      alarm(error.message);
      return undefined;
    }
  };
}

// --- Which picture --------------------------------------------------------------------------------

const line = () => lines.get(current);
const state = () => edits.state(current);
const frame = () => (timeline.isOpen ? timeline.frame : 0);
const marks = () => (line() && state() ? marksOf(line(), state(), frame()) : []);
const mark = () => marks().find((m) => m.key === chosen) ?? null;

async function load(id) {
  if (lines.has(id)) return;
  const { line, revision, rate } = await api.item(id);
  if (lines.has(id)) return;
  line.rate = rate;
  lines.set(id, line);
  edits.load(id, { regions: line.regions, reviewed: byId.get(id).reviewed }, revision);
}

const open = guard(async (id, atFrame = null) => {
  const mine = ++turn;
  current = id;
  chosen = null;
  const item = byId.get(id);
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
  if (side === "output" && !item.output) setSide("original");
  $("output").disabled = !item.output;
  panel.findings(line(), timeline.isOpen);
  render();
  say(`${item.name}, ${item.why}, ${count(marks(), "region")} covered`);
  await showPicture();
  prefetch();
});

const count = (of, kind) => of.filter((m) => m.kind === kind).length;

let asked = "";
const showPicture = guard(async () => {
  const it = line();
  if (!it?.width) {
    stage.clear();
    asked = "";
    trouble(it?.error ?? "There is no picture to show.");
    return;
  }
  const longest = stage.zoom > 1.3 ? SHARP : USUAL;
  const address = api.picture(current, side, frame(), longest);
  if (address === asked) return;
  asked = address;
  const loading = setTimeout(() => $("stage").classList.add("loading"), 150);
  try {
    if (await stage.picture(address)) trouble("");
  } catch {
    asked = "";
    trouble(await reason(address));
  } finally {
    clearTimeout(loading);
    if (asked === address || asked === "") $("stage").classList.remove("loading");
  }
});

// What the server said instead of a picture.
async function reason(address) {
  try {
    const response = await fetch(address);
    return response.ok ? "The picture cannot be shown." : await response.text();
  } catch {
    return "faceveil does not answer: it was ended in its terminal.";
  }
}

function trouble(text) {
  $("trouble").textContent = text;
  $("trouble").hidden = !text;
}

async function showFrame() {
  if (!marks().some((m) => m.key === chosen)) chosen = null;
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
  if (item) open(item.id);
  else say(by > 0 ? "This is the last picture of this view." : "This is the first picture of this view.", true);
}

// --- What is changed ------------------------------------------------------------------------------

function change(after, what, group = null) {
  edits.change(current, { ...state(), ...after }, what, group);
  byId.get(current).reviewed = state().reviewed;
  changed(current);
  if (group === null) say(what, true);
}

function changed(id) {
  const item = byId.get(id);
  item.changed = edits.isChanged(id);
  list.refresh(id);
  render();
}

const withRegion = (index, region) => state().regions.map((r, i) => (i === index ? region : r));
const plain = ({ frame, track, frames, shape, box }) => JSON.parse(JSON.stringify({ frame, track, frames, shape, box }));

function place(key, box, group) {
  const region = state().regions[Number(key.slice(1))];
  if (key[0] !== "r" || !region) return;
  const to = rounded(box);
  const [x, y, w, h] = to.map(Math.round);
  change({ regions: withRegion(Number(key.slice(1)), { ...region, box: to }) }, `${w} × ${h} at ${x}, ${y}`, group);
}

function insert(region, what) {
  const regions = [...state().regions, plain(region)];
  chosen = `r${regions.length - 1}`;
  change({ regions }, what);
}

const lastOf = () => Math.min(line().frames - 1, frame() + timeline.second);

function draw(box) {
  if (!line()?.width) return;
  insert(placed({ shape: line().regions[0]?.shape ?? "ellipse", box: rounded(box) }, line(), frame(), lastOf()), "Box added; this place will be covered.");
}

function cover() {
  const it = mark();
  if (!it || it.kind === "region") return say("Choose a box that is not covered; M goes through them.", true);
  insert(coverOf(it, line(), frame(), lastOf()), "This place will be covered.");
}

function remove(wholeTrack) {
  const it = mark();
  if (it?.kind !== "region") return say("Choose a covered box to delete it; M goes through them.", true);
  const track = wholeTrack ? it.track : undefined;
  const stays = (r, i) => (track == null ? i !== it.index : r.track !== track);
  chosen = null;
  change({ regions: state().regions.filter(stays) }, track == null ? "Box deleted; this place will not be covered." : `Track ${track} deleted; it will not be covered.`);
}

function turnShape() {
  const it = mark();
  if (it?.kind !== "region") return say("Choose a covered box first.", true);
  const shape = it.shape === "ellipse" ? "box" : "ellipse";
  change({ regions: withRegion(it.index, { ...state().regions[it.index], shape }) }, shape === "box" ? "Box" : "Ellipse");
}

function span(first, last, group = null) {
  const it = mark();
  if (!it?.frames) return say("Choose a covered box of a video first.", true);
  const most = line().frames - 1;
  const a = Math.min(most, Math.max(0, first ?? it.frames[0]));
  const b = Math.min(most, Math.max(0, last ?? it.frames[1]));
  const frames = first != null ? [a, Math.max(a, b)] : [Math.min(a, b), b];
  change({ regions: withRegion(it.index, { ...state().regions[it.index], frames }) }, `Covered in frames ${frames[0]} to ${frames[1]}`, group);
}

function keep() {
  if (!state()) return;
  if (!state().reviewed) change({ reviewed: true }, "Kept.");
  const open = list.items.findIndex((item, i) => i > list.place && !item.reviewed);
  if (open >= 0) go(open - list.place);
  else if (list.items.some((item) => !item.reviewed)) go(list.items.findIndex((item) => !item.reviewed) - list.place);
  else say("Kept. All pictures of this view are kept.", true);
}

const step = guard(async (which) => {
  const done = which === "undo" ? edits.undo() : edits.redo();
  if (!done) return say(which === "undo" ? "Nothing to take back." : "Nothing to do again.", true);
  byId.get(done.id).reviewed = edits.state(done.id).reviewed;
  if (done.id !== current) await open(done.id);
  chosen = null;
  changed(done.id);
  say(which === "undo" ? `Taken back: ${done.what}` : `Done again: ${done.what}`, true);
});

const save = guard(async () => {
  const changes = edits.changes();
  if (!changes.length || saving) return;
  saving = true;
  render();
  try {
    const { revisions } = await api.save(changes);
    edits.settle(changes, revisions);
    for (const { id } of changes) {
      byId.get(id).changed = edits.isChanged(id);
      list.refresh(id);
    }
    alarm("");
    say(`Saved: ${changes.length} of ${all.length} lines of the report changed.`, true);
  } finally {
    saving = false;
    render();
  }
});

// --- What is shown --------------------------------------------------------------------------------

function choose(key, reveal = false) {
  chosen = key;
  const it = mark();
  if (it && reveal) stage.centreOn(it.box);
  render();
  if (it) say(describe(it));
}

function chooseNext(by) {
  const keys = marks().map((m) => m.key);
  if (!keys.length) return say("There is no box on this picture. D adds one.", true);
  const at = keys.indexOf(chosen);
  choose(keys[at < 0 ? (by > 0 ? 0 : keys.length - 1) : (at + by + keys.length) % keys.length], true);
}

function render() {
  const waiting = edits.changedIds().length;
  $("save").disabled = !waiting || saving;
  $("save").textContent = saving ? "Saving …" : waiting ? `Save (${waiting})` : "Save";
  $("undo").disabled = !edits.canUndo;
  $("redo").disabled = !edits.canRedo;
  const kept = all.filter((item) => item.reviewed).length;
  $("progress").max = Math.max(1, all.length);
  $("progress").value = kept;
  $("progress-text").textContent = `${kept.toLocaleString("en")} of ${all.length.toLocaleString("en")} kept`;
  if (!line() || !state()) return;
  const shown = marks();
  $("picture").alt = `${byId.get(current).name}, ${count(shown, "region")} covered`;
  $("keep").textContent = state().reviewed ? "Kept ✓" : "Keep";
  $("keep").classList.toggle("done", state().reviewed);
  stage.show(shown, chosen);
  timeline.lanes(line(), state(), mark());
  panel.marks(shown, chosen, timeline.isOpen ? frame() : null);
  panel.details(mark());
}

function setSide(to) {
  side = to;
  $("output").setAttribute("aria-pressed", String(to === "output"));
  $("side-label").hidden = to !== "output";
  $("stage").classList.toggle("is-output", to === "output");
}

function turnSide() {
  if ($("output").disabled) return say("This file has no output that can be shown.", true);
  setSide(side === "original" ? "output" : "original");
  say(side === "output" ? "Output" : "Original");
  render();
  showPicture();
}

function arrange() {
  const shows = {
    all: () => true,
    open: (item) => !item.reviewed,
    findings: (item) => item.level === "finding",
    nofaces: (item) => item.regions === 0,
    videos: (item) => item.video,
    changed: (item) => item.changed,
  }[$("filter").value];
  const items = all.filter(shows);
  if ($("order").value === "name") items.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  $("none").hidden = items.length > 0;
  list.show(items, current);
  if (items.length && list.place < 0) open(items[0].id);
}

// --- Keys -----------------------------------------------------------------------------------------

const KEYS = {
  k: keep,
  n: () => go(1),
  p: () => go(-1),
  m: () => chooseNext(1),
  M: () => chooseNext(-1),
  d: () => draw(stage.middle()),
  c: cover,
  s: turnShape,
  u: () => step("undo"),
  U: () => step("redo"),
  o: turnSide,
  Escape: () => choose(null),
  Delete: (shift) => remove(shift),
  Backspace: () => remove(false),
  "+": () => stage.zoomBy(1.5),
  "=": () => stage.zoomBy(1.5),
  "-": () => stage.zoomBy(1 / 1.5),
  0: () => stage.fit(),
  z: () => (mark() ? stage.closeTo(mark().box) : say("Choose a box first; M goes through them.", true)),
  ",": () => timeline.isOpen && timeline.step(-1),
  ".": () => timeline.isOpen && timeline.step(1),
  "<": () => timeline.isOpen && timeline.step(-10),
  ">": () => timeline.isOpen && timeline.step(10),
  "[": () => span(frame(), null),
  "]": () => span(null, frame()),
  "?": () => $("help-dialog").showModal(),
};

listen({
  keys: KEYS,
  control: { s: save, z: (shift) => step(shift ? "redo" : "undo"), y: () => step("redo") },
  isOn: () => $("keys-on").checked,
  before: () => alarm(""),
  arrow: (event) => {
    const it = mark();
    if (event.target !== $("stage") || it?.kind !== "region") return false;
    place(it.key, stage.nudge(state().regions[it.index].box, event.key, event), `keys ${it.key}`);
    say(describe(mark()));
    return true;
  },
});

// --- Wiring ---------------------------------------------------------------------------------------

const click = (id, act) => $(id).addEventListener("click", act);
click("keep", keep);
click("next", () => go(1));
click("previous", () => go(-1));
click("add", () => {
  draw(stage.middle());
  $("stage").focus();
});
click("cover", cover);
click("delete", () => remove(false));
click("delete-track", () => remove(true));
click("shape", turnShape);
click("output", turnSide);
click("larger", () => stage.zoomBy(1.5));
click("smaller", () => stage.zoomBy(1 / 1.5));
click("fit", () => stage.fit());
click("close-to", () => KEYS.z());
click("undo", () => step("undo"));
click("redo", () => step("redo"));
click("save", save);
click("help", () => $("help-dialog").showModal());
click("toggle-list", () => {
  const shown = document.body.classList.toggle("list-open");
  $("toggle-list").setAttribute("aria-expanded", String(shown));
});
click("apply", () => {
  const waiting = edits.changedIds().length > 0;
  $("apply-unsaved").hidden = $("apply-save").hidden = !waiting;
  $("apply-command").textContent = command;
  $("apply-dialog").showModal();
});
click("apply-save", async () => {
  await save();
  $("apply-unsaved").hidden = $("apply-save").hidden = edits.changedIds().length === 0;
});
click("apply-copy", async () => {
  try {
    await navigator.clipboard.writeText(command);
    say("Copied.", true);
    $("apply-copy").textContent = "Copied";
  } catch {
    getSelection().selectAllChildren($("apply-command"));
  }
});
for (const button of document.querySelectorAll("dialog .close")) {
  button.addEventListener("click", () => button.closest("dialog").close());
}
$("filter").addEventListener("change", arrange);
$("order").addEventListener("change", arrange);
window.addEventListener("beforeunload", (event) => {
  if (edits.changedIds().length) event.preventDefault();
});

guard(async () => {
  const report = await api.list();
  command = report.apply;
  all = report.items.map((item) => ({ ...item, changed: false }));
  byId = new Map(all.map((item) => [item.id, item]));
  render();
  arrange();
  if (!all.length) $("progress-text").textContent = "The report has no files.";
  document.documentElement.dataset.ready = "yes";
})();
