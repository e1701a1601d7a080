/** What the original MNIST is made of, and the marks by which it is known. */
import type { SplitName } from "./dataset.ts";
import type { RemoteFile } from "./download.ts";
import type { IdxKind } from "./idx.ts";
import { idxFileName } from "./idx-folder.ts";

export interface MnistFile extends RemoteFile {
  readonly split: SplitName;
  readonly kind: IdxKind;
}

/** The four files; hashes and lengths are of their decompressed content. */
export const mnistFiles: readonly MnistFile[] = [
  {
    split: "train",
    kind: "images",
    name: idxFileName("train", "images"),
    bytes: 47_040_016,
    sha256: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    compressedBytes: 9_912_422,
  },
  {
    split: "train",
    kind: "labels",
    name: idxFileName("train", "labels"),
    bytes: 60_008,
    sha256: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    compressedBytes: 28_881,
  },
  {
    split: "test",
    kind: "images",
    name: idxFileName("test", "images"),
    bytes: 7_840_016,
    sha256: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    compressedBytes: 1_648_877,
  },
  {
    split: "test",
    kind: "labels",
    name: idxFileName("test", "labels"),
    bytes: 10_008,
    sha256: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    compressedBytes: 4_542,
  },
];

/** SHA-256 of the pixels of both splits, training first: the dataset hash of the original MNIST. */
export const mnistPixelsSha256 = "5b92582eb909c82a9bfefcd44acbe9233be3eb5b419a44cf211022ad2bf4bf96";

/** SHA-256 of the labels, one byte each, in the same order. */
export const mnistLabelsSha256 = "671ff9d70b4811116d55c3dd479efa7a981e2e62753ef7a6d5c15fea81e63d27";
