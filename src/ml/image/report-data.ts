/**
 * What a report is made of: the events of a run, and the pictures it ends with.
 */
import type { DoneEvent, EpochEvent, StartEvent } from "../../contract/events.ts";
import type { Experiment } from "../../contract/experiment.ts";
import type { ImageStack } from "./picture-grid.ts";

export interface ReportData {
  readonly start: StartEvent;
  readonly experiment: Experiment;
  /** All epochs of the run, also those before it was resumed. */
  readonly epochs: readonly EpochEvent[];
  readonly done: DoneEvent;
  readonly startedAt: Date;
  /** Of Latent Lab. */
  readonly version: string;
  /** Images of the test split; `labels` holds what each shows, where that is known. */
  readonly reconstructions: {
    readonly originals: ImageStack;
    readonly reconstructions: ImageStack;
    readonly labels: readonly string[] | null;
  };
  /** Decoded from the prior; a plain autoencoder's, which has none, from where its latents lie. */
  readonly samples: ImageStack;
}
