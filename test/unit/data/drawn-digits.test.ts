/** The drawn digits: the same everywhere, each on its own, and in MNIST's manner. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { DigitPen } from "../../../src/ml/data/digit-pen.ts";
import { digitSkeletons } from "../../../src/ml/data/digit-strokes.ts";
import { drawDigits } from "../../../src/ml/data/drawn-digits.ts";
import { failsWith } from "../../fixtures/failures.ts";

const few = await drawDigits({ train: 2_000, test: 500, seed: 1 });
const image = (pixels: Uint8Array, index: number) => pixels.subarray(index * 784, (index + 1) * 784);

test("the same seed draws the same bytes on every machine", () => {
  assert.equal(few.sha256, "2256ffecf1b30446f23f62bc520492b0caa8473a2981c3d701f8f22cc39048fe");
});

test("a picture depends on seed, split and index alone, not on how many are drawn or in which order", () => {
  const pen = new DigitPen();
  const alone = new Uint8Array(784);
  assert.equal(pen.draw(1, "test", 321, alone), few.test.labels?.[321]);
  assert.deepEqual(alone, image(few.test.pixels, 321));
  assert.equal(pen.draw(1, "train", 17, alone), few.train.labels?.[17]);
  assert.deepEqual(alone, image(few.train.pixels, 17));
});

test("seeds and splits draw different pictures, and no picture twice", async () => {
  const other = await drawDigits({ train: 500, test: 500, seed: 2 });
  const all = [few.train, few.test, other.train, other.test].flatMap(({ pixels, count }) =>
    Array.from({ length: count }, (_, index) => Buffer.from(image(pixels, index)).toString("latin1")),
  );
  assert.equal(new Set(all).size, all.length);
});

test("each digit and each way of writing it occurs about equally often", () => {
  const counts = Array(10).fill(0);
  for (const label of few.train.labels ?? []) counts[label]++;
  // 200 expected each, standard deviation 13.4: five of them.
  for (const count of counts) assert.ok(Math.abs(count - 200) < 67, `${counts}`);
  assert.deepEqual(few.labelNames, ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
  assert.ok(digitSkeletons.length === 10 && digitSkeletons.every((ways) => ways.length >= 3));
});

test("the pictures have MNIST's measures: mean ink, black border, bright strokes, centred mass", () => {
  const { pixels, count } = few.train;
  const mean = pixels.reduce((sum, pixel) => sum + pixel, 0) / pixels.length / 255;
  // MNIST's mean is 0.1307.
  assert.ok(Math.abs(mean - 0.1307) < 0.02, `mean ${mean}`);
  for (let index = 0; index < count; index++) {
    const picture = image(pixels, index);
    assert.ok(Math.max(...picture) >= 200, `picture ${index} has full ink`);
    let ink = 0;
    let inkX = 0;
    let inkY = 0;
    picture.forEach((level, pixel) => {
      const [row, col] = [Math.floor(pixel / 28), pixel % 28];
      if (row === 0 || row === 27 || col === 0 || col === 27)
        assert.ok(level < 128, `picture ${index} stays off the border`);
      ink += level;
      inkX += level * (col + 0.5);
      inkY += level * (row + 0.5);
    });
    const [x, y] = [inkX / ink, inkY / ink];
    assert.ok(Math.hypot(x - 14, y - 14) < 4, `picture ${index} has its mass at ${x}, ${y}`);
  }
});

test("each digit looks more like others of its kind than like the average digit", () => {
  const { pixels, labels } = few.train;
  const averages = Array.from({ length: 10 }, () => new Float64Array(784));
  const counts = Array(10).fill(0);
  labels?.forEach((label, index) => {
    counts[label]++;
    const average = averages[label] as Float64Array;
    image(pixels, index).forEach((level, pixel) => {
      average[pixel] = (average[pixel] as number) + level;
    });
  });
  let right = 0;
  few.test.labels?.forEach((label, index) => {
    const picture = image(few.test.pixels, index);
    const distances = averages.map((average, digit) =>
      picture.reduce(
        (sum, level, pixel) => sum + (level - (average[pixel] as number) / counts[digit]) ** 2,
        0,
      ),
    );
    if (distances.indexOf(Math.min(...distances)) === label) right++;
  });
  // The nearest mean scores 82 % on MNIST.
  assert.ok(
    right / few.test.count > 0.75,
    `${right} of ${few.test.count} are nearest to their own digit's mean`,
  );
});

test("progress reaches the end, and drawing can be interrupted", async () => {
  const seen: number[] = [];
  await drawDigits({ train: 1_500, test: 20, seed: 1 }, { onProgress: ({ done }) => seen.push(done) });
  assert.deepEqual(seen, [1_000, 1_500, 1_520]);
  const signal = AbortSignal.abort();
  await failsWith(() => drawDigits({ train: 10, test: 10, seed: 1 }, { signal }), "interrupted");
});
