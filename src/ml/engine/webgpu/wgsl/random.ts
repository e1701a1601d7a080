/** Threefry-2x32 with 20 rounds in WGSL, the same bits as ../../../random.ts, and the normals made of it. */
import type { Stream } from "../../../random.ts";

export const randomFunctions = `
fn rotate(x: u32, bits: u32) -> u32 { return (x << bits) | (x >> (32u - bits)); }

fn threefry(key: vec2u, counter: vec2u) -> vec2u {
  let keys = array<u32, 3>(key.x, key.y, 0x1bd11bdau ^ key.x ^ key.y);
  var x = counter + key;
  for (var group = 0u; group < 5u; group++) {
    let even = (group & 1u) == 0u;
    x.x += x.y; x.y = rotate(x.y, select(17u, 13u, even)) ^ x.x;
    x.x += x.y; x.y = rotate(x.y, select(29u, 15u, even)) ^ x.x;
    x.x += x.y; x.y = rotate(x.y, select(16u, 26u, even)) ^ x.x;
    x.x += x.y; x.y = rotate(x.y, select(24u, 6u, even)) ^ x.x;
    x.x += keys[(group + 1u) % 3u];
    x.y += keys[(group + 2u) % 3u] + group + 1u;
  }
  return x;
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
