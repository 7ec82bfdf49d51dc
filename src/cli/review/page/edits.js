// What was changed, and how to take it back. Knows nothing of the page.
//
// An item's state is { regions, reviewed } and is never changed in place, so that a step back is the
// state before it.

export class Edits {
  #now = new Map();
  #saved = new Map();
  #past = [];
  #future = [];

  // The state that the report has.
  load(id, state, revision) {
    if (this.#saved.has(id)) return;
    this.#saved.set(id, { state, revision });
    this.#now.set(id, state);
  }

  has(id) {
    return this.#now.has(id);
  }

  state(id) {
    return this.#now.get(id);
  }

  // Makes a step. Steps with the same `group` one after the other are taken back together.
  change(id, after, what, group = null) {
    const before = this.#now.get(id);
    if (before === after) return;
    this.#future = [];
    const last = this.#past.at(-1);
    if (group !== null && last && last.group === group && last.id === id) last.after = after;
    else this.#past.push({ id, before, after, what, group });
    this.#now.set(id, after);
  }

  // Takes the last step back and gives it.
  undo() {
    const step = this.#past.pop();
    if (!step) return null;
    step.group = null;
    this.#future.push(step);
    this.#now.set(step.id, step.before);
    return step;
  }

  redo() {
    const step = this.#future.pop();
    if (!step) return null;
    this.#past.push(step);
    this.#now.set(step.id, step.after);
    return step;
  }

  get canUndo() {
    return this.#past.length > 0;
  }

  get canRedo() {
    return this.#future.length > 0;
  }

  isChanged(id) {
    const saved = this.#saved.get(id);
    return saved !== undefined && !same(saved.state, this.#now.get(id));
  }

  changedIds() {
    return [...this.#now.keys()].filter((id) => this.isChanged(id));
  }

  // What is to be saved, as the server wants it.
  changes() {
    return this.changedIds().map((id) => {
      const { regions, reviewed } = this.#now.get(id);
      return { id, revision: this.#saved.get(id).revision, regions, reviewed };
    });
  }

  // The server has these now. Steps stay, so that what was saved can be taken back, too.
  settle(changes, revisions) {
    changes.forEach((change, i) => {
      const { regions, reviewed } = change;
      const now = this.#now.get(change.id);
      const unmoved = now.regions === regions && now.reviewed === reviewed;
      const state = unmoved ? now : { regions, reviewed };
      this.#saved.set(change.id, { state, revision: revisions[i] });
    });
  }
}

function same(a, b) {
  if (a === b) return true;
  if (a.reviewed !== b.reviewed) return false;
  return a.regions === b.regions || JSON.stringify(a.regions) === JSON.stringify(b.regions);
}
