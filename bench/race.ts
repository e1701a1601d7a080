/**
 * A race: every contestant trains an epoch, then every contestant trains the next, so that what else the machine does
 * meets all alike. Only one of them runs at a time; the others wait for their turn. What was measured is kept: whoever
 * fails loses the turns to come, and nothing else.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { duration } from "./duration.ts";
import { Peer, type PeerCommand, PeerUnavailable } from "./peer.ts";
import { type EpochRequest, epochResultSchema } from "./peers/epoch.ts";
import { median } from "./statistics.ts";

/** Long enough for the thread pools of the last contestant to stop spinning. */
const restMilliseconds = 400;
const secondsToEnd = 5;
const secondsToEndWhenInterrupted = 1;

export interface Contestant {
  readonly name: string;
  readonly command: PeerCommand;
  /** Images in its whole epoch. */
  readonly images: number;
  /** Steps it takes per turn; its time is scaled to a whole epoch. null: a whole epoch. */
  readonly steps: number | null;
  /** Left out: a turn is one epoch, and that one counts. */
  readonly turn?: Turn;
}

/** A turn of several epochs, and of as many more as the seconds take. */
export interface Turn {
  /** Before those that count: a GPU that waited for its turn has slowed its clocks down. */
  readonly warmUp: Least;
  readonly measured: Least;
}

interface Least {
  readonly epochs: number;
  readonly seconds: number;
}

const oneEpoch: Turn = { warmUp: { epochs: 0, seconds: 0 }, measured: { epochs: 1, seconds: 0 } };

export interface Times {
  readonly name: string;
  /** What ran, in its own words. */
  readonly description: string;
  /** One per turn, of a whole epoch; the mean of those measured. */
  readonly seconds: readonly number[];
  readonly median: number;
  /** Where a turn is less than an epoch; null: turns are whole epochs. */
  readonly stepsPerTurn: number | null;
  /** Epochs measured in each turn. */
  readonly epochs: readonly number[];
  /** Mean loss of each turn. */
  readonly losses: readonly number[];
  /** Why it took no more turns, in one line; null: it took all. */
  readonly ended: string | null;
}

export interface RaceResult {
  readonly times: readonly Times[];
  /** Those without a turn. */
  readonly missing: readonly { readonly name: string; readonly reason: string }[];
  /** Why there are fewer rounds than were asked for, in one line; null: there are all. */
  readonly cutShort: string | null;
}

export interface RaceOptions {
  readonly rounds: number;
  /** Progress. */
  say(line: string): void;
  readonly patience?: RacePatience;
  /** Ends the race early; its reason is said in one line. */
  readonly signal?: AbortSignal;
  /** Told after every round. */
  onRound?(soFar: RaceResult): Promise<void>;
}

/** Seconds to wait. */
export interface RacePatience {
  /** For a contestant's set-up, */
  readonly start: number;
  /** for all of them together, one after the other: compilers measure kernels, and are not to meet each other's; */
  readonly allStarts: number;
  /** and for an epoch. */
  readonly epoch: number;
}

const { POSITIVE_INFINITY: endless } = Number;
const forever: RacePatience = { start: endless, allStarts: endless, epoch: endless };

export async function race(contestants: readonly Contestant[], options: RaceOptions): Promise<RaceResult> {
  const running = new Race(contestants, options);
  try {
    await running.setUp();
    await running.takeTurns();
  } finally {
    await running.close();
  }
  return running.result();
}

interface Runner {
  readonly contestant: Contestant;
  readonly peer: Peer;
  readonly seconds: number[];
  readonly epochs: number[];
  readonly losses: number[];
  ended: string | null;
}

class Race {
  readonly #contestants: readonly Contestant[];
  readonly #options: RaceOptions;
  readonly #patience: RacePatience;
  readonly #signal: AbortSignal;
  readonly #runners: Runner[] = [];
  readonly #missing: { name: string; reason: string }[] = [];

  constructor(contestants: readonly Contestant[], options: RaceOptions) {
    this.#contestants = contestants;
    this.#options = options;
    this.#patience = options.patience ?? forever;
    this.#signal = options.signal ?? new AbortController().signal;
  }

