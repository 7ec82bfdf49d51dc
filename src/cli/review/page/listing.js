// The list of pictures and the grid: what they show, and what is done to several pictures at a time.

import { Actions } from "./actions.js";
import { changed, load, open } from "./app.js";
import { $, frame, guard, page, pictures, say } from "./page.js";

export const isGrid = () => !$("many").hidden;

// In one column the list lies over the picture and is asked for.
export function turnList(shown) {
  document.body.classList.toggle("list-open", shown);
  $("toggle-list").setAttribute("aria-expanded", String(shown));
}

// A picture was chosen in it with a finger or the mouse.
export function leaveList() {
  if (!$("toggle-list").offsetParent) return;
  turnList(false);
  scrollTo(0, 0);
  $("stage").focus();
}

// Pictures that left the view while they were worked on leave the list when the next one is opened.
export function shrink() {
  const matching = new Set(filtered());
  const kept = page.list.items.filter((item) => item.id === page.current || matching.has(item));
  if (kept.length !== page.list.items.length) show(kept);
}

export function showGrid(shown) {
  $("many").hidden = !shown;
  $("work").hidden = shown;
  document.body.classList.toggle("has-grid", shown);
  $("grid-on").setAttribute("aria-pressed", String(shown));
  if (shown) {
    turnList(false);
    page.grid.show(page.list.items, page.current);
    $("grid").focus();
  } else {
    $("stage").focus();
    if (page.current !== null) open(page.current, frame());
  }
}

function filtered() {
  const words = $("search").value.toLowerCase().split(/\s+/).filter((word) => word);
  const shows = {
    all: () => true,
    open: (item) => !item.reviewed,
    findings: (item) => item.level === "finding",
    nofaces: (item) => item.regions === 0,
    videos: (item) => item.video,
    changed: (item) => item.changed,
  }[$("filter").value];
  const items = page.all.filter((item) => shows(item) && words.every((word) => item.name.toLowerCase().includes(word)));
  if ($("order").value === "name") items.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  return items;
}

function show(items) {
  $("none").hidden = items.length > 0;
  $("shown").textContent = items.length === page.all.length ? pictures(page.all.length) : `${items.length} of ${pictures(page.all.length)}`;
  page.list.show(items, page.current);
  if (!$("many").hidden) page.grid.show(items, page.current);
}

export function arrange() {
  const items = filtered();
  show(items);
  if (items.length && page.list.place < 0) open(items[0].id);
}

// Several pictures in one step; `what` makes the new state of each, or null.
const changeMany = guard(async (ids, what, said) => {
  await Promise.all(ids.map(load));
  const pairs = ids.flatMap((id) => {
    const after = what(page.lines.get(id), page.edits.state(id));
    return after ? [[id, after]] : [];
  });
  if (!pairs.length) return say("Nothing to do in these pictures.", true);
  page.edits.changeAll(pairs, said(pairs.length));
  changed(pairs.map(([id]) => id));
  say(said(pairs.length), true);
});

export const coveredIn = (it, now) => Actions.covered(it, now, page.margin, Math.max(1, Math.round(it.rate)));

// What verify found in all pictures of the list.
export const coverEverywhere = () => {
  // What was loaded is known better here than in the list.
  const isOpen = ({ id, findings, spans }) =>
    page.edits.has(id) ? coveredIn(page.lines.get(id), page.edits.state(id)) !== null : findings || spans;
  const ids = page.list.items.filter(isOpen).map(({ id }) => id);
  return changeMany(ids, coveredIn, (n) => `Findings covered in ${pictures(n)}; undo takes all of it back.`);
};

export function gridDo(what, said) {
  const { ids, unseen } = page.grid.chosen();
  if (!ids.length) return say(unseen ? "They were not shown yet." : "Choose pictures first: click, or Space.", true);
  const more = unseen ? ` ${unseen} were not shown yet and stay as they are.` : "";
  return changeMany(ids, what, (n) => said(n) + more);
}

export const gridKeep = () =>
  gridDo((_, now) => (now.reviewed ? null : { ...now, reviewed: true }), (n) => `${pictures(n)} kept.`).then(() => {
    page.grid.chooseNone();
    if ($("filter").value === "open") arrange();
  });

