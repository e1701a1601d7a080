/** What an experiment is called that is trained on a folder which somebody has picked. */
import { basename } from "node:path";
import { maximumNameLength } from "../../contract/experiment.ts";

/** "mnist-vae on flowers": lists of runs must tell it from one on MNIST. Of long names, both keep their beginning. */
export function nameOnFolder(experiment: string, folder: string): string {
  // The root of a file system has no name.
  const on = ` on ${basename(folder) || folder}`.slice(0, maximumNameLength / 2);
  return experiment.slice(0, maximumNameLength - on.length) + on;
}
