// Where threads meet between operations.
import * as at from "../layout";

/** About 20 µs of looking before a thread goes to sleep. */
const SPINS = 20000;
/**
 * Sleep no longer than this (ns), then look again: an infinite wait has been seen to miss its wake-up on Node 20.
 */
const NAP: i64 = 1000000;

export function barrier(control: usize, threads: i32): void {
  if (threads == 1) return;
  const generation = control + at.BARRIER_GENERATION;
  const now = atomic.load<i32>(generation);
  if (atomic.add<i32>(control + at.BARRIER_COUNT, 1) == threads - 1) {
    atomic.store<i32>(control + at.BARRIER_COUNT, 0);
    atomic.add<i32>(generation, 1);
    atomic.notify(generation, threads);
    return;
  }
  for (let spin = 0; spin < SPINS; spin++) if (atomic.load<i32>(generation) != now) return;
  while (atomic.load<i32>(generation) == now) atomic.wait<i32>(generation, now, NAP);
}
