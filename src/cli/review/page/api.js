// Requests to the faceveil that served this page. All addresses are relative to it, token and all.

// `status`: 0 if there was no answer.
export class Failure extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

async function ask(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Failure("faceveil does not answer: it was ended in its terminal", 0);
  }
  if (response.ok) return response.json();
  throw new Failure((await response.text()) || `HTTP ${response.status}`, response.status);
}

const post = (path, value, more = {}) =>
  ask(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(value),
    ...more,
  });

export const list = () => ask("list");
export const since = (latest) => ask(`since?${latest}`);
export const item = (id) => ask(`item/${id}`);
export const edit = (changes, more) => post("edit", { changes }, more);
export const save = (changes) => post("save", { changes });
export const apply = () => post("apply", {});
export const follow = (what) => post("follow", what);
export const offer = (take) => post("offer", { take });

export const thumb = (id) => `thumb/${id}`;
export const picture = (id, side, frame, longest, revision = 0) =>
  `picture/${id}?side=${side}&frame=${frame}&longest=${longest}${side === "original" ? "" : `&revision=${revision}`}`;
