// What a program may rely on. FACEVEIL_COMMAND names a `faceveil` to compare with.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Anonymizer, FaceveilError, compile } from "../index.js";
import { BackgroundAnonymizer } from "../background.js";

const samples = fileURLToPath(new URL("../../../samples/", import.meta.url));
const astronaut = readFileSync(join(samples, "astronaut.jpg"));
const module = await compile();
const load = (options) => Anonymizer.load(options, module);
const kind = (wanted, words = /./) => (error) =>
  error instanceof FaceveilError && error.kind === wanted && words.test(error.message);

test("the module imports nothing", () => {
  assert.deepEqual(WebAssembly.Module.imports(module), []);
  const names = WebAssembly.Module.exports(module).map((e) => e.name);
  assert.deepEqual(
    names.filter((name) => !/^(faceveil_\w+|memory|__data_end|__heap_base)$/.test(name)),
    [],
  );
});

test("a photo comes back with its face covered", async () => {
  const { bytes, type, faces, report } = (await load()).photo(astronaut);
  assert.equal(type, "image/jpeg");
  assert.equal(faces.length, 1);
  assert.ok(faces[0].score > 0.5 && faces[0].width > 50, JSON.stringify(faces));
  assert.equal(report.outcome, "redacted");
  assert.notDeepEqual(bytes, new Uint8Array(astronaut));
});

// Both multiply in 16 bits or in floats, and round sums in their own order: a box may differ by
// hundredths of a pixel.
test("the masks are those of the command", async (t) => {
  const command = process.env.FACEVEIL_COMMAND;
  if (!command) return t.skip("FACEVEIL_COMMAND is not set");
  const folder = mkdtempSync(join(tmpdir(), "faceveil-"));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const preset of ["fast", "balanced"]) {
    const anonymizer = await load({ preset });
    for (const name of ["astronaut.jpg", "coffee.png", "rocket.jpg"]) {
      const output = join(folder, `${preset}-${name}`);
      const written = join(folder, `${preset}-${name}.jsonl`);
      const options = ["blur", "--quiet", "--preset", preset, join(samples, name), "-o", output];
      execFileSync(command, [...options, "--report", written]);
      const line = JSON.parse(readFileSync(written, "utf8").split("\n")[0]);
      const { report } = anonymizer.photo(readFileSync(join(samples, name)));
      assert.equal(report.regions.length, line.regions.length, `${preset} ${name}`);
      for (const [i, { box }] of report.regions.entries()) {
        for (const [k, side] of box.entries()) {
          const off = Math.abs(side - line.regions[i].box[k]);
          assert.ok(off < 0.1, `${preset} ${name}: ${box} and ${line.regions[i].box}`);
        }
      }
    }
  }
});

test("options are those of the command, and wrong ones say what is right", async () => {
  const options = { preset: "fast", style: "solid", color: "00FF00", region: ["0,0,20,20"] };
  const { report } = (await load(options)).photo(astronaut);
  assert.equal(report.regions.length, 2);
  assert.equal(report.style.name, "solid");
  await assert.rejects(load({ preset: "quick" }), kind("invalid-argument", /fast, balanced/));
  await assert.rejects(load({ margin: 0.5 }), kind("invalid-argument", /1\.\.=10/));
  await assert.rejects(load({ color: "FF0000" }), kind("invalid-argument", /style solid/));
  await assert.rejects(load({ colour: "FF0000" }), kind("invalid-argument", /no option/));
  await assert.rejects(load({ style: "image" }), kind("invalid-argument", /sticker/));
  const image = readFileSync(join(samples, "coffee.png"));
  assert.equal((await load({ style: "image", image })).photo(astronaut).faces.length, 1);
});

