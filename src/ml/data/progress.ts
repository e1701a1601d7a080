/** What the sources of pixels report while they take their time. */

import type { Preparing } from "../../contract/preparing.ts";

export interface Watch {
  readonly onProgress?: ((progress: Preparing) => void) | undefined;
  /** Aborting ends the work with the Failure "interrupted"; what is on disk stays whole. */
  readonly signal?: AbortSignal | undefined;
}
