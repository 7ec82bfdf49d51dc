import type { Covered, Detected, Inspection, Options, Pixels, Rectangle, Source } from "./index.js";

/** An Anonymizer in a worker of a browser or of Node. Calls are answered in their order. */
export class BackgroundAnonymizer {
  private constructor();
  /** `worker`: the URL of worker.js, or a Worker that runs it. */
  static load(
    options?: Options,
    source?: Source,
    worker?: URL | string | Worker,
  ): Promise<BackgroundAnonymizer>;
  photo(file: Uint8Array | ArrayBuffer): Promise<Covered>;
  detect(file: Uint8Array | ArrayBuffer): Promise<Detected>;
  inspect(file: Uint8Array | ArrayBuffer): Promise<Inspection>;
  imageData(image: Pixels): Promise<Rectangle[]>;
  /** Stops the worker, also in the middle of a photo. */
  close(): void;
}
