// Keeps the server and this window alike: sends every edit, and hears of those made in other windows.
// Also notices when the server ended.

import * as api from "./api.js";

const SEND_AFTER = 200;
const ASK_EVERY = 1000;
// While something is going on.
const ASK_SOON = 250;

export class Sync {
  #edits;
  #on;
  #latest = 0;
  #timer = 0;
  // One request at a time, so that an answer is never about an older state.
  #queue = Promise.resolve();
  #lost = false;
  #waiting = null;
  #soon = 0;

  // `on`: rows(items), adopt(id, mine), lost(isLost), trouble(message), repeated(times), run(progress).
  constructor(edits, on) {
    this.#edits = edits;
    this.#on = on;
    document.addEventListener("visibilitychange", () => document.hidden && this.#leave());
    window.addEventListener("pagehide", () => this.#leave());
  }

  start(latest) {
    this.#latest = latest;
    setInterval(() => this.#ask(), ASK_EVERY);
  }

  get isLost() {
    return this.#lost;
  }

  // There is something to send.
  touch() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.flush().catch(() => {}), SEND_AFTER);
  }

  // Sends what is to be sent. Fails if it could not be.
  flush() {
    clearTimeout(this.#timer);
    return this.#next(() => this.#send());
  }

  // Saves all that the server has, this window's edits included.
  save() {
    clearTimeout(this.#timer);
    return this.#next(async () => {
      await this.#send();
      await this.#asked(() => api.save([]));
      this.#edits.settleSaved();
    });
  }

  // Saves and applies; how it goes is heard by `on.run`.
  apply() {
    clearTimeout(this.#timer);
    return this.#next(async () => {
      await this.#send();
      this.#run(await this.#asked(() => api.apply()));
      this.#edits.settleSaved();
    });
  }

  #run(progress) {
    this.#on.run(progress);
    clearTimeout(this.#soon);
    if (progress.running) this.#soon = setTimeout(() => this.#ask(), ASK_SOON);
  }

  offer(take) {
    return this.#next(() => this.#asked(() => api.offer(take)));
  }

  // Asks for changes now.
  refresh() {
    return this.#next(() => this.#look());
  }

  #next(act) {
    const done = this.#queue.then(act);
    this.#queue = done.catch(() => {});
    return done;
  }

  #ask() {
    if (this.#waiting) return;
    this.#waiting = this.#next(() => this.#look())
      .catch(() => {})
      .finally(() => (this.#waiting = null));
  }

  async #asked(request) {
    try {
      const answer = await request();
      if (this.#lost) {
        this.#lost = false;
        this.#on.lost(false);
      }
      return answer;
    } catch (error) {
      if (error.status === 0 && !this.#lost) {
        this.#lost = true;
        this.#on.lost(true);
      }
      throw error;
    }
  }

  async #send() {
    const changes = this.#edits.unsent();
    if (!changes.length) return;
    try {
      const { revisions } = await this.#asked(() => api.edit(changes));
      this.#edits.settle(changes, revisions);
    } catch (error) {
      if (error.status === 409 || error.status === 422) {
        for (const { id } of changes) await this.#on.adopt(id, true);
      }
      if (error.status !== 0) this.#on.trouble(error.message);
      throw error;
    }
    await this.#look();
  }

  async #look() {
    const { latest, items, repeated, run } = await this.#asked(() => api.since(this.#latest));
    this.#latest = latest;
    if (repeated) this.#on.repeated(repeated);
    if (run) this.#run(run);
    if (!items.length) return;
    for (const { id, revision } of items) {
      if (this.#edits.has(id) && revision > this.#edits.revision(id)) {
        await this.#on.adopt(id, this.#edits.isUnsent(id));
      }
    }
    this.#on.rows(items);
  }

  // The window goes away: no time to wait for an answer.
  #leave() {
    const changes = this.#edits.unsent();
    if (!changes.length || this.#lost) return;
    api
      .edit(changes, { keepalive: true })
      .then(({ revisions }) => this.#edits.settle(changes, revisions))
      .catch(() => {});
  }
}
