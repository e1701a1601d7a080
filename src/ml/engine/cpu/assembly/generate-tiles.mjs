/**
 * Writes the matrix product's innermost loops, `tiles.generated.ts`: one function per tile height, so that all of
 * a tile's sums stay in registers. Not hand-written because they differ only in their repetitions.
 *
 * Matrices are stored in panels: sixteen columns side by side, row after row (64 bytes each), panel after panel.
 *
 *   rowsHxN(a, aPanel, b, k, out):   out[H rows × N] = A[H rows × k] · B[k × N]
 *     `a` points at the tile's first row in A's first panel, `aPanel` is the distance between A's panels in bytes,
 *     `b` at the first of k rows of one panel of B, `out` at H rows of a panel.
 *   columnsHxN(a, b, k, out):        out[H × N] = A[k × H columns]ᵀ · B[k × N]
 *     `a` points at the first of H neighbouring columns within one panel of A, k rows long; the rest as above.
 *
 * Two widths: N = 16 is for V8's revectorizer, which pairs neighbouring 128-bit operations into 256-bit ones and
 * needs them in order of address; N = 8 is for 128-bit registers, where sixteen would spill: two passes make a tile.
 *
 * Every step ends with a branch. It looks wasteful and is the point: V8 schedules within basic blocks and would
 * otherwise gather the loads of all steps in front, run out of registers and spill (measured: half the speed).
 */
const tallest = 6;
const floatBytes = 4;
const panelRowBytes = 64;

const kinds = {
  rows: {
    parameters: "a: usize, aPanel: usize, b: usize, k: i32, out: usize",
    rowOffset: panelRowBytes,
    step: floatBytes,
    steps: 16, // one panel of A
    afterSteps: `a += aPanel - ${panelRowBytes};`,
  },
  columns: {
    parameters: "a: usize, b: usize, k: i32, out: usize",
    rowOffset: floatBytes,
    step: panelRowBytes,
    steps: 8,
    afterSteps: "",
  },
};

function tile(kind, height, width) {
  const { parameters, rowOffset, step, steps, afterSteps } = kinds[kind];
  const rows = range(height);
  const vectors = range(width / 4);
  const lines = [
    `export function ${kind}${height}x${width}(${parameters}): void {`,
    ...rows.flatMap((row) => vectors.map((vector) => `  let c${row}${vector} = f32x4.splat(0);`)),
    `  const end = b + <usize>k * ${panelRowBytes};`,
    "  while (b != end) {",
  ];
  for (const unrolled of range(steps)) {
    lines.push(...vectors.map((vector) => `    const b${unrolled}${vector} = v128.load(b, ${vector * 16});`));
    for (const row of rows) {
      lines.push(`    const a${unrolled}${row} = v128.load32_splat(a, ${row * rowOffset});`);
      for (const vector of vectors)
        lines.push(
          `    c${row}${vector} = f32x4.relaxed_madd(a${unrolled}${row}, b${unrolled}${vector}, c${row}${vector});`,
        );
    }
    lines.push(`    a += ${step};`, `    b += ${panelRowBytes};`);
    if (unrolled < steps - 1) lines.push("    if (b == end) break;");
  }
  lines.push(`    ${afterSteps}`, "  }");
  for (const row of rows)
    for (const vector of vectors)
      lines.push(`  v128.store(out, c${row}${vector}, ${row * panelRowBytes + vector * 16});`);
  lines.push("}");
  return lines.join("\n");
}

/** `rows(wide, height, …)`: picks the tile by its height; the narrow kind makes a tile in two halves. */
function dispatcher(kind) {
  const { parameters } = kinds[kind];
  const names = parameters.split(", ").map((parameter) => parameter.split(":")[0]);
  const call = (height, width, half) =>
    `${kind}${height}x${width}(${names.map((name) => (half && (name === "b" || name === "out") ? `${name} + 32` : name)).join(", ")});`;
  const cases = range(tallest).map((index) => {
    const height = index + 1;
    return `    case ${height}:
      if (wide) ${call(height, 16, false)}
      else {
        ${call(height, 8, false)}
        ${call(height, 8, true)}
      }
      break;`;
  });
  return `export function ${kind}(wide: bool, height: i32, ${parameters}): void {
  switch (height) {
${cases.join("\n")}
  }
}`;
}

function range(count) {
  return Array.from({ length: count }, (_, index) => index);
}

export function generateTiles() {
  const parts = ["// Written by generate-tiles.mjs; see there."];
  for (const kind of Object.keys(kinds)) {
    for (const height of range(tallest))
      for (const width of [8, 16]) parts.push(tile(kind, height + 1, width));
    parts.push(dispatcher(kind));
  }
  parts.push(`/** Rows in the tallest tile. */\nexport const TALLEST: i32 = ${tallest};`);
  return `${parts.join("\n\n")}\n`;
}
