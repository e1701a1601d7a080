/** Which Pythons of this machine have PyTorch. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import * as z from "zod/mini";

const run = promisify(execFile);

/** The first on PATH, and the system's own, which a virtual environment hides. */
const candidates = ["python3", "/usr/bin/python3"];

const question = `
import json, torch
try:
    import torchvision
    vision = torchvision.__version__
except ImportError:
    vision = None
print(json.dumps({"torch": torch.__version__, "torchvision": vision}))
`;

const answerSchema = z.object({ torch: z.string(), torchvision: z.nullable(z.string()) });

export interface PythonWithTorch extends z.infer<typeof answerSchema> {
  readonly program: string;
}

/** One for each version of PyTorch. */
export async function findPythons(signal?: AbortSignal): Promise<PythonWithTorch[]> {
  const found = new Map<string, PythonWithTorch>();
  for (const program of candidates) {
    const python = await askPython(program, signal);
    if (python !== null && !found.has(python.torch)) found.set(python.torch, python);
  }
  return [...found.values()];
}

/** null: no such Python, or no PyTorch in it; or `signal` ended the asking. */
export async function askPython(program: string, signal?: AbortSignal): Promise<PythonWithTorch | null> {
  try {
    const { stdout } = await run(program, ["-c", question], { timeout: 120_000, ...(signal && { signal }) });
    return { program, ...answerSchema.parse(JSON.parse(stdout)) };
  } catch {
    // Either way it takes no part.
    return null;
  }
}
