/** Which run folder the user means: a path, a name under .latent-lab/runs, or "latest". */
import { existsSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { Failure } from "../../contract/failure.ts";
import { suggestion } from "../../contract/nearest.ts";
import { runFiles } from "../../contract/run.ts";
import { listRuns } from "../train/list-runs.ts";
import { defaultRunsFolder } from "../train/run-folder.ts";

/** The absolute path; that it holds a sound run is for its reader to find out. Throws Failure("run-invalid"). */
export async function findRun(named: string): Promise<string> {
  const path = resolve(named);
  const inRuns = join(defaultRunsFolder("."), named);
  if (existsSync(join(path, runFiles.record))) return path;
  const isName = !/[\\/]/.test(named) && named !== "." && named !== "..";
  if (isName && existsSync(inRuns)) return resolve(inRuns);
  // A folder that is no run, or no longer one: its reader says what is wrong with it.
  if (!isName || existsSync(path)) return path;
  return namedRun(named);
}

async function namedRun(named: string): Promise<string> {
  const runs = await listRuns(defaultRunsFolder("."));
  const latest = runs.at(-1);
  if (latest === undefined) {
    throw new Failure(
      "run-invalid",
      `there is no run "${named}": ${defaultRunsFolder(".")} holds none`,
      "Train one (latent-lab train --preset mnist-vae), or give the path of a run folder.",
    );
  }
  if (named === "latest") return latest.path;
  const names = runs.map((run) => relative(defaultRunsFolder(resolve(".")), run.path));
  throw new Failure(
    "run-invalid",
    `there is no run "${named}"`,
    suggestion(named, names.slice(-5), "The latest runs"),
  );
}
