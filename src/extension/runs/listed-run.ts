/** A run as lists, pickers and panels know it: what was read of it, or why it cannot be. Knows no editor. */
import { basename } from "node:path";
import type { EpochEvent } from "../../contract/events.ts";
import type { Failure } from "../../contract/failure.ts";
import type { RunRecord } from "../../contract/run.ts";
import type { RunState } from "../../contract/view.ts";

export interface KnownRun {
  /** Path of its folder. */
  readonly path: string;
  readonly record: RunRecord;
  readonly state: RunState;
  readonly lastEpoch: EpochEvent | null;
}

export interface UnreadableRun {
  readonly path: string;
  /** Several: `path` is where a folder of the workspace keeps its runs, and none of them can be listed. */
  readonly isOfSeveral: boolean;
  readonly problem: Failure;
}

export type ListedRun = KnownRun | UnreadableRun;

/** Whether training can go on from the run's checkpoint. */
export function isResumable({ state }: KnownRun): boolean {
  return state === "stopped" || state === "killed" || state === "failed";
}

/** Whether it has trained all the epochs it planned, and more would go on from there. */
export function isExtendable({ state, record }: KnownRun): boolean {
  return state === "finished" && record.reason === "finished";
}

export function isKnown(run: ListedRun): run is KnownRun {
  return "record" in run;
}

/** "mnist-vae · 2026-11-22 14:24:07": how pickers, titles and questions call a run. */
export function runLabel({ path, record }: KnownRun): string {
  const { name } = record.experiment;
  const day = shortDate(record.createdAt);
  if (day === null) return `${name} · ${basename(path)}`;
  return `${name} · ${day}:${twoDigits(new Date(record.createdAt).getSeconds())}`;
}

/** The same of a run that may have become unreadable. */
export function labelOf(run: ListedRun): string {
  return isKnown(run) ? runLabel(run) : basename(run.path);
}

/** ISO 8601 in local time, to the minute. */
export function shortDate(iso: string): string | null {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return null;
  const two = twoDigits;
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}
