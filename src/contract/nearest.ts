/** What a person probably meant: the known name nearest to a misspelled one. */

/** The candidate within a few edits of `name`, case aside; null when none is near enough to be worth naming. */
export function nearest(name: string, candidates: readonly string[]): string | null {
  let best: string | null = null;
  let bestDistance = Math.max(1, Math.floor(name.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** "Did you mean X?", or, when nothing is near, all there is to choose from. */
export function suggestion(name: string, candidates: readonly string[], what: string): string {
  const meant = nearest(name, candidates);
  return meant === null ? `${what}: ${candidates.join(", ")}.` : `Did you mean ${meant}?`;
}

/**
 * Insertions, deletions, substitutions and swaps of neighbours that turn one text into the other
 * (Damerau's distance, restricted: no piece is edited twice).
 */
function editDistance(from: string, to: string): number {
  // Names are short; what is longer is no misspelling and not worth the quadratic time.
  if (from.length > 100 || to.length > 100) return Number.POSITIVE_INFINITY;
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const substitution = from[row - 1] === to[column - 1] ? 0 : 1;
      let distance = Math.min(
        at(previous, column) + 1,
        at(current, column - 1) + 1,
        at(previous, column - 1) + substitution,
      );
      const swapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      if (row > 1 && column > 1 && swapped) distance = Math.min(distance, at(beforePrevious, column - 2) + 1);
      current.push(distance);
    }
    beforePrevious = previous;
    previous = current;
  }
  return at(previous, to.length);
}

function at(distances: readonly number[], index: number): number {
  return distances[index] ?? Number.POSITIVE_INFINITY;
}