  async setUp(): Promise<void> {
    const { start, allStarts } = this.#patience;
    const until = performance.now() + allStarts * 1000;
    for (const contestant of this.#contestants) {
      const left = Math.max(0, (until - performance.now()) / 1000);
      await this.#start(contestant, Math.min(start, left));
    }
  }

  async takeTurns(): Promise<void> {
    const { rounds, say, onRound } = this.#options;
    for (let round = 1; round <= rounds && !this.#signal.aborted; round++) {
      for (const runner of this.#runners.filter(({ ended }) => ended === null)) {
        await sleep(restMilliseconds);
        if (this.#signal.aborted) break;
        const { name } = runner.contestant;
        try {
          say(`  round ${round}/${rounds}  ${name}: ${duration(await this.#takeTurn(runner))}`);
        } catch (error) {
          const reason = reasonOf(error);
          if (this.#signal.aborted) break;
          runner.ended = reason;
          say(`  round ${round}/${rounds}  ${name}: ended (${reason})`);
        }
      }
      await onRound?.(this.result());
    }
  }

  async close(): Promise<void> {
    const seconds = this.#signal.aborted ? secondsToEndWhenInterrupted : secondsToEnd;
    await Promise.all(this.#runners.map(({ peer }) => peer.close(seconds)));
  }

  result(): RaceResult {
    const took = this.#runners.filter(({ seconds }) => seconds.length > 0);
    const without = this.#runners.filter(({ seconds }) => seconds.length === 0);
    return {
      times: took.map(timesOf),
      missing: [
        ...this.#missing,
        ...without.map(({ contestant, ended }) => ({
          name: contestant.name,
          reason: ended ?? "it had no turn",
        })),
      ],
      cutShort: this.#signal.aborted ? String(this.#signal.reason) : null,
    };
  }

  async #start(contestant: Contestant, seconds: number): Promise<void> {
    const { say } = this.#options;
    if (this.#signal.aborted) {
      this.#missing.push({ name: contestant.name, reason: String(this.#signal.reason) });
      return;
    }
    say(`  ${contestant.name}: getting ready …`);
    const began = performance.now();
    try {
      const peer = await Peer.start(contestant.command, { seconds, signal: this.#signal });
      this.#runners.push({ contestant, peer, seconds: [], epochs: [], losses: [], ended: null });
      say(`  ${contestant.name}: ready after ${duration((performance.now() - began) / 1000)}`);
    } catch (error) {
      const reason = reasonOf(error);
      say(`  ${contestant.name}: not here (${reason})`);
      this.#missing.push({ name: contestant.name, reason });
    }
  }

  /** Seconds of a whole epoch. */
  async #takeTurn({ contestant, peer, seconds, epochs, losses }: Runner): Promise<number> {
    const { warmUp, measured } = contestant.turn ?? oneEpoch;
    await this.#train(contestant, peer, warmUp);
    const results = await this.#train(contestant, peer, measured);
    const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
    const perImage = sum(results.map((each) => each.seconds)) / sum(results.map(({ images }) => images));
    seconds.push(perImage * contestant.images);
    epochs.push(results.length);
    losses.push(sum(results.map(({ loss }) => loss)) / results.length);
    return perImage * contestant.images;
  }

  async #train({ steps }: Contestant, peer: Peer, least: Least) {
    const patience = { seconds: this.#patience.epoch, signal: this.#signal };
    const request: EpochRequest = { steps };
    const results = [];
    let seconds = 0;
    while (results.length < least.epochs || seconds < least.seconds) {
      const answer = await peer.ask(request, patience);
      const { success, data } = epochResultSchema.safeParse(answer);
      if (!success) throw new PeerUnavailable(`its answer was no epoch's: ${JSON.stringify(answer)}`);
      results.push(data);
      seconds += data.seconds;
    }
    return results;
  }
}

/** What is no peer's failure goes on. */
function reasonOf(error: unknown): string {
  if (error instanceof PeerUnavailable) return error.message;
  throw error;
}

function timesOf({ contestant, peer, seconds, epochs, losses, ended }: Runner): Times {
  return {
    name: contestant.name,
    description: peer.description,
    // Copies: a race goes on after it was looked at.
    seconds: [...seconds],
    median: median(seconds),
    stepsPerTurn: contestant.steps,
    epochs: [...epochs],
    losses: [...losses],
    ended,
  };
}