test("what cannot be covered is an error of a kind", async () => {
  const anonymizer = await load({ preset: "fast" });
  const text = new TextEncoder().encode("no picture");
  assert.throws(() => anonymizer.photo(text), kind("unsupported"));
  assert.throws(() => anonymizer.photo(new Uint8Array()), kind("malformed", /empty/));
  assert.throws(() => anonymizer.photo("in.jpg"), kind("invalid-argument"));
  const tiny = await load({ maxPixels: 1000 });
  assert.throws(() => tiny.photo(astronaut), kind("too-large", /1000|pixels/));
  const coffee = readFileSync(join(samples, "coffee.png"));
  assert.throws(() => anonymizer.photo(coffee.subarray(0, 5000)), kind("malformed"));
  assert.equal(anonymizer.photo(astronaut).faces.length, 1, "it still works");
});

test("an image is covered in place", async () => {
  const anonymizer = await load({ preset: "fast", region: ["2,3,10,8"] });
  const image = { data: new Uint8ClampedArray(64 * 48 * 4), width: 64, height: 48 };
  for (let i = 0; i < image.data.length; i++) image.data[i] = (i * 7) % 251;
  const before = image.data.slice();
  assert.deepEqual(anonymizer.imageData(image), [{ x: 2, y: 3, width: 10, height: 8 }]);
  const at = (x, y) => 4 * (y * 64 + x);
  assert.notDeepEqual(image.data.slice(at(4, 6), at(11, 6)), before.slice(at(4, 6), at(11, 6)));
  assert.deepEqual(image.data.slice(at(0, 20)), before.slice(at(0, 20)));
  const short = { data: image.data, width: 65, height: 48 };
  assert.throws(() => anonymizer.imageData(short), kind("invalid-argument", /need/));
});

test("detect and inspect write nothing", async () => {
  const anonymizer = await load({ preset: "fast" });
  const found = anonymizer.detect(astronaut);
  assert.equal(found.faces.length, 1);
  assert.ok(!("bytes" in found));
  assert.equal(anonymizer.inspect(astronaut).format, "jpeg");
  assert.throws(() => anonymizer.inspect(new Uint8Array(9)), kind("unsupported"));
});

test("a module that stops is thrown away, and the next call works", async () => {
  // No photo is known that stops it, so a function that does takes the place of the real one.
  const instances = [];
  const { Instance } = WebAssembly;
  WebAssembly.Instance = class {
    constructor(...args) {
      const { exports } = new Instance(...args);
      const stopped = instances.length === 0;
      instances.push(exports);
      this.exports = {
        ...exports,
        faceveil_photo: stopped
          ? () => { throw new WebAssembly.RuntimeError("unreachable"); }
          : exports.faceveil_photo,
      };
    }
  };
  try {
    const broken = await load({ preset: "fast" });
    assert.throws(() => broken.photo(astronaut), kind("internal", /stopped \(unreachable\)/));
    assert.equal(broken.photo(astronaut).faces.length, 1);
    assert.equal(instances.length, 2);
  } finally {
    WebAssembly.Instance = Instance;
  }
});

test("memory does not grow from photo to photo", async () => {
  const anonymizer = await load({ preset: "fast" });
  for (let i = 0; i < 3; i++) anonymizer.photo(astronaut);
  const { memory } = anonymizer;
  for (let i = 0; i < 20; i++) {
    anonymizer.photo(astronaut);
    assert.throws(() => anonymizer.photo(astronaut.subarray(0, 100)));
  }
  assert.equal(anonymizer.memory, memory);
});

test("a worker gives the same, and can be stopped", async () => {
  const expected = (await load({ preset: "fast" })).photo(astronaut);
  const background = await BackgroundAnonymizer.load({ preset: "fast" }, module);
  const done = await background.photo(astronaut);
  assert.deepEqual(done.bytes, expected.bytes);
  await assert.rejects(background.photo(new Uint8Array(4)), kind("unsupported"));
  const image = { data: new Uint8ClampedArray(16 * 16 * 4), width: 16, height: 16 };
  assert.deepEqual(await background.imageData(image), []);
  const waiting = assert.rejects(background.photo(astronaut), kind("interrupted"));
  background.close();
  await waiting;
  await assert.rejects(background.photo(astronaut), kind("interrupted"));
  await assert.rejects(
    BackgroundAnonymizer.load({ preset: "quick" }, module),
    kind("invalid-argument"),
  );
});
