// Finds the faces in photos and covers them. The C interface of faceveil, compiled to WebAssembly, without
// imports: the module can reach nothing but its own memory.

const KINDS = [
  "ok", "unsupported", "malformed", "too-large", "invalid-argument", "output", "interrupted",
  "engine", "internal", "input",
];
/** Bytes of a `faceveil_error`, a `faceveil_face`, a `faceveil_image`, a `faceveil_rectangle`. */
const ERROR = 260, FACE = 24, IMAGE = 24, RECTANGLE = 16;
/** Regions of one image that are given back; all are covered. */
const MOST_REGIONS = 1000;
/** `FACEVEIL_ORDER_RGBA`. */
const RGBA = 2;
/** A module has at most 4 GiB. What stops this near to that had no memory left. */
const NEARLY_ALL = 2 ** 32 - 2 ** 27;

/** An error with a `kind`, by which a program can decide what to do. */
export class FaceveilError extends Error {
  constructor(kind, message, options) {
    super(message, options);
    this.name = "FaceveilError";
    this.kind = kind;
  }
}

/** The compiled module: from beside this file, or from what the caller has. */
export async function compile(source = new URL("./faceveil.wasm", import.meta.url)) {
  if (source instanceof WebAssembly.Module) return source;
  if (source instanceof ArrayBuffer || ArrayBuffer.isView(source)) return WebAssembly.compile(source);
  if (source instanceof URL && source.protocol === "file:") {
    const { readFile } = await import("node:fs/promises");
    return WebAssembly.compile(await readFile(source));
  }
  const response = source instanceof Response ? source : await fetch(source);
  if (!response.ok) throw new FaceveilError("engine", `faceveil.wasm: HTTP ${response.status}`);
  // A server that knows no media type of modules is no reason to fail.
  return WebAssembly.compile(await response.arrayBuffer());
}

/** An instance of the module, and memory in it for the time of a call. */
class Instance {
  #exports;
  #held = [];

  constructor(module) {
    this.#exports = new WebAssembly.Instance(module, {}).exports;
  }

