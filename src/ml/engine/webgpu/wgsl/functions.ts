/** Functions that kernels call. Every module is parsed in whole when a training starts, so it has those it calls and no others. */
import { latentFunctions } from "./latent.ts";
import { mathFunctions } from "./math.ts";
import { randomFunctions } from "./random.ts";

/** Each after those it calls, without what is said of them. */
const all = `${mathFunctions}${randomFunctions}${latentFunctions}`
  .replaceAll(/^\/\*\*.*\*\/\n/gm, "")
  .split(/^(?=fn )/m)
  .flatMap((source) => {
    const [, name] = /^fn (\w+)/.exec(source) ?? [];
    return name === undefined ? [] : [{ source, called: new RegExp(`\\b${name}\\(`) }];
  });

/** WGSL: the functions that `kernels` call, and those that these call. */
export function functionsFor(kernels: string): string {
  return all.reduceRight(
    (needed, { source, called }) => (called.test(needed) || called.test(kernels) ? source + needed : needed),
    "",
  );
}
