/**
 * Encode Image: pictures beside what a model sees in them, keeps of them and makes of that. Also the editor of
 * `.latent` files, which have no original. The arithmetic is the command line tool's.
 */
import { basename, dirname } from "node:path";
import * as vscode from "vscode";
import {
  decodedPictureSchema,
  encodedPictureSchema,
  latentFileModel,
} from "../../contract/encoded-picture.ts";
import { Failure } from "../../contract/failure.ts";
import { latentFileName } from "../../contract/latent-file-name.ts";
import {
  type FromEncodePanel,
  fromEncodePanelSchema,
  type ToEncodePanel,
  viewProtocolVersion,
} from "../../contract/view.ts";
import { Disposables } from "../dispose.ts";
import { readSmall } from "../read-small.ts";
import { capitalised, type Reporter, sentence } from "../report.ts";
import { isKnown, type KnownRun, runLabel } from "../runs/listed-run.ts";
import type { RunStore } from "../runs/run-store.ts";
import { askTool, type Tool } from "../training/tool.ts";
import { isLatent, maximumShownBytes, mediaType, pictureStamp, shownBytes } from "./picture-file.ts";
import { type FileToSave, saveFile, saveFiles } from "./save-file.ts";

export interface EncodePageContext {
  readonly program: Tool;
  readonly store: RunStore;
  readonly log: vscode.LogOutputChannel;
  readonly reporter: Reporter;
}

/** What a page is about. */
export interface Subject {
  readonly pictures: readonly vscode.Uri[];
  /** How many more were selected than a panel takes. */
  readonly leftOut: number;
  /** The run that encodes; null: the newest. */
  readonly run: string | null;
}

interface Wish {
  readonly run: string;
  /** Null: as the picture looks. */
  readonly invert: boolean | null;
}

type Answer = Extract<ToEncodePanel, { kind: "encoded" | "decoded" }>;

export class EncodePage implements vscode.Disposable {
  readonly #context: EncodePageContext;
  readonly #webview: vscode.Webview;
  readonly #pictures: readonly vscode.Uri[];
  readonly #disposables = new Disposables();
  readonly #cancellation = this.#disposables.add(new vscode.CancellationTokenSource());
  /** By picture, the last one, with all that it was the answer to. */
  readonly #answers = new Map<string, { readonly question: string; readonly answer: Answer }>();
  /** By picture, the newest wish counts: a process for each, one after the other, however many were selected. */
  readonly #wishes = new Map<string, Wish>();
  #leftOut: number;
  #isWorking = false;
  #run: string | null;
  /** Counts how often all was shown: files of an earlier time are not sent any more. */
  #generation = 0;

