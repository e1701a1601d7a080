// Threefry-2x32 with 20 rounds, four counters at a time: the same bits as ../../../random.ts.

@inline
function rotate(x: v128, bits: i32): v128 {
  return v128.or(i32x4.shl(x, bits), i32x4.shr_u(x, 32 - bits));
}

/** The two words of each block are left at `out` (first words) and `out + 16` (second words). */
@inline
export function threefry4(key0: i32, key1: i32, counter0: v128, counter1: i32, out: usize): void {
  const key2 = 0x1bd11bda ^ key0 ^ key1;
  let x0 = i32x4.add(counter0, i32x4.splat(key0));
  let x1 = i32x4.splat(counter1 + key1);
  for (let group = 0; group < 5; group++) {
    if (group & 1) {
      x0 = i32x4.add(x0, x1);
      x1 = v128.xor(rotate(x1, 17), x0);
      x0 = i32x4.add(x0, x1);
      x1 = v128.xor(rotate(x1, 29), x0);
      x0 = i32x4.add(x0, x1);
      x1 = v128.xor(rotate(x1, 16), x0);
      x0 = i32x4.add(x0, x1);
      x1 = v128.xor(rotate(x1, 24), x0);
    } else {
      x0 = i32x4.add(x0, x1);
      x1 = v128.xor(rotate(x1, 13), x0);
      x0 = i32x4.add(x0, x1);
      x1 = v128.xor(rotate(x1, 15), x0);
      x0 = i32x4.add(x0, x1);
      x1 = v128.xor(rotate(x1, 26), x0);
      x0 = i32x4.add(x0, x1);
      x1 = v128.xor(rotate(x1, 6), x0);
    }
    const turn = (group + 1) % 3;
    const first = turn == 0 ? key0 : turn == 1 ? key1 : key2;
    const second = turn == 0 ? key1 : turn == 1 ? key2 : key0;
    x0 = i32x4.add(x0, i32x4.splat(first));
    x1 = i32x4.add(x1, i32x4.splat(second + group + 1));
  }
  v128.store(out, x0);
  v128.store(out, x1, 16);
}
