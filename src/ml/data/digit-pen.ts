/**
 * Draws one digit as a 28 × 28 picture in MNIST's manner: white on black, the ink in a box of about 20 × 20 around
 * the middle, strokes two to four pixels wide with soft edges. Which digits make a dataset is drawn-digits.ts's
 * subject. Uses only + − × ÷ √ on float64, which every machine computes alike: the same bits everywhere.
 */
import { RandomSequence, streams } from "../random.ts";
import type { SplitName } from "./dataset.ts";
import { digitSkeletons, type Skeleton, type Stroke } from "./digit-strokes.ts";

/** Pixels on each side of a drawn digit. */
export const digitSide = 28;
/** The box that the ink fills, in pixels. */
const inkSide = 20;
/** Straight pieces between two points of a stroke. */
const piecesPerCurve = 5;
/** More points than any skeleton becomes. */
const maximumPoints = 256;
/** Nodes of the grid whose random displacements bend the skeleton. */
const gridRows = 4;
const gridCols = 3;
/** Test pictures are numbered from here on, so that no picture is in both splits. */
const firstTestBlock = 2 ** 31;

/** How one picture is written, all drawn from its own random numbers. */
interface Hand {
  /** Pixels. */
  readonly halfWidth: number;
  readonly softness: number;
  /** The linear map, before fitting: x' = xx·x + xy·y, y' = yx·x + yy·y. */
  readonly xx: number;
  readonly xy: number;
  readonly yx: number;
  readonly yy: number;
  /** The share of the ink box that is filled. */
  readonly size: number;
  readonly shiftX: number;
  readonly shiftY: number;
  /** Grey level of full ink, 0..255. */
  readonly ink: number;
}

/** Scratch memory for one picture at a time; make one pen and draw many pictures. */
export class DigitPen {
  readonly #x = new Float64Array(maximumPoints);
  readonly #y = new Float64Array(maximumPoints);
  /** Index one past the last point of each stroke. */
  readonly #strokeEnds: number[] = [];
  readonly #bendX = new Float64Array(gridRows * gridCols);
  readonly #bendY = new Float64Array(gridRows * gridCols);
  readonly #control = new Float64Array(maximumPoints * 2);
  /** Squared distance of each pixel's centre to the nearest stroke. */
  readonly #distance = new Float64Array(digitSide * digitSide);
  #points = 0;

  /** Draws picture `index` of a split into `picture`, [28, 28], and returns the digit. Depends on nothing else. */
  draw(seed: number, split: SplitName, index: number, picture: Uint8Array): number {
    const block = split === "train" ? index : firstTestBlock + index;
    const random = new RandomSequence(seed, streams.drawing, block);
    const digit = random.integer(digitSkeletons.length);
    const ways = digitSkeletons[digit] as readonly Skeleton[];
    const skeleton = ways[random.integer(ways.length)] as Skeleton;
    const hand = chooseHand(random);
    this.#bend(random);
    this.#trace(skeleton, hand);
    this.#fit(hand);
    this.#measure(hand.halfWidth + hand.softness / 2);
    this.#ink(hand, picture);
    return digit;
  }

