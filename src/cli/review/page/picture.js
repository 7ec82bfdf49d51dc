// The pixels on the stage: the original, the output, or what the output will be.

import * as api from "./api.js";
import { $, frame, guard, line, page } from "./page.js";

// Longest sides that are asked for: what fits most screens, and what shows small faces.
export const USUAL = 1600;
const SHARP = 4096;

// The output if it is as the report says, else what it would be.
export const sideShown = () => {
  if (page.side === "original") return page.side;
  const item = page.byId.get(page.current);
  const stale = item.outdated || page.edits.isUnsent(page.current) || page.edits.isChanged(page.current) || !item.output;
  return stale ? "preview" : "output";
};

export const address = (id, at) => api.picture(id, sideShown(), at, page.stage.zoom > 1.3 ? SHARP : USUAL, page.edits.revision(id));

let asked = "";
export const showPicture = guard(async () => {
  const it = line();
  if (!it?.width) {
    page.stage.clear();
    asked = "";
    trouble(it?.error ?? "There is no picture to show.");
    return;
  }
  // The server makes the preview of what it knows.
  if (sideShown() === "preview" && page.edits.isUnsent(page.current)) await page.sync.flush();
  const shown = sideShown();
  $("side-label").hidden = shown === "original";
  $("side-label").textContent = shown === "preview" ? (it.backend ? "After apply (one frame)" : "After apply") : "Output";
  const mine = page.current;
  const wanted = address(page.current, frame());
  if (wanted === asked && page.painted === mine) return;
  asked = wanted;
  const loading = setTimeout(() => $("stage").classList.add("loading"), 150);
  try {
    if (await page.stage.picture(wanted)) {
      trouble("");
      if (mine === page.current) page.painted = mine;
    }
  } catch {
    asked = "";
    trouble(await reason(wanted));
  } finally {
    clearTimeout(loading);
    if (asked === wanted || asked === "") $("stage").classList.remove("loading");
  }
});

// What the server said instead of a picture.
async function reason(wanted) {
  try {
    const response = await fetch(wanted);
    return response.ok ? "The picture cannot be shown." : await response.text();
  } catch {
    return "faceveil does not answer: it was ended in its terminal.";
  }
}

function trouble(text) {
  $("trouble").textContent = text;
  $("trouble").hidden = !text;
}
