/** What is done. Names and values are those of the command: docs/javascript.md. */
export interface Options {
  preset?: "fast" | "balanced" | "thorough";
  /** Least score of a face, 0 to 1. */
  threshold?: number | string;
  /** Least side of a face in pixels. */
  minFace?: number | string;
  style?: "blur" | "solid" | "mosaic" | "gaussian" | "image";
  /** Of the style solid: six hexadecimal digits. */
  color?: string;
  /** Of the style mosaic: cells across a mask, 1 to 64. */
  cells?: number | string;
  /** Of the style image: a photo file. */
  image?: Uint8Array | ArrayBuffer;
  shape?: "ellipse" | "box";
  /** Side of a mask over side of a face, 1 to 10. */
  margin?: number | string;
  /** Boxes that are always covered: "x,y,width,height" each. */
  region?: string | string[];
  /** Boxes in which faces stay open. */
  ignore?: string | string[];
  panorama?: boolean;
  /** Metadata that is written again: "time,camera,gps,copyright"; "hdr": a JPEG's gain map. */
  keep?: string;
  /** What becomes of raw files; "preview" covers the JPEG that is embedded in one. */
  raw?: "refuse" | "preview";
  /** How finely WebP, HEIC, AVIF, JPEG XL, and JPEG from other formats are coded: 1 to 100, or "lossless". */
  quality?: number | "lossless";
  format?: "jpeg" | "png" | "webp" | "tiff" | "heic" | "jxl";
  /** Most pixels of a file: 50000000 or "50M", which is the default. */
  maxPixels?: number | string;
}

/** A box in pixels of the upright picture. It may reach beyond the edge. */
export interface Rectangle {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Face extends Rectangle {
  /** 0 to 1. */
  score: number;
  /** Frame or page, from 0. */
  frame: number;
}

/** The report of the command; docs/report.schema.json has all of it. */
export interface Report {
  schema: number;
  outcome: "redacted" | "no-faces" | "skipped" | "failed";
  width: number;
  height: number;
  frames: number;
  dropped: string[];
  kept: string[];
  warnings: string[];
  engine: string;
  [more: string]: unknown;
}

export interface Detected {
  faces: Face[];
  report: Report;
}

export interface Covered extends Detected {
  /** The new file. */
  bytes: Uint8Array<ArrayBuffer>;
  /** Its media type: "image/jpeg". */
  type: string;
}

export interface Finding {
  kind: string;
  place: string;
  detail: string;
  bytes?: number;
  width?: number;
  height?: number;
}

export interface Inspection {
  format: string;
  width: number;
  height: number;
  frames: number;
  carries: string[];
  findings: Finding[];
  damage: string | null;
}

export type ErrorKind =
  | "unsupported"
  | "malformed"
  | "too-large"
  | "invalid-argument"
  | "output"
  | "interrupted"
  | "engine"
  | "internal"
  | "input";

export class FaceveilError extends Error {
  constructor(kind: ErrorKind, message: string, options?: ErrorOptions);
  readonly kind: ErrorKind;
}

/** Where faceveil.wasm comes from, if not from beside index.js. */
export type Source = WebAssembly.Module | ArrayBuffer | ArrayBufferView | Response | URL | string;

/** Compiles the module once, to be given to several `load`s. */
export function compile(source?: Source): Promise<WebAssembly.Module>;

/** Pixels of 8 bits, RGBA, rows without gaps: the browser's `ImageData`. */
export interface Pixels {
  data: Uint8ClampedArray | Uint8Array;
  width: number;
  height: number;
}

/** Finds and covers faces. Calls block the thread they are made on. */
export class Anonymizer {
  private constructor();
  /** @throws FaceveilError for an option that makes no sense */
  static load(options?: Options, source?: Source): Promise<Anonymizer>;
  /** @throws FaceveilError; then there is no new file */
  photo(file: Uint8Array | ArrayBuffer): Covered;
  detect(file: Uint8Array | ArrayBuffer): Detected;
  inspect(file: Uint8Array | ArrayBuffer): Inspection;
  /** In place; the regions that are covered, at most 1000. */
  imageData(image: Pixels): Rectangle[];
  readonly version: string;
  /** Bytes of memory that the module has. */
  readonly memory: number;
}
