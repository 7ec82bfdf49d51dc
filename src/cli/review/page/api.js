// Requests to the faceveil that served this page. All addresses are relative to it, token and all.

async function answer(response) {
  if (response.ok) return response.json();
  throw new Error((await response.text()) || `HTTP ${response.status}`);
}

async function ask(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Error("faceveil does not answer: it was ended in its terminal");
  }
  return answer(response);
}

export const list = () => ask("list");
export const item = (id) => ask(`item/${id}`);
export const save = (changes) =>
  ask("save", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ changes }),
  });

export const thumb = (id) => `thumb/${id}`;
export const picture = (id, side, frame, longest) =>
  `picture/${id}?side=${side}&frame=${frame}&longest=${longest}`;
