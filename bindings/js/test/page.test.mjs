// The page in Chromium: it covers faces, connects to nothing, and works without its server. Skipped where
// chromedriver is not installed. FACEVEIL_SCREENSHOTS names a folder for pictures of it.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const sample = (name) => here(`../../../samples/${name}`);
const TYPES = {
  ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml",
  ".wasm": "application/wasm", ".webmanifest": "application/manifest+json",
};

/** Serves a folder on a port of its own, and counts what was asked for. */
function serve(folder) {
  const asked = [];
  const server = createServer(({ url, method }, response) => {
    const path = new URL(url, "http://x").pathname;
    asked.push(`${method} ${path}`);
    try {
      const file = join(folder, path === "/" ? "index.html" : path);
      const body = readFileSync(file);
      response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "text/plain" }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  return new Promise((done) => {
    server.listen(0, "127.0.0.1", () => done({ server, asked, port: server.address().port }));
  });
}

/** A session of Chromium over the WebDriver protocol. */
class Browser {
  static async start(profile) {
    const it = new Browser();
    it.driver = spawn("chromedriver", ["--port=0"], { stdio: ["ignore", "pipe", "ignore"] });
    it.base = await new Promise((done, failed) => {
      let said = "";
      it.driver.on("error", failed).on("exit", () => failed(new Error(`chromedriver: ${said}`)));
      it.driver.stdout.on("data", (data) => {
        said += data;
        const port = /successfully on port (\d+)/.exec(said)?.[1];
        if (port) done(`http://127.0.0.1:${port}/session`);
      });
    });
    const args = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
      "--no-first-run", "--disable-background-networking", `--user-data-dir=${profile}`];
    const capabilities = { alwaysMatch: { browserName: "chrome", "goog:chromeOptions": { args } } };
    const { sessionId } = await it.send("", { capabilities });
    it.base += `/${sessionId}`;
    await it.send("/timeouts", { script: 60_000 });
    return it;
  }

  async send(path, body) {
    const method = body === undefined ? "GET" : "POST";
    const options = { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    const { value } = await (await fetch(this.base + path, options)).json();
    if (value?.error) throw new Error(`${path}: ${value.message}`);
    return value;
  }

  open(url) {
    return this.send("/url", { url });
  }

  /** What an async function body gives in the page. */
  run(body) {
    const script = `const done = arguments[0];
      (async () => { ${body} })().then(done, (e) => done("threw: " + e.message));`;
    return this.send("/execute/async", { script, args: [] });
  }

  async until(body, what) {
    for (let i = 0; i < 600; i++) {
      if ((await this.run(`return ${body}`)) === true) return;
      await sleep(200);
    }
    assert.fail(`waited in vain for ${what}: ${await this.run("return document.body.innerText")}`);
  }

  async choose(...files) {
    const found = await this.send("/element", { using: "css selector", value: "#files" });
    const [id] = Object.values(found);
    await this.send(`/element/${id}/value`, { text: files.join("\n") });
  }

  async picture(name, width, height, dark = false) {
    const folder = process.env.FACEVEIL_SCREENSHOTS;
    if (!folder) return;
    const cdp = (cmd, params) => this.send("/goog/cdp/execute", { cmd, params });
    await cdp("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: false });
    await cdp("Emulation.setEmulatedMedia", {
      features: [{ name: "prefers-color-scheme", value: dark ? "dark" : "light" }],
    });
    await sleep(300);
    const { data } = await cdp("Page.captureScreenshot", { captureBeyondViewport: true });
    writeFileSync(join(folder, name), Buffer.from(data, "base64"));
  }

  async end() {
    await fetch(this.base, { method: "DELETE" }).catch(() => {});
    this.driver.removeAllListeners("exit");
    this.driver.kill();
  }
}

function installed(program) {
  try {
    execFileSync(program, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

test("the page covers faces, connects to nothing and needs no server", async (t) => {
  if (!installed("chromedriver")) return t.skip("chromedriver is not installed");
  const folder = mkdtempSync(join(tmpdir(), "faceveil-page-"));
  const site = join(folder, "site");
  execFileSync(here("../demo/build.sh"), [site]);
  const { server, asked, port } = await serve(site);
  const browser = await Browser.start(join(folder, "profile"));
  t.after(async () => {
    await browser.end();
    server.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  });
  const url = `http://127.0.0.1:${port}/`;
  await browser.open(url);
  await browser.until("document.body.dataset.ready === 'true'", "the page");
  await browser.picture("desktop-empty.png", 1200, 720);

  const text = join(folder, "notes.txt");
  writeFileSync(text, "no picture");
  const before = asked.length;
  await browser.choose(...["astronaut.jpg", "coffee.png"].map(sample), text);
  const outcomes = "[...document.querySelectorAll('.outcome')].map((p) => p.textContent)";
  await browser.until(`${outcomes}.filter((o) => /covered|No face|Not done/.test(o)).length === 3`, "photos");
  const [astronaut, coffee, notes] = await browser.run(`return ${outcomes}`);
  assert.equal(astronaut, "1 face covered");
  assert.match(coffee, /^No face found/);
  assert.match(notes, /^Not done/);
  await browser.until("document.querySelector('.after').naturalWidth === 512", "the new picture");
  const save = "document.querySelector('a.button')";
  assert.equal(await browser.run(`return ${save}.download`), "astronaut-covered.jpg");
  assert.match(await browser.run(`return ${save}.href`), /^blob:/);
  await browser.picture("desktop.png", 1200, 900);
  await browser.picture("desktop-dark.png", 1200, 900, true);
  await browser.picture("phone.png", 400, 1500);

  // Neither the page nor a worker that it starts may connect, not even to where it came from.
  for (const target of ["/", "http://127.0.0.2:9/leak"]) {
    const refused = `fetch("${new URL(target, url)}").then(() => "sent", () => "refused")`;
    assert.equal(await browser.run(`return ${refused}`), "refused", target);
    const worker = `const blob = new Blob([${JSON.stringify(`${refused}.then(postMessage)`)}]);
      const worker = new Worker(URL.createObjectURL(blob));
      return new Promise((done) => (worker.onmessage = ({ data }) => done(data)));`;
    assert.equal(await browser.run(worker), "refused", `${target} from a worker`);
    const image = `const image = new Image();
      return new Promise((done) => {
        image.onload = () => done("sent");
        image.onerror = () => done("refused");
        image.src = "${new URL(target === "/" ? "icon.svg?leak" : target, url)}";
      });`;
    assert.equal(await browser.run(image), "refused", `${target} as an image`);
  }
  const after = asked.slice(before).filter((line) => !/(worker|index)\.js$/.test(line));
  assert.deepEqual(after, [], "nothing but the worker's own files was asked for");

  server.closeAllConnections();
  await new Promise((done) => server.close(done));
  await browser.open(url);
  await browser.until("document.body.dataset.ready === 'true'", "the page without its server");
  await browser.choose(sample("astronaut.jpg"));
  await browser.until(`${outcomes}[0] === "1 face covered"`, "a photo without the server");
});
