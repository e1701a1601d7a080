/** The curves as CSV: every line of the shown runs with all digits, steps and epochs in the order they were trained. */
import type { ShownRun } from "./series.ts";

const header =
  "run,line,step,epoch,train_loss,train_reconstruction,train_kl,test_loss,test_reconstruction,test_kl,above_floor,pixel_mse,active_units";

/** A step is not tested. */
const untested = ["", "", "", "", "", ""];

export function curveCsv(runs: readonly ShownRun[]): string {
  return [header, ...runs.flatMap(linesOf), ""].join("\r\n");
}

function linesOf({ card, measurements }: ShownRun): string[] {
  const { train, epochs } = measurements;
  const run = quoted(card.id);
  const lines: string[] = [];
  const [steps, loss, reconstruction, kl] = [train.step, train.loss, train.reconstruction, train.kl].map(
    (column) => column.values,
  );
  let index = 0;
  const addSteps = (until: number) => {
    for (; steps !== undefined && index < steps.length && (steps[index] ?? 0) <= until; index++) {
      const step = steps[index] ?? 0;
      const epoch = Math.ceil(step / Math.max(1, card.stepsPerEpoch));
      const means = [loss?.[index], reconstruction?.[index], kl?.[index]];
      lines.push([run, "step", step, epoch, ...means, ...untested].join());
    }
  };
  for (const { step, epoch, train: mean, test } of epochs) {
    addSteps(step);
    const means = [mean.loss, mean.reconstruction, mean.kl];
    const tests = [test.loss, test.reconstruction, test.kl, test.aboveFloor, test.pixelMse, test.activeUnits];
    lines.push([run, "epoch", step, epoch, ...means, ...tests].join());
  }
  addSteps(Number.POSITIVE_INFINITY);
  return lines;
}

/** A spreadsheet must not take a name for a formula. */
function quoted(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return `"${safe.replaceAll('"', '""')}"`;
}
