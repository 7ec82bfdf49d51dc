// The page: takes photos, gives them to an Anonymizer in a worker one by one, and shows before and after.
import { BackgroundAnonymizer } from "./background.js";
import { compile } from "./index.js";

const $ = (id) => document.getElementById(id);
const status = $("status");
/** Formats that few browsers show: their new files are JPEGs. */
const SHOWN_BY_FEW = /\.(heic|heif|hif|jxl|tiff?)$/i;
const ENDINGS = {
  "image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/gif": "gif",
  "image/bmp": "bmp", "image/tiff": "tif", "image/heic": "heic", "image/jxl": "jxl",
};
const cards = [];
let module, running = false;

/** From here on the page, and the workers it starts, may connect to nothing at all. */
function forbidConnections() {
  const policy = document.createElement("meta");
  policy.httpEquiv = "Content-Security-Policy";
  policy.content = "connect-src 'none'; img-src blob:; worker-src blob:; form-action 'none'";
  document.head.append(policy);
}

/**
 * A worker from a blob takes over this page's policy; one from a file would have none. What it imports
 * statically would count as a worker from a file.
 */
function worker() {
  const url = new URL("./worker.js", import.meta.url).href;
  const blob = new Blob([`import(${JSON.stringify(url)});`], { type: "text/javascript" });
  return new Worker(URL.createObjectURL(blob));
}

/** One for photos in their own format and one for those that become JPEGs. */
const anonymizers = new Map();
function anonymizer(format) {
  const options = { preset: $("preset").value, style: $("style").value, format };
  const key = JSON.stringify(options);
  for (const [other, made] of anonymizers) {
    if (JSON.parse(other).format !== format || other === key) continue;
    anonymizers.delete(other);
    made.then((it) => it.close(), () => {});
  }
  if (!anonymizers.has(key)) anonymizers.set(key, BackgroundAnonymizer.load(options, module, worker()));
  return anonymizers.get(key);
}

/** What the browser itself reads, AVIF above all, as a JPEG. */
async function converted(file) {
  const bitmap = await createImageBitmap(file);
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(bitmap, 0, 0);
  const blob = await canvas.convertToBlob({ type: "image/jpeg", quality: 0.92 });
  return new Uint8Array(await blob.arrayBuffer());
}