  /** Runs `body`, then frees what it took. What it throws besides a FaceveilError is a trap. */
  call(body) {
    try {
      return body(this.#exports, this);
    } finally {
      for (const [at, size] of this.#held.splice(0)) this.#exports.faceveil_dealloc(at, size);
    }
  }

  get bytes() {
    return new Uint8Array(this.#exports.memory.buffer);
  }

  get view() {
    return new DataView(this.#exports.memory.buffer);
  }

  take(size) {
    if (size === 0) return 0;
    // Addresses above 2 GiB come out as negative numbers.
    const at = this.#exports.faceveil_alloc(size) >>> 0;
    if (at === 0) throw new FaceveilError("too-large", `no memory for ${size} bytes`);
    this.#held.push([at, size]);
    this.bytes.fill(0, at, at + size);
    return at;
  }

  put(bytes) {
    const at = this.take(bytes.length);
    this.bytes.set(bytes, at);
    return at;
  }

  text(text) {
    return this.put(new TextEncoder().encode(`${text}\0`));
  }

  read(at) {
    at >>>= 0;
    const { bytes } = this;
    return new TextDecoder().decode(bytes.subarray(at, bytes.indexOf(0, at)));
  }

  word(at) {
    return this.view.getUint32(at, true);
  }

  floats(at, count) {
    const { view } = this;
    return Array.from({ length: count }, (_, i) => view.getFloat32(at + 4 * i, true));
  }

  /** Runs a function of the interface, which writes why it failed to the address it is given. */
  check(run) {
    const error = this.take(ERROR);
    const status = run(error);
    if (status === 0) return;
    throw new FaceveilError(KINDS[status] ?? "internal", this.read(error + 4));
  }

  /** Runs a function that gives a result, and takes what `read` needs out of it. */
  result(run, read) {
    const out = this.take(4);
    this.check((error) => run(out, error));
    const result = this.word(out);
    const value = read(result);
    this.#exports.faceveil_result_free(result);
    return value;
  }
}

function bytesOf(data) {
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  throw new FaceveilError("invalid-argument", "a file is given as a Uint8Array or an ArrayBuffer");
}

/** Finds and covers faces. Calls block: `faceveil/background` runs them in a worker. */
export class Anonymizer {
  #module;
  #options;
  #instance;
  #handle;

  /** Use `Anonymizer.load`. */
  constructor(module, options) {
    this.#module = module;
    this.#options = { maxPixels: "50M", ...options };
    this.#run(() => {});
  }

  static async load(options = {}, source) {
    return new Anonymizer(await compile(source), options);
  }

  /** Covers the faces of a photo file: its new bytes, their media type, the faces and the report. */
  photo(file) {
    return this.#file(file, "faceveil_photo");
  }

  /** Finds the faces of a photo file: faces and report, and no new file. */
  detect(file) {
    const { faces, report } = this.#file(file, "faceveil_detect");
    return { faces, report };
  }

  /** Names what a photo or video file still hides. */
  inspect(file) {
    const bytes = bytesOf(file);
    return this.#run((api, it) =>
      it.result(
        (out, error) => api.faceveil_inspect(it.put(bytes), bytes.length, out, error),
        (result) => JSON.parse(it.read(api.faceveil_result_report(result))),
      ),
    );
  }

  /** Covers the faces of an `ImageData` in place, and gives the regions that are covered. */
  imageData({ data, width, height }) {
    return this.#run((api, it) => {
      const [pixels, image] = [it.put(bytesOf(data)), it.take(IMAGE)];
      const [regions, count] = [it.take(RECTANGLE * MOST_REGIONS), it.take(4)];
      const fields = [pixels, data.length, width, height, width * 4, RGBA];
      fields.forEach((field, i) => it.view.setUint32(image + 4 * i, field, true));
      it.check((error) =>
        api.faceveil_pixels(this.#handle, image, regions, MOST_REGIONS, count, error),
      );
      data.set(it.bytes.subarray(pixels, pixels + data.length));
      return Array.from({ length: Math.min(it.word(count), MOST_REGIONS) }, (_, i) => {
        const [x, y, width, height] = it.floats(regions + RECTANGLE * i, 4);
        return { x, y, width, height };
      });
    });
  }

  /** Version of the library in the module. */
  get version() {
    return this.#run((api, it) => it.read(api.faceveil_version()));
  }

  /** Bytes of memory that the module has; it keeps what its largest photo needed. */
  get memory() {
    return this.#instance?.bytes.length ?? 0;
  }

  #file(file, name) {
    const bytes = bytesOf(file);
    return this.#run((api, it) =>
      it.result(
        (out, error) => api[name](this.#handle, it.put(bytes), bytes.length, out, error),
        (result) => {
          const count = it.take(4);
          const data = api.faceveil_result_data(result, count) >>> 0;
          const written = it.bytes.slice(data, data + it.word(count));
          const first = api.faceveil_result_faces(result, count) >>> 0;
          const faces = Array.from({ length: it.word(count) }, (_, i) => {
            const at = first + FACE * i;
            const [x, y, width, height, score] = it.floats(at, 5);
            return { x, y, width, height, score, frame: it.word(at + 20) };
          });
          const type = api.faceveil_result_type(result);
          const report = JSON.parse(it.read(api.faceveil_result_report(result)));
          return { bytes: written, type: type ? it.read(type) : "", faces, report };
        },
      ),
    );
  }

  /** Runs it with an instance. One that trapped is thrown away: its memory is in no known state. */
  #run(body) {
    let memory = 0;
    try {
      this.#instance ??= this.#start();
      return this.#instance.call(body);
    } catch (error) {
      if (error instanceof FaceveilError) throw error;
      memory = this.memory;
      this.#instance = undefined;
      const full = memory >= NEARLY_ALL;
      throw new FaceveilError(
        full ? "too-large" : "internal",
        full
          ? "it needs more memory than a module may have; nothing was written"
          : `the module stopped (${error.message}); nothing was written, and the next call starts it anew`,
        { cause: error },
      );
    }
  }

  #start() {
    const instance = new Instance(this.#module);
    instance.call((api, it) => {
      const options = api.faceveil_options_new();
      for (const [key, value] of Object.entries(this.#options)) {
        if (value === undefined) continue;
        if (key === "image") {
          const image = bytesOf(value);
          it.check((e) => api.faceveil_options_set_image(options, it.put(image), image.length, e));
          continue;
        }
        const name = key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
        for (const one of Array.isArray(value) ? value : [value])
          it.check((e) => api.faceveil_options_set(options, it.text(name), it.text(one), e));
      }
      const out = it.take(4);
      it.check((error) => api.faceveil_anonymizer_new(options, out, error));
      this.#handle = it.word(out);
      api.faceveil_options_free(options);
    });
    return instance;
  }
}
