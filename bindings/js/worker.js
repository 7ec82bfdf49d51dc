// Runs an Anonymizer in a worker of a browser or of Node. background.js is its other side.
import { Anonymizer, FaceveilError } from "./index.js";

const port = globalThis.postMessage ? globalThis : (await import("node:worker_threads")).parentPort;
const METHODS = ["photo", "detect", "inspect", "imageData"];
let anonymizer;

async function answer(method, argument) {
  if (method === "load") {
    anonymizer = await Anonymizer.load(argument.options, argument.module);
    return anonymizer.version;
  }
  if (!METHODS.includes(method)) throw new TypeError(`no method ${method}`);
  const value = anonymizer[method](argument);
  return method === "imageData" ? { image: argument, regions: value } : value;
}

async function receive({ id, method, argument }) {
  try {
    const value = await answer(method, argument);
    const buffer = value?.bytes?.buffer ?? value?.image?.data.buffer;
    port.postMessage({ id, value }, buffer ? [buffer] : []);
  } catch (error) {
    const kind = error instanceof FaceveilError ? error.kind : "internal";
    port.postMessage({ id, error: { kind, message: error.message } });
  }
}

if (port === globalThis) port.onmessage = ({ data }) => receive(data);
else port.on("message", receive);
// What is sent before a worker listens may be lost.
port.postMessage({ ready: true });
