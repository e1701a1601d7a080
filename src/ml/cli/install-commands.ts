/** `engines install` and `engines remove`: engines that are no part of the product. So far that is TensorFlow. */
import { Failure } from "../../contract/failure.ts";
import type { Installing } from "../../contract/installing.ts";
import { installTensorflow, removeTensorflow } from "../engine/tensorflow/install-package.ts";
import { withCall } from "./called-as.ts";
import type { Context } from "./context.ts";
import { listenForInterruption } from "./interruption.ts";
import type { ListOptions } from "./list-commands.ts";
import { barSymbols, ProgressBar } from "./progress-bar.ts";
import { bytesInWords } from "./words.ts";

export async function installEngine(context: Context, name: string, { json }: ListOptions): Promise<void> {
  requireTensorflow(name, "install");
  const { terminal, environment, call } = context;
  const { out, err } = terminal;
  const { signal } = listenForInterruption(() => err.line("Stopping; nothing is kept."));
  const bar = new ProgressBar(err, barSymbols(environment, process.platform));
  let doing: Installing["doing"] | null = null;
  try {
    const { folder, device } = await installTensorflow({
      environment,
      signal,
      onProgress: (progress) => {
        if (json) out.line(JSON.stringify(progress));
        else if (progress.doing !== doing && !err.isLive) err.line(inWords(progress));
        doing = progress.doing;
        bar.note(inWords(progress));
      },
    });
    bar.clear();
    if (json) {
      out.line(JSON.stringify({ name, folder, ...device }));
      return;
    }
    out.line(`TensorFlow is in ${folder}`);
    out.line(
      device.available
        ? `works: ${device.description}. Use it with: --engine tensorflow`
        : `but not usable here: ${device.reason}. ${withCall(device.hint, call)}`,
    );
  } finally {
    bar.clear();
  }
}

export async function removeEngine(context: Context, name: string, { json }: ListOptions): Promise<void> {
  requireTensorflow(name, "remove");
  const { out } = context.terminal;
  const removed = await removeTensorflow(context.environment);
  if (json) out.line(JSON.stringify({ name, removed }));
  else out.line(removed ? "TensorFlow is removed." : "TensorFlow was not installed.");
}

function inWords({ doing, bytes }: Installing): string {
  if (doing === "try") return "trying TensorFlow out";
  return bytes < 1e6
    ? "installing TensorFlow with npm"
    : `installing TensorFlow, ${bytesInWords(bytes)} so far`;
}

function requireTensorflow(name: string, verb: string): void {
  if (name === "tensorflow") return;
  throw new Failure("usage", `there is no engine "${name}" to ${verb}`, `What can be installed: tensorflow.`);
}
