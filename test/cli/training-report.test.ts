import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { Output } from "../../src/ml/cli/terminal.ts";
import { JsonTrainingReport, TextTrainingReport } from "../../src/ml/cli/training-report.ts";
import { epochsOf, start } from "../unit/image/run-data.ts";

test("a stop keeps what has been trained, and says where that is nothing", () => {
  const stream = new PassThrough({ encoding: "utf8" });
  const out = new Output(new PassThrough(), "results", {});
  const err = new Output(stream, "remarks", {});
  for (const create of [
    () => new TextTrainingReport({ out, err }, {}),
    () => new JsonTrainingReport(out, err),
  ]) {
    create().stopping();
    assert.match(stream.read(), /^Stopping; nothing has been trained yet; Ctrl-C again leaves at once\.\n$/);
    const begun = create();
    begun.onEvent(start);
    begun.stopping();
    assert.match(
      stream.read(),
      /^Stopping and keeping what has been trained; Ctrl-C again leaves at once\.$/m,
    );
  }
});

test("an epoch is told with the weight that the experiment gives the KL divergence", () => {
  const stream = new PassThrough({ encoding: "utf8" });
  const terminal = {
    out: new Output(stream, "results", {}),
    err: new Output(new PassThrough(), "remarks", {}),
  };
  const [epoch] = epochsOf([100]);
  assert.ok(epoch !== undefined);
  const told = (experiment: Record<string, unknown>): string => {
    const report = new TextTrainingReport(terminal, {});
    report.onEvent({ ...start, experiment });
    report.onEvent(epoch);
    return stream.read();
  };
  assert.match(told({ loss: { beta: 4 } }), /KL 19\.60 × 4\)/);
  assert.match(told({ loss: { beta: 1 } }), /KL 19\.60\)/);
  assert.match(told({}), /KL 19\.60\)/);
});
