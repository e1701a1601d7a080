/** A check of what callers hand to a session: a mistake of theirs, not of a user's. */
export function requireWhole(count: number, of: string): void {
  if (!Number.isInteger(count) || count < 0) throw new RangeError(`${count} is not a whole number of ${of}`);
}
