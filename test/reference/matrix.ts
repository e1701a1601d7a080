/**
 * The reference's one data structure: a matrix of float64 numbers, row by row. It exists to make the reference
 * read like its formulas; it is no library, and nothing outside the tests uses it.
 */

export class Matrix {
  readonly rows: number;
  readonly cols: number;
  /** [rows, cols], row by row. */
  readonly values: Float64Array;

  constructor(rows: number, cols: number, values: ArrayLike<number> = new Float64Array(rows * cols)) {
    if (values.length !== rows * cols) throw new RangeError(`${values.length} values for ${rows}×${cols}`);
    this.rows = rows;
    this.cols = cols;
    this.values = values instanceof Float64Array ? values : Float64Array.from(values);
  }

  at(row: number, col: number): number {
    const value = this.values[row * this.cols + col];
    if (value === undefined) throw new RangeError(`no element (${row}, ${col}) in ${this.rows}×${this.cols}`);
    return value;
  }

  set(row: number, col: number, value: number): void {
    this.values[row * this.cols + col] = value;
  }

  add(row: number, col: number, value: number): void {
    this.set(row, col, this.at(row, col) + value);
  }

  /** A matrix of the same shape, each element computed from its place. */
  map(element: (value: number, row: number, col: number) => number): Matrix {
    const result = new Matrix(this.rows, this.cols);
    for (let row = 0; row < this.rows; row++)
      for (let col = 0; col < this.cols; col++) result.set(row, col, element(this.at(row, col), row, col));
    return result;
  }

  sum(): number {
    return this.values.reduce((sum, value) => sum + value, 0);
  }
}
