/**
 * What the user's cache holds of MNIST's four files, plain or gzipped, judged by their lengths alone: that is cheap.
 * Their content is proved when it is read.
 */
import { Failure } from "../../contract/failure.ts";
import { statedContentBytes } from "./byte-reader.ts";
import type { RemoteFile } from "./download.ts";
import { findIdxFiles, type IdxFiles } from "./idx-folder.ts";
import { type MnistFile, mnistFiles } from "./mnist-files.ts";

export interface CacheContent {
  /** Those that are missing or damaged. None: MNIST is there. */
  readonly wanting: readonly RemoteFile[];
  /** What is wrong with the damaged ones, in words that name the file. */
  readonly damage: readonly string[];
}

/** Throws a Failure: storage-*. */
export async function inspectCache(folder: string): Promise<CacheContent> {
  const found = await findOrNone(folder);
  const wanting: RemoteFile[] = [];
  const damage: string[] = [];
  for (const file of mnistFiles) {
    const path = found?.[file.split][file.kind] ?? null;
    const problem = path === null ? null : await problemOf(path, file);
    if (path === null || problem !== null) wanting.push(file);
    if (problem !== null) damage.push(problem);
  }
  return { wanting, damage };
}

async function findOrNone(folder: string): Promise<IdxFiles | null> {
  try {
    return await findIdxFiles(folder);
  } catch (error) {
    if (error instanceof Failure && error.code === "dataset-missing") return null;
    throw error;
  }
}

async function problemOf(path: string, file: MnistFile): Promise<string | null> {
  try {
    const bytes = await statedContentBytes(path);
    return bytes === file.bytes ? null : `${path}: does not hold MNIST's ${file.bytes} bytes`;
  } catch (error) {
    if (error instanceof Failure && error.code === "dataset-invalid") return error.message;
    throw error;
  }
}
