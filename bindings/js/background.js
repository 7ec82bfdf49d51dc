// An Anonymizer in a worker, so that a page or a server goes on while it works.
import { FaceveilError, compile } from "./index.js";

/** Starts worker.js in a browser or in Node, and gives what sends to it. */
async function start(url) {
  if (globalThis.Worker) return new Worker(url, { type: "module" });
  const { Worker: NodeWorker } = await import("node:worker_threads");
  const worker = new NodeWorker(url);
  worker.on("message", (data) => worker.onmessage({ data }));
  worker.on("error", (error) => worker.onerror(error));
  return worker;
}

/** Has the methods of an Anonymizer; each gives a promise. Calls are answered in their order. */
export class BackgroundAnonymizer {
  #worker;
  #waiting = new Map();
  #last = 0;
  /** Why there are no more answers. */
  #ended;
  #ready;

  /** `worker`: the URL of worker.js, or a Worker that runs it. */
  static async load(options = {}, source, worker = new URL("./worker.js", import.meta.url)) {
    const module = await compile(source);
    const it = new BackgroundAnonymizer();
    it.#worker = worker instanceof URL || typeof worker === "string" ? await start(worker) : worker;
    const ready = new Promise((resolve, reject) => (it.#ready = { resolve, reject }));
    it.#worker.onmessage = ({ data }) => (data.ready ? it.#ready.resolve() : it.#receive(data));
    it.#worker.onerror = (error) =>
      it.#end(`the worker failed: ${error.message ?? "its script cannot be loaded"}`);
    try {
      await ready;
      await it.#send("load", { options, module });
    } catch (error) {
      it.close();
      throw error;
    }
    return it;
  }

  photo(file) {
    return this.#send("photo", file);
  }

  detect(file) {
    return this.#send("detect", file);
  }

  inspect(file) {
    return this.#send("inspect", file);
  }

  async imageData(image) {
    const { data, width, height } = image;
    const { image: done, regions } = await this.#send("imageData", { data, width, height });
    data.set(done.data);
    return regions;
  }

  /** Stops the worker, also in the middle of a photo; calls that wait fail as interrupted. */
  close() {
    this.#worker.terminate();
    this.#end("the worker was closed", "interrupted");
  }

  #send(method, argument) {
    if (this.#ended) return Promise.reject(this.#ended);
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, method, argument });
    });
  }

  #receive({ id, value, error }) {
    const { resolve, reject } = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error) reject(new FaceveilError(error.kind, error.message));
    else resolve(value);
  }

  #end(message, kind = "internal") {
    this.#ended = new FaceveilError(kind, message);
    for (const { reject } of this.#waiting.values()) reject(this.#ended);
    this.#waiting.clear();
    this.#ready.reject(this.#ended);
  }
}
