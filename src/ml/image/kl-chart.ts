/**
 * How much each latent dimension of a VAE says: its KL divergence as a bar, the most telling first. Inactive dimensions,
 * whose μ hardly varies with the image (posterior collapse), are drawn hollow.
 */
import type { Evaluation } from "../../contract/losses.ts";
import { type Markup, markup } from "./markup.ts";
import { formatTicks, formatValue, linearScale } from "./number-scale.ts";
import { fontFamily, type Palette } from "./palette.ts";

const widths = { wide: 600, narrow: 400 } as const;
const height = 300;
const left = 44;
const top = 14;
const bottom = 44;
/** More bars than this would be hairlines; the rest say less than the last one shown. */
const maximumBars = 96;
/** Bars no closer than this each carry the number of their dimension. */
const numberedPitch = 17;

/** One latent dimension, its KL divergence in nats per image, and whether it is known to be inactive. */
interface Dimension {
  readonly index: number;
  readonly kl: number;
  readonly inactive: boolean;
}

/** SVG of 600 × 300, or 400 × 300. `klPerDimension` must not be empty: there is nothing to draw for a plain autoencoder. */
export function klChart(evaluation: Evaluation, palette: Palette, room: keyof typeof widths): Markup {
  const width = widths[room];
  const dimensions = byContribution(evaluation);
  const shown = dimensions.slice(0, maximumBars);
  const pitch = (width - left) / shown.length;
  const highest = Math.max(shown[0]?.kl ?? 0, 1e-3);
  const scale = linearScale(0, highest * 1.05, 4);
  const floor = height - bottom;
  const y = (value: number) => floor - scale.position(Math.max(0, value)) * (floor - top);
  const names = formatTicks(scale.ticks);
  const grid = scale.ticks.map(
    (
      tick,
      index,
    ) => markup`<line x1="${left}" x2="${width}" y1="${round(y(tick))}" y2="${round(y(tick))}" stroke="${palette.line}"/>
<text x="${left - 8}" y="${round(y(tick) + 4.5)}" fill="${palette.muted}" font-size="13" text-anchor="end">${names[index] ?? ""}</text>
`,
  );
  return markup`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${describe(dimensions, evaluation.activeUnits)}" font-family="${fontFamily}">
${grid}${bars(shown, pitch, y, floor, palette)}
<line x1="${left}" x2="${width}" y1="${floor}" y2="${floor}" stroke="${palette.muted}"/>
<text x="${(left + width) / 2}" y="${height - 4}" fill="${palette.muted}" font-size="13" text-anchor="middle">${axisTitle(dimensions, pitch)}</text>
</svg>`;
}

/**
 * The dimensions, largest KL first. That is no measure of which are active: a constant μ far from the prior's costs KL
 * too, and with a small β so does a narrow posterior.
 */
function byContribution({ klPerDimension, activeDimensions }: Evaluation): Dimension[] {
  const active = new Set(activeDimensions ?? klPerDimension.keys());
  return klPerDimension
    .map((kl, index) => ({ index, kl: Number.isFinite(kl) ? kl : 0, inactive: !active.has(index) }))
    .sort((a, b) => b.kl - a.kl);
}

function bars(
  dimensions: readonly Dimension[],
  pitch: number,
  y: (value: number) => number,
  floor: number,
  palette: Palette,
): Markup[] {
  const barWidth = Math.min(36, pitch * 0.72);
  return dimensions.map(({ index, kl, inactive }, rank) => {
    const centre = left + (rank + 0.5) * pitch;
    // A dimension that says nothing still shows that it is there.
    const barHeight = Math.max(3, floor - y(kl));
    const look = inactive
      ? markup`fill="none" stroke="${palette.muted}" stroke-width="1.25"`
      : markup`fill="${palette.train}"`;
    const number =
      pitch < numberedPitch
        ? ""
        : markup`<text x="${round(centre)}" y="${floor + 17}" fill="${palette.muted}" font-size="${pitch < 20 ? 10 : 12}" text-anchor="middle">${index}</text>`;
    return markup`<rect x="${round(centre - barWidth / 2)}" y="${round(floor - barHeight)}" width="${round(barWidth)}" height="${round(barHeight)}" rx="1.5" ${look}><title>dimension ${index}: ${formatValue(kl)} nats${inactive ? ", inactive" : ""}</title></rect>${number}
`;
  });
}

function axisTitle(dimensions: readonly Dimension[], pitch: number): string {
  if (dimensions.length > maximumBars)
    return `the ${maximumBars} most telling of ${dimensions.length} latent dimensions`;
  return pitch < numberedPitch ? "latent dimensions" : "latent dimension";
}

function describe(dimensions: readonly Dimension[], activeUnits: number | null): string {
  const [first] = dimensions;
  const facts = [
    ...(activeUnits === null ? [] : [`${activeUnits} of ${dimensions.length} active`]),
    ...(first === undefined ? [] : [`the largest ${formatValue(first.kl)} nats (dimension ${first.index})`]),
  ];
  return `KL divergence of each latent dimension: ${facts.join(", ")}.`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
