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
 *   someRowsHxN(a, b, list, end, out):    as rows, over the listed k alone: pairs of byte offsets from a and from b.
 *   someColumnsHxN(a, b, list, end, out): as columns, over the listed rows alone: byte offsets from both a and b.
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
    end: `const end = b + <usize>k * ${panelRowBytes};`,
    cursor: "b",
    prepare: [],
    a: (row) => ["a", row * panelRowBytes],
    b: "b",
    advance: ["a += 4;", `b += ${panelRowBytes};`],
    steps: 16, // one panel of A
    afterSteps: `a += aPanel - ${panelRowBytes};`,
  },
  columns: {
    parameters: "a: usize, b: usize, k: i32, out: usize",
    sums: () => "f32x4.splat(0)",
    end: `const end = b + <usize>k * ${panelRowBytes};`,
    cursor: "b",
    prepare: [],
    a: (row) => ["a", row * 4],
    b: "b",
    advance: [`a += ${panelRowBytes};`, `b += ${panelRowBytes};`],
    steps: 8,
    afterSteps: "",
  },
  someRows: {
    parameters: "a: usize, b: usize, list: usize, end: usize, out: usize",
    sums: (offset) => `v128.load(out, ${offset})`,
    end: "",
    cursor: "list",
    prepare: ["const ak = a + load<u32>(list);", "const bk = b + load<u32>(list, 4);"],
    a: (row) => ["ak", row * panelRowBytes],
    b: "bk",
    advance: ["list += 8;"],
    steps: 8,
    afterSteps: "",
  },
  someColumns: {
    parameters: "a: usize, b: usize, list: usize, end: usize, out: usize",
    sums: () => "f32x4.splat(0)",
    end: "",
    cursor: "list",
    prepare: ["const offset = load<u32>(list);", "const ak = a + offset;", "const bk = b + offset;"],
    a: (row) => ["ak", row * 4],
    b: "bk",
    advance: ["list += 4;"],
    steps: 8,
    afterSteps: "",
  },
};

function tile(name, height, width) {
  const kind = kinds[name];
  const rows = range(height);
  const vectors = range(width / 4);
  const place = (row, vector) => row * panelRowBytes + vector * 16;
  const lines = [
    `export function ${name}${height}x${width}(${kind.parameters}): void {`,
    ...rows.flatMap((row) =>
      vectors.map((vector) => `  let c${row}${vector} = ${kind.sums(place(row, vector))};`),
    ),
    `  ${kind.end}`,
    `  while (${kind.cursor} != end) {`,
  ];
  for (const step of range(kind.steps)) {
    const local = (code) => code.replace(/\b(ak|bk|offset)\b/g, `$1${step}`);
    const [aBase] = kind.a(0);
    lines.push(...kind.prepare.map((line) => `    ${local(line)}`));
    for (const vector of vectors)
      lines.push(`    const b${step}v${vector} = v128.load(${local(kind.b)}, ${vector * 16});`);
    for (const row of rows) {
      lines.push(`    const a${step}r${row} = v128.load32_splat(${local(aBase)}, ${kind.a(row)[1]});`);
      for (const vector of vectors) {
        const sum = `c${row}${vector}`;
        lines.push(`    ${sum} = f32x4.relaxed_madd(a${step}r${row}, b${step}v${vector}, ${sum});`);
      }
    }
    lines.push(...kind.advance.map((line) => `    ${line}`));
    if (step < kind.steps - 1) lines.push(`    if (${kind.cursor} == end) break;`);
  }
  lines.push(`    ${kind.afterSteps}`, "  }");
  for (const row of rows)
    for (const vector of vectors) lines.push(`  v128.store(out, c${row}${vector}, ${place(row, vector)});`);
  lines.push("}");
  return lines.join("\n");
}

/** `rows(wide, height, …)`: picks the tile by its height; the narrow kind makes a tile in two halves. */
function dispatcher(name) {
  const { parameters } = kinds[name];
  const names = parameters.split(", ").map((parameter) => parameter.split(":")[0]);
  const call = (height, width, shift) =>
    `${name}${height}x${width}(${names.map((n) => (n === "b" || n === "out" ? `${n}${shift}` : n)).join(", ")});`;
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
