/** Threefry-2x32 with 20 rounds in WGSL, the same bits as ../../../random.ts, and the normals made of it. */
import type { Stream } from "../../../random.ts";

export const randomFunctions = `
fn rotate(x: u32, bits: u32) -> u32 { return (x << bits) | (x >> (32u - bits)); }

fn threefry(key: vec2u, counter: vec2u) -> vec2u {
  let key0 = key.x;
  let key1 = key.y;
  let key2 = 0x1bd11bdau ^ key.x ^ key.y;
  var x = counter.x + key0;
  var y = counter.y + key1;
  ${rounds()}
  return vec2u(x, y);
}

/** Two standard normals, by Box and Muller's transform (see ../../../model/latent-noise.ts). */
fn normals(key: vec2u, counter: vec2u) -> vec2f {
  let words = threefry(key, counter);
  let tiny = 5.9604644775390625e-8; // 2⁻²⁴
  let radius = sqrt(-2.0 * logarithm(f32((words.x >> 8u) + 1u) * tiny));
  return radius * turn(f32(words.y >> 8u) * tiny);
}
`;

/** The generator's key for a stream of this seed. */
export function keyOf(seed: number, stream: Stream): string {
  return `vec2u(${seed >>> 0}u, ${stream}u)`;
}

/** Five groups of four rounds, each of which ends with keys. */
function rounds(): string {
  const rotations = [
    [13, 15, 26, 6],
    [17, 29, 16, 24],
  ];
  const groups = Array.from({ length: 5 }, (_, group) => {
    const four = (rotations[group % 2] ?? []).map((bits) => `x += y; y = rotate(y, ${bits}u) ^ x;`);
    return `${four.join(" ")} x += key${(group + 1) % 3}; y += key${(group + 2) % 3} + ${group + 1}u;`;
  });
  return groups.join("\n  ");
}
