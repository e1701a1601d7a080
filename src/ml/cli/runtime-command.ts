/** The hidden command by which the extension asks a Node whether it can run trainings (see src/contract/runtime.ts). */
import type { RuntimeVerdict } from "../../contract/runtime.ts";
import { tryReadback } from "../engine/webgpu/readback.ts";
import type { Context } from "./context.ts";

export interface RuntimeOptions {
  readonly json?: boolean;
}

export async function describeRuntime(
  { terminal: { out } }: Context,
  { json }: RuntimeOptions,
): Promise<void> {
  const runtime = { node: process.versions.node, electron: process.versions.electron ?? null };
  const tell = (verdict: RuntimeVerdict) => out.line(json ? JSON.stringify(verdict) : inWords(verdict));
  if (json) {
    tell({
      ...runtime,
      dawn: false,
      readback: false,
      reason: "the WebGPU library ended the process, or hangs",
    });
    // It may end this process at once.
    await out.flushed();
  }
  tell({ ...runtime, ...(await tryReadback()) });
}

function inWords({ node, electron, readback, reason }: RuntimeVerdict): string {
  const name = electron === null ? `Node ${node}` : `Node ${node} in Electron ${electron}`;
  return readback ? `${name}: GPU buffers can be read` : `${name}: GPU buffers cannot be read (${reason})`;
}