  constructor(context: EncodePageContext, webview: vscode.Webview, { pictures, leftOut, run }: Subject) {
    this.#context = context;
    this.#webview = webview;
    this.#pictures = pictures;
    this.#leftOut = leftOut;
    this.#run = run;
    this.#disposables.add(
      webview.onDidReceiveMessage((message: unknown) => {
        const parsed = fromEncodePanelSchema.safeParse(message);
        if (parsed.success) this.#receive(parsed.data).catch((error) => context.reporter.report(error));
        else context.log.warn("An encode panel sent a message that makes no sense; it is ignored.");
      }),
    );
    this.#disposables.add(
      context.store.onDidChange(() => {
        if (this.#run === null) this.#showAgain();
      }),
    );
    // What was refused may be launched now; a `.latent` file's run may have come.
    this.#disposables.add(vscode.workspace.onDidGrantWorkspaceTrust(() => this.#showAgain()));
    this.#disposables.add(vscode.workspace.onDidChangeWorkspaceFolders(() => this.#showAgain()));
  }

  /** Looks at the files anew; so many more were selected this time. */
  startAgain(leftOut: number): void {
    this.#leftOut = leftOut;
    this.#answers.clear();
    this.#showAgain();
  }

  dispose(): void {
    this.#generation++;
    this.#cancellation.cancel();
    this.#disposables.dispose();
  }

  #post(message: ToEncodePanel): void {
    if (!this.#cancellation.token.isCancellationRequested) void this.#webview.postMessage(message);
  }

  async #receive(message: FromEncodePanel): Promise<void> {
    switch (message.kind) {
      case "ready":
        await this.#show();
        break;
      case "encode":
        this.#run = message.run;
        this.#wish(message.picture, message);
        break;
      case "save-latent":
        await this.#saveLatent(message.picture);
        break;
      case "save-latents":
        await saveFiles(this.#latentFiles());
        break;
      case "save":
        await saveFile(message.name, message.bytes);
        break;
      case "train":
        await vscode.commands.executeCommand("latentLab.train");
        break;
      case "problem":
        this.#context.log.warn(`In an encode panel: ${message.message}`);
        break;
      default:
        message satisfies never;
    }
  }

  #showAgain(): void {
    this.#show().catch((error) => this.#context.reporter.report(error));
  }

  async #show(): Promise<void> {
    const generation = ++this.#generation;
    const runs = await this.#context.store.usable();
    // A panel that comes back may remember a run that has gone; a `.latent` file's is nobody's choice.
    if (this.#isOfLatent || !runs.some(({ path }) => path === this.#run))
      this.#run = (await this.#fittingRun(runs))?.path ?? null;
    if (generation !== this.#generation) return;
    const paths = this.#pictures.map(({ fsPath }) => fsPath);
    this.#post({
      kind: "show",
      protocol: viewProtocolVersion,
      pictures: paths.map((path) => ({ key: path, name: basename(path), hasOriginal: !isLatent(path) })),
      leftOut: this.#leftOut,
      runs: runs.map((run) => ({ key: run.path, label: runLabel(run) })),
      run: this.#run,
    });
    if (this.#run === null) return;
    // For pictures the panel asks; a `.latent` file leaves nothing to choose.
    for (const path of paths) if (isLatent(path)) this.#wish(path, { run: this.#run, invert: null });
    for (const path of paths) if (!isLatent(path)) await this.#sendFile(path, generation);
  }

  /** One after the other: together they may be more than the memory holds, and than a message does. */
  async #sendFile(path: string, generation: number): Promise<void> {
    if (generation !== this.#generation) return;
    const bytes = await shownBytes(path);
    if (generation !== this.#generation) return;
    await this.#webview.postMessage({
      kind: "file",
      picture: path,
      bytes,
      type: mediaType(path),
    } satisfies ToEncodePanel);
  }

  get #isOfLatent(): boolean {
    const [first] = this.#pictures;
    return first !== undefined && isLatent(first.fsPath);
  }

  /** The newest run; for a `.latent` file the one whose model made it. */
  async #fittingRun(runs: readonly KnownRun[]): Promise<KnownRun | undefined> {
    const [first] = this.#pictures;
    if (first === undefined || !isLatent(first.fsPath)) return runs[0];
    const { offset, length } = latentFileModel;
    const content = await readSmall(first.fsPath, maximumShownBytes).catch(() => Buffer.alloc(0));
    const model = content.subarray(offset, offset + length).toString("hex");
    return runs.find(({ record }) => record.modelSha256 === model) ?? runs[0];
  }

  #wish(picture: string, { run, invert }: Wish): void {
    if (!this.#pictures.some(({ fsPath }) => fsPath === picture)) return;
    this.#wishes.set(picture, { run, invert });
    if (!this.#isWorking) this.#work().catch((error) => this.#context.reporter.report(error));
  }

  async #work(): Promise<void> {
    this.#isWorking = true;
    try {
      while (!this.#cancellation.token.isCancellationRequested) {
        const [next] = this.#wishes;
        if (next === undefined) break;
        const [picture, wish] = next;
        this.#wishes.delete(picture);
        await this.#encode(picture, wish);
      }
    } finally {
      this.#isWorking = false;
    }
  }

  async #encode(picture: string, wish: Wish): Promise<void> {
    const question = await this.#questionOf(picture, wish);
    const known = this.#answers.get(picture);
    if (known?.question === question) {
      this.#post(known.answer);
      return;
    }
    this.#post({ kind: "working", picture });
    try {
      const answer = await (isLatent(picture) ? this.#decoded(picture, wish) : this.#encoded(picture, wish));
      this.#answers.set(picture, { question, answer });
      this.#post(answer);
    } catch (error) {
      if (error instanceof Failure && error.code === "interrupted") return;
      const { message, hint } =
        error instanceof Failure
          ? error
          : { message: "the picture could not be encoded", hint: "The log has the details." };
      this.#context.log.error(sentence(message, hint));
      this.#post({ kind: "failed", picture, failure: { message: capitalised(message), hint } });
    }
  }

  /** All that an answer depends on: a page that is built anew asks the same again, and no process need run for it. */
  async #questionOf(picture: string, { run, invert }: Wish): Promise<string> {
    const found = await this.#context.store.find(run);
    const model = isKnown(found) ? [found.record.step, found.record.modelSha256] : null;
    return JSON.stringify([await pictureStamp(picture), run, model, invert]);
  }

  async #encoded(picture: string, { run, invert }: Wish): Promise<Answer> {
    const wish = invert === null ? "auto" : invert ? "on" : "off";
    const answer = await this.#ask(picture, ["encode", run, picture, "--detail", "--invert", wish]);
    return { kind: "encoded", picture, run, result: understood(encodedPictureSchema.safeParse(answer)) };
  }

  async #decoded(picture: string, { run }: Wish): Promise<Answer> {
    const answer = await this.#ask(picture, ["decode", run, picture, "--detail"]).catch((error: unknown) => {
      // The run whose model it names would have been asked.
      throw error instanceof Failure && error.code === "latent-foreign" ? nobodysLatent(picture) : error;
    });
    return { kind: "decoded", picture, run, result: understood(decodedPictureSchema.safeParse(answer)) };
  }

  async #ask(picture: string, args: readonly string[]): Promise<unknown> {
    if (!vscode.workspace.isTrusted)
      throw new Failure(
        "usage",
        "nothing is launched in Restricted Mode",
        "Trust this workspace first: Workspaces: Manage Workspace Trust.",
      );
    const { token } = this.#cancellation;
    return askTool(this.#context.program, { args, folder: dirname(picture), token });
  }

  async #saveLatent(picture: string): Promise<void> {
    const bytes = this.#latentOf(picture);
    if (bytes !== null) await saveFile(latentFileName(basename(picture), []), bytes);
  }

  #latentFiles(): FileToSave[] {
    const names = this.#pictures.map(({ fsPath }) => basename(fsPath));
    return this.#pictures.flatMap(({ fsPath }, index) => {
      const bytes = this.#latentOf(fsPath);
      const name = latentFileName(basename(fsPath), names.toSpliced(index, 1));
      return bytes === null ? [] : [{ name, bytes }];
    });
  }

  #latentOf(picture: string): Uint8Array | null {
    const answer = this.#answers.get(picture)?.answer;
    if (answer?.kind !== "encoded" || answer.run !== this.#run) return null;
    return new Uint8Array(Buffer.from(answer.result.latentFile, "base64"));
  }
}

function understood<T>(parsed: { success: true; data: T } | { success: false }): T {
  if (parsed.success) return parsed.data;
  throw new Failure("internal", "the answer about the picture makes no sense", "Update Latent Lab.");
}

function nobodysLatent(path: string): Failure {
  return new Failure(
    "latent-foreign",
    `${basename(path)}: the run whose model made it is not in this workspace`,
    "Open the folder that has the run, or bring the run back from the trash. A run that was trained on has another model.",
  );
}
