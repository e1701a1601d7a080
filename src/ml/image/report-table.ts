/**
 * The epochs of a run as a table for its report: all of them, or of a long run as many as a person would read.
 */
import type { EpochEvent } from "../../contract/events.ts";
import type { Losses } from "../../contract/losses.ts";
import { type Markup, markup } from "./markup.ts";
import { formatCount, formatValue } from "./number-scale.ts";
import type { ReportData } from "./report-data.ts";

const maximumRows = 200;

/** A section of the page; empty before the first epoch. */
export function epochTable({ epochs, experiment }: ReportData): Markup {
  if (epochs.length === 0) return markup``;
  const rows = evenlyChosen(epochs);
  const variational = experiment.model.kind === "variational";
  const hasFloor = (epochs.at(-1)?.test.aboveFloor ?? null) !== null;
  const note =
    rows.length < epochs.length
      ? markup`<p class="note">${formatCount(rows.length)} of ${formatCount(epochs.length)} epochs; metrics.jsonl in the run folder has them all.</p>`
      : markup`<p class="note">Seconds are of training alone.</p>`;
  return markup`<section aria-labelledby="epochs">
<h2 id="epochs">Epochs</h2>
${note}
<div class="scroll epochs" tabindex="0" role="group" aria-label="Epochs"><table>
${head(variational, hasFloor)}
<tbody>
${rows.map((epoch) => row(epoch, variational, hasFloor))}</tbody>
</table></div>
</section>`;
}

/** At most 200 epochs, evenly apart, the first and the last among them. */
function evenlyChosen(epochs: readonly EpochEvent[]): readonly EpochEvent[] {
  if (epochs.length <= maximumRows) return epochs;
  const step = (epochs.length - 1) / (maximumRows - 1);
  return Array.from({ length: maximumRows }, (_, index) => epochs[Math.round(index * step)] as EpochEvent);
}

function head(variational: boolean, hasFloor: boolean): Markup {
  const losses = variational ? ["loss", "reconstruction", "KL"] : ["loss"];
  const columns = (names: readonly string[]) => names.map((name) => markup`<th scope="col">${name}</th>`);
  const testColumns = [...losses, ...(hasFloor ? ["above floor"] : []), "pixel MSE"];
  return markup`<thead>
<tr><td></td><th scope="colgroup" class="train" colspan="${losses.length}">train</th><th scope="colgroup" class="test" colspan="${testColumns.length}">test</th><td></td><td></td></tr>
<tr>${columns(["epoch", ...losses, ...testColumns, "seconds", "images/s"])}</tr>
</thead>`;
}

function row(epoch: EpochEvent, variational: boolean, hasFloor: boolean): Markup {
  const losses = ({ loss, reconstruction, kl }: Losses) =>
    variational ? [loss, reconstruction, kl] : [loss];
  const { train, test } = epoch;
  const numbers = [
    ...losses(train),
    ...losses(test),
    ...(hasFloor ? [test.aboveFloor ?? Number.NaN] : []),
    test.pixelMse,
  ];
  const cells = [
    ...numbers.map((value) => formatValue(value)),
    formatValue(epoch.seconds, 3),
    formatCount(epoch.imagesPerSecond),
  ];
  return markup`<tr><th scope="row">${formatCount(epoch.epoch)}</th>${cells.map((cell) => markup`<td>${cell}</td>`)}</tr>
`;
}
