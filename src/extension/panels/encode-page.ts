/**
 * Encode Image: pictures beside what a model sees in them, keeps of them and makes of that. Also the editor of
 * `.latent` files, which have no original. The arithmetic is the command line tool's.
 */
import { basename, dirname, extname } from "node:path";
import * as vscode from "vscode";
import {
  type DecodedPicture,
  decodedPictureSchema,
  type EncodedPicture,
  encodedPictureSchema,
  latentFileModel,
} from "../../contract/encoded-picture.ts";
import { Failure } from "../../contract/failure.ts";
import {
  type FromEncodePanel,
  fromEncodePanelSchema,
  type ToEncodePanel,
  viewProtocolVersion,
} from "../../contract/view.ts";
import { Disposables } from "../dispose.ts";
import { capitalised, type Reporter, sentence } from "../report.ts";
import { type KnownRun, runLabel } from "../runs/listed-run.ts";
import { readSmall } from "../runs/run-folder.ts";
import type { RunStore } from "../runs/run-store.ts";
import { askTool, type Tool } from "../training/tool.ts";
import { saveFile } from "./save-file.ts";

/** Larger pictures are encoded all the same, but not shown in full. */
const maximumShownBytes = 16 * 2 ** 20;

const types: Readonly<Record<string, string>> = {
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".jpeg": "image/jpeg",
  ".webp": "image/webp",
};

export interface EncodePageContext {
  readonly program: Tool;
  readonly store: RunStore;
  readonly log: vscode.LogOutputChannel;
  readonly reporter: Reporter;
}

interface Wish {
  readonly run: string;
  /** Null: as the picture looks. */
  readonly invert: boolean | null;
}

export class EncodePage implements vscode.Disposable {
  readonly #context: EncodePageContext;
  readonly #webview: vscode.Webview;
  readonly #pictures: readonly vscode.Uri[];
  readonly #disposables = new Disposables();
  readonly #cancellation = this.#disposables.add(new vscode.CancellationTokenSource());
  readonly #results = new Map<string, EncodedPicture>();
  /** By picture, the newest wish counts: a process for each, one after the other, however many were selected. */
  readonly #wishes = new Map<string, Wish>();
  #isWorking = false;
  #run: string | null;

  constructor(
    context: EncodePageContext,
    webview: vscode.Webview,
    pictures: readonly vscode.Uri[],
    run: string | null,
  ) {
    this.#context = context;
    this.#webview = webview;
    this.#pictures = pictures;
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

  /** Looks at the files anew. */
  startAgain(): void {
    this.#results.clear();
    this.#showAgain();
  }

  dispose(): void {
    this.#cancellation.cancel();
    this.#disposables.dispose();
  }

  #post(message: ToEncodePanel): void {
    void this.#webview.postMessage(message);
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
    const runs = await this.#context.store.usable();
    // A panel that comes back may remember a run that has gone; a `.latent` file's is nobody's choice.
    if (this.#isOfLatent || !runs.some(({ path }) => path === this.#run))
      this.#run = (await this.#fittingRun(runs))?.path ?? null;
    const pictures = await Promise.all(
      this.#pictures.map(async ({ fsPath }) => ({
        key: fsPath,
        name: basename(fsPath),
        file: isLatent(fsPath) ? null : await this.#fileOf(fsPath),
        type: types[extname(fsPath).toLowerCase()] ?? "application/octet-stream",
      })),
    );
    this.#post({
      kind: "show",
      protocol: viewProtocolVersion,
      pictures,
      runs: runs.map((run) => ({ key: run.path, label: runLabel(run) })),
      run: this.#run,
    });
    if (this.#run === null) return;
    // For pictures the panel asks; a `.latent` file leaves nothing to choose.
    for (const { key } of pictures) if (isLatent(key)) this.#wish(key, { run: this.#run, invert: null });
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

  /** Empty where it cannot be shown; why it cannot, encoding it will say. */
  async #fileOf(path: string): Promise<Uint8Array<ArrayBuffer>> {
    return readSmall(path, maximumShownBytes).then(
      (content) => new Uint8Array(content),
      () => new Uint8Array(0),
    );
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

  async #encode(picture: string, { run, invert }: Wish): Promise<void> {
    this.#post({ kind: "working", picture });
    try {
      this.#post(
        isLatent(picture)
          ? { kind: "decoded", picture, run, result: await this.#decoded(picture, run) }
          : { kind: "encoded", picture, run, result: await this.#encoded(picture, run, invert) },
      );
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

  async #encoded(picture: string, run: string, invert: boolean | null): Promise<EncodedPicture> {
    const wish = invert === null ? "auto" : invert ? "on" : "off";
    const answer = await this.#ask(picture, ["encode", run, picture, "--detail", "--invert", wish]);
    const result = understood(encodedPictureSchema.safeParse(answer));
    this.#results.set(picture, result);
    return result;
  }

  async #decoded(picture: string, run: string): Promise<DecodedPicture> {
    const answer = await this.#ask(picture, ["decode", run, picture, "--detail"]).catch((error: unknown) => {
      // The run whose model it names would have been asked.
      throw error instanceof Failure && error.code === "latent-foreign" ? nobodysLatent(picture) : error;
    });
    return understood(decodedPictureSchema.safeParse(answer));
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
    const result = this.#results.get(picture);
    if (result === undefined) return;
    const name = `${basename(picture, extname(picture))}.latent`;
    await saveFile(name, new Uint8Array(Buffer.from(result.latentFile, "base64")));
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

function isLatent(path: string): boolean {
  return extname(path).toLowerCase() === ".latent";
}
