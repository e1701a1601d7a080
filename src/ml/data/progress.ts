/** What the sources of pixels report while they take their time. */

export interface DatasetProgress {
  readonly doing: "download" | "read" | "draw";
  /** So far, and in all: bytes of a download (the total is an estimate until the last file), else images. */
  readonly done: number;
  readonly total: number;
}

export interface Watch {
  readonly onProgress?: ((progress: DatasetProgress) => void) | undefined;
  /** Aborting ends the work with the Failure "interrupted"; what is on disk stays whole. */
  readonly signal?: AbortSignal | undefined;
}
