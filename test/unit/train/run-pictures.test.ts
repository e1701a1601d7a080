import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { keepsPreview } from "../../../src/ml/train/run-pictures.ts";

const kept = (epochs: number) =>
  Array.from({ length: epochs }, (_, index) => index + 1).filter((epoch) => keepsPreview(epoch, epochs));

describe("previews", () => {
  test("are made of every epoch of a short run", () => {
    for (const epochs of [1, 5, 28]) assert.equal(kept(epochs).length, epochs);
  });

  test("of a long run are at most 28, the first and the last among them, none more than twice as late as the one before", () => {
    for (const epochs of [29, 50, 51, 777, 100_000]) {
      const found = kept(epochs);
      assert.ok(found.length <= 28 && found.length >= 14, `${found.length} of ${epochs}`);
      for (const [index, epoch] of found.entries())
        assert.ok(index === 0 ? epoch === 1 : epoch <= 2 * (found[index - 1] ?? 0), `epoch ${epoch}`);
      assert.equal(found.at(-1), epochs);
    }
  });
});
