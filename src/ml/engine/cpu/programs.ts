/**
 * The four programs of a Plan, lowered and placed in the engine's memory, ready to be run by their address.
 */
import type { Network } from "../../model/network.ts";
import type { Plan } from "../../model/program.ts";
import { CLAIM_BYTES, CLAIMS, RECORD_BYTES, SCALE } from "./layout.ts";
import { type LoweringOptions, lower, type OperationRecord } from "./lower.ts";
import type { MemoryMap } from "./memory-map.ts";

export interface PlacedProgram {
  /** Address of the first record. */
  readonly address: number;
  readonly records: readonly OperationRecord[];
}

export type Programs = Readonly<Record<"train" | "evaluate" | "encode" | "decode", PlacedProgram>>;

/** Reserves room for the records in `map`; `writePrograms` fills it once there is memory. */
export function placePrograms(
  plan: Plan,
  network: Network,
  map: MemoryMap,
  threads: number,
  options: LoweringOptions,
): Programs {
  const place = (program: Plan["train"]): PlacedProgram => {
    const records = lower(program, network, map, options).map(
      (record) => new Map([...record, [CLAIMS, map.reserve(threads * CLAIM_BYTES)]]),
    );
    return { address: map.reserve(records.length * RECORD_BYTES), records };
  };
  return {
    train: place(plan.train),
    evaluate: place(plan.evaluate),
    encode: place(plan.encode),
    decode: place(plan.decode),
  };
}

export function writePrograms(programs: Programs, buffer: ArrayBufferLike): void {
  for (const { address, records } of Object.values(programs))
    for (const [index, record] of records.entries()) {
      const view = new DataView(buffer, address + index * RECORD_BYTES, RECORD_BYTES);
      for (const [word, value] of record)
        if (word === SCALE) view.setFloat32(word * 4, value, true);
        else view.setUint32(word * 4, value, true);
    }
}
