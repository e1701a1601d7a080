/**
 * Writes the matrix product's innermost loops, `tiles.generated.ts`: one function per tile height, so that all of
 * a tile's sums stay in registers. Not hand-written because they differ only in their repetitions.
 *
 * Matrices are stored in panels: sixteen columns side by side, row after row (64 bytes each), panel after panel.
 * A tile is H rows of one panel of the result; `b` points at one panel of B.
 *
 *   rowsHxN(a, aPanel, b, k, out):        out[H × N] += A[H rows × k] · B[k × N].
 *     `a` points at the tile's first row in A's first panel, `aPanel` is the distance between A's panels in bytes.
 *   columnsHxN(a, b, k, out):             out[H × N] = A[k × H columns]ᵀ · B[k × N].
 *     `a` points at the first of H neighbouring columns within one panel of A, k rows long.
 *   someRowsHxN(b, list, k, out):         as rows, over k listed k alone: the address in A, and the offset from b.
 *   someColumnsHxN(bFromA, list, k, out): as columns, over k listed rows alone: the address in A, `bFromA` from B's.
 *
 * Two widths: N = 16 is for V8's revectorizer, which pairs neighbouring 128-bit operations into 256-bit ones and
 * needs them in order of address; N = 8 is for 128-bit registers, where sixteen would spill: two passes make a tile.
 *
 * Every step ends with a branch. It looks wasteful and is the point: V8 schedules within basic blocks and would
 * otherwise gather the loads of all steps in front, run out of registers and spill (measured: half the speed).
 */
const tallest = 6;
const panelRowBytes = 64;

const kinds = {
  rows: {
    parameters: "a: usize, aPanel: usize, b: usize, k: i32, out: usize",
    sums: (offset) => `v128.load(out, ${offset})`,
    prepare: () => [],
    a: (row) => ["a", row * panelRowBytes],
    b: (step, vector) => ["b", step * panelRowBytes + vector * 16],
    advance: ["a += 4;"],
    steps: 16, // one panel of A
    afterSteps: [`a += aPanel - ${panelRowBytes};`, `b += ${16 * panelRowBytes};`],
  },
  columns: {
    parameters: "a: usize, b: usize, k: i32, out: usize",
    sums: () => "f32x4.splat(0)",
    prepare: () => [],
    a: (row) => ["a", row * 4],
    b: (step, vector) => ["b", step * panelRowBytes + vector * 16],
    advance: [`a += ${panelRowBytes};`],
    steps: 8,
    afterSteps: [`b += ${8 * panelRowBytes};`],
  },
  someRows: {
    parameters: "b: usize, list: usize, k: i32, out: usize",
    sums: (offset) => `v128.load(out, ${offset})`,
    prepare: (step) => [
      `const a${step} = <usize>load<u32>(list, ${step * 8});`,
      `const b${step} = b + load<u32>(list, ${step * 8 + 4});`,
    ],
    a: (row, step) => [`a${step}`, row * panelRowBytes],
    b: (step, vector) => [`b${step}`, vector * 16],
    advance: [],
    steps: 8,
    afterSteps: ["list += 64;"],
  },
  someColumns: {
    parameters: "bFromA: isize, list: usize, k: i32, out: usize",
    sums: () => "f32x4.splat(0)",
    prepare: (step) => [
      `const a${step} = <usize>load<u32>(list, ${step * 4});`,
      `const b${step} = a${step} + bFromA;`,
    ],
    a: (row, step) => [`a${step}`, row * 4],
    b: (step, vector) => [`b${step}`, vector * 16],
    advance: [],
    steps: 8,
    afterSteps: ["list += 32;"],
  },
};

function tile(name, height, width) {
  const kind = kinds[name];
  const rows = range(height);
  const vectors = range(width / 4);
  const place = (row, vector) => row * panelRowBytes + vector * 16;
  const at = ([address, offset]) => `${address}, ${offset}`;
  const lines = [
    `export function ${name}${height}x${width}(${kind.parameters}): void {`,
    ...rows.flatMap((row) =>
      vectors.map((vector) => `  let c${row}${vector} = ${kind.sums(place(row, vector))};`),
    ),
    "  while (k > 0) {",
  ];
  for (const step of range(kind.steps)) {
    lines.push(...kind.prepare(step).map((line) => `    ${line}`));
    for (const vector of vectors)
      lines.push(`    const b${step}v${vector} = v128.load(${at(kind.b(step, vector))});`);
    for (const row of rows) {
      lines.push(`    const a${step}r${row} = v128.load32_splat(${at(kind.a(row, step))});`);
      for (const vector of vectors) {
        const sum = `c${row}${vector}`;
        lines.push(`    ${sum} = f32x4.relaxed_madd(a${step}r${row}, b${step}v${vector}, ${sum});`);
      }
    }
    lines.push(...kind.advance.map((line) => `    ${line}`));
    if (step < kind.steps - 1) lines.push(`    if (k == ${step + 1}) break;`);
  }
  lines.push(...kind.afterSteps.map((line) => `    ${line}`), `    k -= ${kind.steps};`, "  }");
  for (const row of rows)
    for (const vector of vectors) lines.push(`  v128.store(out, c${row}${vector}, ${place(row, vector)});`);
  lines.push("}");
  return lines.join("\n");
}

/** `rows(wide, height, …)`: picks the tile by its height; the narrow kind makes a tile in two halves. */
function dispatcher(name) {
  const { parameters } = kinds[name];
  const names = parameters.split(", ").map((parameter) => parameter.split(":")[0]);
  const shifted = ["b", "bFromA", "out"];
  const call = (height, width, shift) =>
    `${name}${height}x${width}(${names.map((n) => (shifted.includes(n) ? `${n}${shift}` : n)).join(", ")});`;
  const cases = range(tallest).map((index) => {
    const height = index + 1;
    return `    case ${height}:
      if (wide) ${call(height, 16, "")}
      else {
        ${call(height, 8, "")}
        ${call(height, 8, " + 32")}
      }
      break;`;
  });
  return `export function ${name}(wide: bool, height: i32, ${parameters}): void {
  switch (height) {
${cases.join("\n")}
  }
}`;
}

function range(count) {
  return Array.from({ length: count }, (_, index) => index);
}

/** The text of `tiles.generated.ts`. */
export function generateTiles() {
  const parts = ["// Written by generate-tiles.mjs; see there."];
  for (const name of Object.keys(kinds)) {
    for (const height of range(tallest))
      for (const width of [8, 16]) parts.push(tile(name, height + 1, width));
    parts.push(dispatcher(name));
  }
  return `${parts.join("\n\n")}\n`;
}
