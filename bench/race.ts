/**
 * A race: every contestant trains an epoch, then every contestant trains the next, so that what else the machine does
 * meets all alike. Only one of them runs at a time; the others wait for their turn.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Peer, type PeerCommand, PeerUnavailable } from "./peer.ts";
import { type EpochRequest, epochResultSchema } from "./peers/epoch.ts";
import { median } from "./statistics.ts";

/** Long enough for the thread pools of the last contestant to stop spinning. */
const restMilliseconds = 400;

export interface Contestant {
  readonly name: string;
  readonly command: PeerCommand;
  /** Images in its whole epoch. */
  readonly images: number;
  /** Steps it takes per turn; its time is scaled to a whole epoch. null: a whole epoch. */
  readonly steps: number | null;
  /** Epochs trained before each that counts: a GPU that waited for its turn has slowed its clocks down. */
  readonly unmeasured?: number;
}

export interface Times {
  readonly name: string;
  /** What ran, in its own words. */
  readonly description: string;
  /** One per turn, of a whole epoch. */
  readonly seconds: readonly number[];
  readonly median: number;
  /** Where a turn is less than an epoch; null: turns are whole epochs. */
  readonly stepsPerTurn: number | null;
  /** Mean loss of each turn. */
  readonly losses: readonly number[];
}

export interface RaceResult {
  readonly times: readonly Times[];
  readonly missing: readonly { readonly name: string; readonly reason: string }[];
}

interface Runner {
  readonly contestant: Contestant;
  readonly peer: Peer;
  readonly seconds: number[];
  readonly losses: number[];
}

export async function race(
  contestants: readonly Contestant[],
  rounds: number,
  say: (line: string) => void,
): Promise<RaceResult> {
  const missing: { name: string; reason: string }[] = [];
  const runners: Runner[] = [];
  const drop = (name: string, error: unknown): void => {
    if (!(error instanceof PeerUnavailable)) throw error;
    say(`  ${name}: not here (${error.message})`);
    missing.push({ name, reason: error.message });
  };
  try {
    for (const contestant of contestants) {
      say(`  ${contestant.name}: getting ready …`);
      try {
        const peer = await Peer.start(contestant.command);
        runners.push({ contestant, peer, seconds: [], losses: [] });
      } catch (error) {
        drop(contestant.name, error);
      }
    }
    for (let round = 1; round <= rounds; round++)
      for (const runner of [...runners]) {
        await sleep(restMilliseconds);
        try {
          const seconds = await takeTurn(runner);
          say(`  round ${round}/${rounds}  ${runner.contestant.name}: ${seconds.toFixed(3)} s`);
        } catch (error) {
          drop(runner.contestant.name, error);
          runners.splice(runners.indexOf(runner), 1);
        }
      }
  } finally {
    await Promise.all(runners.map(({ peer }) => peer.close()));
  }
  return { times: runners.map(timesOf), missing };
}

/** Seconds of a whole epoch. */
async function takeTurn({ contestant, peer, seconds, losses }: Runner): Promise<number> {
  const request: EpochRequest = { steps: contestant.steps };
  for (let epoch = 0; epoch < (contestant.unmeasured ?? 0); epoch++)
    epochResultSchema.parse(await peer.ask(request));
  const result = epochResultSchema.parse(await peer.ask(request));
  const whole = (result.seconds * contestant.images) / result.images;
  seconds.push(whole);
  losses.push(result.loss);
  return whole;
}

function timesOf({ contestant, peer, seconds, losses }: Runner): Times {
  return {
    name: contestant.name,
    description: peer.description,
    seconds,
    median: median(seconds),
    stepsPerTurn: contestant.steps,
    losses,
  };
}