async function covered(file) {
  const it = await anonymizer(SHOWN_BY_FEW.test(file.name) ? "jpeg" : undefined);
  try {
    return await it.photo(new Uint8Array(await file.arrayBuffer()));
  } catch (error) {
    if (error.kind !== "unsupported" || /^video\//.test(file.type)) throw error;
    const jpeg = await converted(file).catch(() => {
      throw error;
    });
    const done = await it.photo(jpeg);
    done.report.warnings.push("this browser made it a JPEG first");
    return done;
  }
}

function sentence(text) {
  return `${text[0].toUpperCase()}${text.slice(1)}.`;
}

function plural(count, one) {
  return `${count} ${one}${count === 1 ? "" : "s"}`;
}

class Card {
  constructor(file) {
    this.file = file;
    this.node = $("card").content.firstElementChild.cloneNode(true);
    this.at("h2").textContent = file.name;
    this.at(".quiet").onclick = () => this.remove();
    this.at(".split").oninput = ({ target }) => this.split(target.value);
    this.at(".split").ariaLabel = `How much of ${file.name} shows as it was before`;
    const before = this.at(".before");
    before.onload = () => (before.hidden = false);
    before.src = this.url = URL.createObjectURL(file);
    $("cards").append(this.node);
    this.reset();
  }

  at(selector) {
    return this.node.querySelector(selector);
  }

  split(percent) {
    this.at(".stage").style.setProperty("--split", `${percent}%`);
  }

  reset() {
    this.state = "waiting";
    this.say("Waiting");
    for (const selector of [".after", ".split", ".tag.left", ".tag.right", ".button"])
      this.at(selector).hidden = true;
    this.at(".wait").hidden = false;
    this.at(".stage").style.removeProperty("--split");
    this.forget();
  }

  forget() {
    URL.revokeObjectURL(this.saved);
    this.saved = undefined;
  }

  say(outcome, more = "", bad = false) {
    this.at(".outcome").textContent = outcome;
    this.at(".outcome").classList.toggle("bad", bad);
    this.at(".more").textContent = more;
    this.at(".wait").textContent = this.state === "failed" ? "no new picture" : this.state;
    this.node.classList.toggle("working", this.state === "working");
  }

  async work() {
    this.state = "working";
    this.say("Searching for faces…");
    try {
      this.show(await covered(this.file));
    } catch (error) {
      this.state = "failed";
      const words = /^video\//.test(this.file.type)
        ? "videos are not handled in this page; the faceveil command does them"
        : error.message;
      this.say(`Not done: ${words}`, "", true);
      this.at(".before").hidden = true;
    }
  }

  show({ bytes, type, faces, report }) {
    this.state = "done";
    this.saved = URL.createObjectURL(new Blob([bytes], { type }));
    const frames = report.frames > 1 ? ` in ${report.frames} frames` : "";
    const none = "No face found: look at it before you share it";
    const removed = report.dropped.length ? `Left out: ${report.dropped.join(", ")}.` : "";
    this.say(
      faces.length ? `${plural(faces.length, "face")} covered${frames}` : none,
      [removed, ...report.warnings.map(sentence)].join(" "),
    );
    const after = this.at(".after");
    after.onload = () => {
      after.hidden = false;
      this.at(".wait").hidden = true;
      const both = this.at(".before").complete && this.at(".before").naturalWidth > 0;
      for (const selector of [".split", ".tag.left", ".tag.right"]) this.at(selector).hidden = !both;
      if (both) this.split((this.at(".split").value = 50));
    };
    after.onerror = () => (this.at(".wait").textContent = "done; this browser cannot show it");
    after.src = this.saved;
    after.alt = `${this.file.name}, covered`;
    const save = this.at(".button");
    save.hidden = false;
    save.href = this.saved;
    const stem = this.file.name.replace(/\.[^.]*$/, "") || "photo";
    save.download = `${stem}-covered.${ENDINGS[type] ?? "bin"}`;
  }

  remove() {
    this.state = "removed";
    URL.revokeObjectURL(this.url);
    this.forget();
    this.node.remove();
    cards.splice(cards.indexOf(this), 1);
    summary();
  }
}

function summary() {
  const count = (state) => cards.filter((card) => card.state === state).length;
  const [done, failed] = [count("done"), count("failed")];
  const left = cards.length - done - failed;
  document.body.classList.toggle("some", cards.length > 0);
  $("clear").hidden = cards.length === 0;
  $("all").hidden = done < 2 || left > 0;
  const parts = [`${done} of ${plural(cards.length, "photo")} done`];
  if (failed) parts.push(`${failed} not done`);
  status.textContent = cards.length ? parts.join(", ") : "Ready. Nothing leaves this page.";
  status.classList.toggle("bad", failed > 0);
}

async function run() {
  summary();
  if (running || !module) return;
  running = true;
  for (let card; (card = cards.find(({ state }) => state === "waiting")); summary()) {
    await card.work();
    if (card.state === "removed") card.forget();
  }
  running = false;
}

function add(files) {
  for (const file of files) cards.push(new Card(file));
  run();
}

$("files").onchange = ({ target }) => {
  add(target.files);
  target.value = "";
};
for (const name of ["dragover", "dragenter", "dragleave", "drop"])
  addEventListener(name, (event) => {
    event.preventDefault();
    document.body.classList.toggle("over", name.startsWith("drago") || name === "dragenter");
    if (name === "drop") add(event.dataTransfer.files);
  });
addEventListener("paste", ({ clipboardData }) => add(clipboardData.files));
$("options").onchange = () => {
  for (const card of cards) if (card.state !== "working") card.reset();
  run();
};
$("clear").onclick = () => [...cards].forEach((card) => card.remove());
$("all").onclick = async () => {
  for (const card of cards.filter(({ state }) => state === "done")) {
    card.at(".button").click();
    // Browsers drop downloads that come at once.
    await new Promise((done) => setTimeout(done, 300));
  }
};

try {
  module = await compile();
  if ("serviceWorker" in navigator && isSecureContext) {
    await navigator.serviceWorker.register("service-worker.js").catch(() => {});
    await Promise.race([navigator.serviceWorker.ready, new Promise((go) => setTimeout(go, 3000))]);
  }
  forbidConnections();
  document.body.dataset.ready = "true";
  run();
} catch (error) {
  status.classList.add("bad");
  status.textContent = `This browser cannot run the page: ${error.message}`;
}
