/**
 * The process protocol over a socket: how an editor finds a training process again, hears what it tells and asks it
 * to stop. One JSON object per line each way. The process writes a file that says where its socket is and what
 * secret opens it; whoever can read that file is its owner.
 *
 * The first line from a listener is `hello`; the process answers `welcome` or `refused`. Then it sends the start event,
 * where training has begun, and what has been measured so far, oldest first; then `live`; then what happens from now
 * on. No line is lost or told twice. Where training has not begun, `preparing` and `remark` come until it does; where
 * it fails before, `live` and the error event follow.
 *
 * A process that was killed leaves its file behind, with a socket that refuses connections or is not there: whoever
 * finds such a file deletes it.
 */
import * as z from "zod/mini";
import { trainingEventSchema } from "./events.ts";
import { preparing } from "./preparing.ts";
import { metricsLineSchema } from "./run.ts";

/** Raised when an older version could no longer understand a newer one. */
export const controlProtocolVersion = 1;

/** No line of a listener's is longer, in bytes. */
export const maximumRequestBytes = 4096;

/** A control file: one a training process, in a folder that the editor names; gone when the process has ended. */
export const controlFileSchema = z.lazy(() =>
  z.object({
    protocol: z.int().check(z.minimum(1)),
    /** A Unix socket's path, or the name of a Windows pipe. */
    socket: z.string().check(z.minLength(1), z.maxLength(300)),
    /** 64 hexadecimal digits. */
    secret: z.string().check(z.regex(/^[0-9a-f]{64}$/)),
    pid: z.int().check(z.minimum(1)),
    /** As in a process's identity (process.ts). */
    startTime: z._default(z.nullable(z.string()), null),
    /** Absolute path of the folder it was started in. */
    folder: z.string(),
    /** ISO 8601, UTC. */
    startedAt: z.iso.datetime(),
  }),
);
export type ControlFile = z.infer<typeof controlFileSchema>;

/** What becomes of training when the last listener has gone for good. */
export const whenAlone = ["keep", "stop"] as const;
export type WhenAlone = (typeof whenAlone)[number];

/** What a listener sends. */
export const controlRequestSchema = z.lazy(() =>
  z.discriminatedUnion("kind", [
    z.object({
      kind: z.literal("hello"),
      protocol: z.int(),
      secret: z.string(),
      /** The latest listener's wish counts. */
      whenAlone: z.enum(whenAlone),
    }),
    /** Ends the step, writes a checkpoint and ends the process. */
    z.object({ kind: z.literal("stop") }),
  ]),
);
export type ControlRequest = z.infer<typeof controlRequestSchema>;

/** What the process sends. */
export const controlMessageSchema = z.lazy(() =>
  z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("welcome"), protocol: z.int(), productVersion: z.string() }),
    /** The connection ends with it. */
    z.object({ kind: z.literal("refused"), protocol: z.int(), message: z.string() }),
    /** Getting the data ready: a download, drawing, reading. */
    z.extend(preparing(), { kind: z.literal("preparing") }),
    /** Something a person should know and that is no failure: MNIST could not be had, digits are drawn instead. */
    z.object({ kind: z.literal("remark"), message: z.string() }),
    /** Measured before this listener came. */
    z.object({ kind: z.literal("past"), line: metricsLineSchema }),
    /** The past is told; what follows happens now. */
    z.object({ kind: z.literal("live") }),
    z.object({ kind: z.literal("event"), event: trainingEventSchema }),
  ]),
);
export type ControlMessage = z.infer<typeof controlMessageSchema>;
