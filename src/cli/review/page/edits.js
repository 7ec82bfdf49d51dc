// What was changed, and how to take it back. Knows nothing of the page.
//
// A picture's state is { regions, reviewed } and is never changed in place, so that a step back is the
// state before it. The server keeps every state as soon as it was sent; the report has what was saved.

export class Edits {
  #now = new Map();
  #sent = new Map();
  #saved = new Map();
  #past = [];
  #future = [];

  // What the server has, and what the report has.
  load(id, state, saved, revision) {
    if (this.#now.has(id)) return;
    this.#set(id, state, saved, revision);
  }

  #set(id, state, saved, revision) {
    this.#now.set(id, state);
    this.#sent.set(id, { state, revision });
    this.#saved.set(id, saved);
  }

  // Another window changed it: what was done to it here cannot be taken back any more.
  adopt(id, state, saved, revision) {
    const other = (step) => step.all.every((part) => part.id !== id);
    this.#past = this.#past.filter(other);
    this.#future = this.#future.filter(other);
    this.#set(id, state, saved, revision);
  }

  has(id) {
    return this.#now.has(id);
  }

  state(id) {
    return this.#now.get(id);
  }

  revision(id) {
    return this.#sent.get(id)?.revision ?? 0;
  }

  // Makes a step. Steps with the same `group` one after the other are taken back together.
  change(id, after, what, group = null) {
    const before = this.#now.get(id);
    if (before === after) return;
    this.#future = [];
    const last = this.#past.at(-1);
    if (group !== null && last?.group === group && last.all[0].id === id) last.all[0].after = after;
    else this.#past.push({ all: [{ id, before, after }], what, group });
    this.#now.set(id, after);
  }

  // One step for several pictures: pairs of id and state.
  changeAll(pairs, what) {
    const all = pairs.map(([id, after]) => ({ id, before: this.#now.get(id), after }));
    if (!all.length) return;
    this.#future = [];
    this.#past.push({ all, what, group: null });
    for (const { id, after } of all) this.#now.set(id, after);
  }

  // Takes the last step back and gives it.
  undo() {
    const step = this.#past.pop();
    if (!step) return null;
    step.group = null;
    this.#future.push(step);
    for (const { id, before } of step.all) this.#now.set(id, before);
    return step;
  }

  redo() {
    const step = this.#future.pop();
    if (!step) return null;
    this.#past.push(step);
    for (const { id, after } of step.all) this.#now.set(id, after);
    return step;
  }

  get canUndo() {
    return this.#past.length > 0;
  }

  get canRedo() {
    return this.#future.length > 0;
  }

  // Whether the report has something else.
  isChanged(id) {
    return this.#saved.has(id) && !same(this.#saved.get(id), this.#now.get(id));
  }

  isUnsent(id) {
    return this.#now.has(id) && this.#now.get(id) !== this.#sent.get(id).state;
  }

  // What the server does not have yet, as it wants it.
  unsent() {
    const changes = [];
    for (const [id, state] of this.#now) {
      const sent = this.#sent.get(id);
      if (state === sent.state) continue;
      if (same(state, sent.state)) this.#sent.set(id, { state, revision: sent.revision });
      else changes.push({ id, revision: sent.revision, ...state });
    }
    return changes;
  }

  // The server has these now.
  settle(changes, revisions) {
    changes.forEach((change, i) => {
      const { regions, reviewed } = change;
      const now = this.#now.get(change.id);
      const unmoved = now.regions === regions && now.reviewed === reviewed;
      this.#sent.set(change.id, { state: unmoved ? now : { regions, reviewed }, revision: revisions[i] });
    });
  }

  // The report has all that the server has.
  settleSaved() {
    for (const [id, { state }] of this.#sent) this.#saved.set(id, state);
  }
}

function same(a, b) {
  if (a === b) return true;
  if (a.reviewed !== b.reviewed) return false;
  return a.regions === b.regions || JSON.stringify(a.regions) === JSON.stringify(b.regions);
}
