/** Folders for one test each, gone after it. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "latent-lab-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/**
 * A file system of its own, of `kilobytes`, in memory. Skips the test, and gives null, where this user may not
 * mount one.
 */
export function smallDisk(t: TestContext, kilobytes: number): SmallDisk | null {
  const path = mkdtempSync(join(tmpdir(), "latent-lab-disk-"));
  const mount = (...options: string[]) =>
    execFileSync("mount", ["-t", "tmpfs", ...options, "latent-lab-test", path], { stdio: "ignore" });
  try {
    mount("-o", `size=${kilobytes}k`);
  } catch {
    rmSync(path, { recursive: true });
    t.skip("a full disk is tried on a small tmpfs, which only root on Linux may mount");
    return null;
  }
  t.after(() => {
    execFileSync("umount", [path]);
    rmSync(path, { recursive: true });
  });
  return { path, makeReadOnly: () => execFileSync("mount", ["-o", "remount,ro", path]) };
}

export interface SmallDisk {
  readonly path: string;
  makeReadOnly(): void;
}