  #bend(random: RandomSequence): void {
    for (let node = 0; node < this.#bendX.length; node++) {
      this.#bendX[node] = 0.085 * spread(random);
      this.#bendY[node] = 0.065 * spread(random);
    }
  }

  /** Bends and maps the skeleton's points and joins them by Catmull and Rom's splines, cut into straight pieces. */
  #trace(skeleton: Skeleton, hand: Hand): void {
    this.#points = 0;
    this.#strokeEnds.length = 0;
    for (const stroke of skeleton) {
      const count = this.#mapStroke(stroke, hand);
      this.#append(this.#control[0] as number, this.#control[1] as number);
      for (let piece = 0; piece + 1 < count; piece++) this.#appendCurve(piece, count);
      this.#strokeEnds.push(this.#points);
    }
  }

  /** The stroke's points, bent and mapped, go into #control; returns how many there are. */
  #mapStroke(stroke: Stroke, hand: Hand): number {
    const count = stroke.length / 2;
    for (let point = 0; point < count; point++) {
      const x = stroke[2 * point] as number;
      const y = stroke[2 * point + 1] as number;
      const bentX = x + bilinear(this.#bendX, x, y) - 0.5;
      const bentY = y + bilinear(this.#bendY, x, y) - 0.5;
      this.#control[2 * point] = hand.xx * bentX + hand.xy * bentY;
      this.#control[2 * point + 1] = hand.yx * bentX + hand.yy * bentY;
    }
    return count;
  }

  #appendCurve(piece: number, count: number): void {
    const control = this.#control;
    const before = Math.max(piece - 1, 0);
    const after = Math.min(piece + 2, count - 1);
    for (let part = 1; part <= piecesPerCurve; part++) {
      const t = part / piecesPerCurve;
      // Weights of the four points; tangents are half the difference of the neighbours.
      const w0 = t * (t * (1 - 0.5 * t) - 0.5);
      const w1 = 1 + t * t * (1.5 * t - 2.5);
      const w2 = t * (0.5 + t * (2 - 1.5 * t));
      const w3 = t * t * (t - 1) * 0.5;
      const at = (axis: 0 | 1) =>
        w0 * (control[2 * before + axis] as number) +
        w1 * (control[2 * piece + axis] as number) +
        w2 * (control[2 * piece + 2 + axis] as number) +
        w3 * (control[2 * after + axis] as number);
      this.#append(at(0), at(1));
    }
  }

  #append(x: number, y: number): void {
    this.#x[this.#points] = x;
    this.#y[this.#points] = y;
    this.#points++;
  }

  /** Scales the traced points to the ink box and moves their centre of mass near the picture's middle, as MNIST's. */
  #fit(hand: Hand): void {
    let left = Infinity;
    let right = -Infinity;
    let top = Infinity;
    let bottom = -Infinity;
    let sumX = 0;
    let sumY = 0;
    for (let point = 0; point < this.#points; point++) {
      const x = this.#x[point] as number;
      const y = this.#y[point] as number;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
      sumX += x;
      sumY += y;
    }
    const scale = (hand.size * (inkSide - 2 * hand.halfWidth)) / Math.max(right - left, bottom - top);
    const reach = hand.halfWidth + hand.softness / 2;
    const moveX = within(
      (-sumX / this.#points) * scale + digitSide / 2 + hand.shiftX,
      left * scale,
      right * scale,
      reach,
    );
    const moveY = within(
      (-sumY / this.#points) * scale + digitSide / 2 + hand.shiftY,
      top * scale,
      bottom * scale,
      reach,
    );
    for (let point = 0; point < this.#points; point++) {
      this.#x[point] = (this.#x[point] as number) * scale + moveX;
      this.#y[point] = (this.#y[point] as number) * scale + moveY;
    }
  }

  /** Squared distances of pixel centres to the strokes, as far as `reach`. */
  #measure(reach: number): void {
    this.#distance.fill(Infinity);
    let start = 0;
    for (const end of this.#strokeEnds) {
      for (let point = start; point + 1 < end; point++) this.#measureSegment(point, reach);
      start = end;
    }
  }

  #measureSegment(point: number, reach: number): void {
    const ax = this.#x[point] as number;
    const ay = this.#y[point] as number;
    const bx = this.#x[point + 1] as number;
    const by = this.#y[point + 1] as number;
    const dx = bx - ax;
    const dy = by - ay;
    const squared = dx * dx + dy * dy;
    const perLength = squared > 0 ? 1 / squared : 0;
    const firstCol = Math.max(0, Math.floor(Math.min(ax, bx) - reach));
    const lastCol = Math.min(digitSide - 1, Math.floor(Math.max(ax, bx) + reach));
    const firstRow = Math.max(0, Math.floor(Math.min(ay, by) - reach));
    const lastRow = Math.min(digitSide - 1, Math.floor(Math.max(ay, by) + reach));
    for (let row = firstRow; row <= lastRow; row++) {
      const y = row + 0.5 - ay;
      for (let col = firstCol; col <= lastCol; col++) {
        const x = col + 0.5 - ax;
        const along = Math.min(1, Math.max(0, (x * dx + y * dy) * perLength));
        const offX = x - along * dx;
        const offY = y - along * dy;
        const distance = offX * offX + offY * offY;
        const pixel = row * digitSide + col;
        if (distance < (this.#distance[pixel] as number)) this.#distance[pixel] = distance;
      }
    }
  }

  /** Full ink inside the stroke, fading smoothly across its edge. */
  #ink(hand: Hand, picture: Uint8Array): void {
    const { halfWidth, softness, ink } = hand;
    for (let pixel = 0; pixel < this.#distance.length; pixel++) {
      const distance = Math.sqrt(this.#distance[pixel] as number);
      const inside = Math.min(1, Math.max(0, (halfWidth - distance) / softness + 0.5));
      picture[pixel] = Math.floor(ink * inside * inside * (3 - 2 * inside) + 0.5);
    }
  }
}

function chooseHand(random: RandomSequence): Hand {
  // t is the tangent of half the angle: a rotation without sine and cosine.
  const t = 0.08 * spread(random);
  const cos = (1 - t * t) / (1 + t * t);
  const sin = (2 * t) / (1 + t * t);
  const width = 0.84 + 0.2 * spread(random);
  const slant = 0.14 + 0.24 * spread(random);
  return {
    halfWidth: 0.95 + 0.85 * ((random.uniform() + random.uniform()) / 2),
    softness: 1.1 + 0.7 * random.uniform(),
    xx: cos * width,
    xy: -cos * slant - sin,
    yx: sin * width,
    yy: cos - sin * slant,
    size: 0.93 + 0.09 * random.uniform(),
    shiftX: 0.5 * spread(random),
    shiftY: 0.5 * spread(random),
    ink: 240 + 15 * random.uniform(),
  };
}

/** −1.5 … 1.5 around 0, the sum of three uniforms: variance 1/4, near to normal, no logarithm. */
function spread(random: RandomSequence): number {
  return random.uniform() + random.uniform() + random.uniform() - 1.5;
}

/** The grid's value at (x, y) in 0..1. */
function bilinear(grid: Float64Array, x: number, y: number): number {
  const col = Math.min(gridCols - 2, Math.floor(x * (gridCols - 1)));
  const row = Math.min(gridRows - 2, Math.floor(y * (gridRows - 1)));
  const right = x * (gridCols - 1) - col;
  const down = y * (gridRows - 1) - row;
  const at = row * gridCols + col;
  const upper = (grid[at] as number) * (1 - right) + (grid[at + 1] as number) * right;
  const lower = (grid[at + gridCols] as number) * (1 - right) + (grid[at + gridCols + 1] as number) * right;
  return upper * (1 - down) + lower * down;
}

/** `move`, changed as little as needed for low + move and high + move to stay `reach` inside the picture. */
function within(move: number, low: number, high: number, reach: number): number {
  return Math.min(digitSide - reach - high, Math.max(reach - low, move));
}
