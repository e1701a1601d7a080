/**
 * A running workbench with the packaged extension in it: a server of its own with fresh folders, and a browser in
 * which windows are opened. Starting one takes seconds; tests share one a file (scenario.ts).
 */
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, type BrowserContext, chromium } from "playwright-core";
import type { Installation } from "./installation.ts";
import { WorkbenchWindow } from "./window.ts";

export interface WorkbenchOptions {
  readonly installation: Installation;
  /** The packages to install. */
  readonly extensions: readonly string[];
  /** User settings beside those that keep the workbench quiet. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** "asked": folders open in Restricted Mode until they are trusted. */
  readonly trust: "everything" | "asked";
}

/** No welcome page, nothing from the network, no extras that cover what is tested. */
const quiet = {
  "chat.disableAIFeatures": true,
  "extensions.autoCheckUpdates": false,
  "extensions.autoUpdate": false,
  "extensions.ignoreRecommendations": true,
  "git.enabled": false,
  "git.openRepositoryInParentFolders": "never",
  "security.workspace.trust.startupPrompt": "never",
  "telemetry.telemetryLevel": "off",
  "update.mode": "none",
  "window.commandCenter": false,
  "workbench.enableExperiments": false,
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "workbench.startupEditor": "none",
  "workbench.tips.enabled": false,
};

/** What ours inherit, so that none of them, however detached, outlives the tests. */
const mark = "LATENT_LAB_TEST_WORKBENCH";

export class Workbench {
  readonly #options: WorkbenchOptions;
  readonly #folder: string;
  readonly #id = randomUUID();
  #server: ChildProcess | undefined;
  #browser: Browser | undefined;
  #context: BrowserContext | undefined;
  #address = "";

  constructor(options: WorkbenchOptions) {
    this.#options = options;
    this.#folder = mkdtempSync(join(tmpdir(), "latent-lab-wb-"));
  }

  async start(): Promise<void> {
    this.useSettings({});
    for (const extension of this.#options.extensions)
      await this.#runToItsEnd(["--install-extension", extension]);
    this.#address = await this.#listen();
    const closed = ["--disable-quic", "--disable-background-networking", "--disable-component-update"];
    this.#browser = await chromium.launch({
      executablePath: this.#options.installation.chromium,
      args: ["--no-sandbox", ...closed, "--disable-sync", "--enable-unsafe-swiftshader"],
    });
    this.#context = await this.#browser.newContext({ viewport: { width: 1400, height: 900 } });
    this.#context.setDefaultTimeout(30_000);
    await this.#context.grantPermissions(["clipboard-read", "clipboard-write"]);
  }

  /** Opens a window on `folder` (or a .code-workspace file, or nothing) and waits until it can be used. */
  async openWindow(folder?: string): Promise<WorkbenchWindow> {
    if (this.#context === undefined) throw new Error("the workbench has not been started");
    const page = await this.#context.newPage();
    const query = folder?.endsWith(".code-workspace") ? "workspace" : "folder";
    const target = folder === undefined ? "?ew=true" : `?${query}=${encodeURIComponent(folder)}`;
    await page.goto(`${this.#address}/${target}`);
    const window = new WorkbenchWindow(page);
    await window.waitUntilReady();
    return window;
  }

  /** User settings as they are now, whoever has set them. */
  userSettings(): Readonly<Record<string, unknown>> {
    return JSON.parse(readFileSync(join(this.#userData, "User", "settings.json"), "utf8"));
  }

  /** Changes user settings; windows that are open read them when they are reloaded. */
  useSettings(settings: Readonly<Record<string, unknown>>): void {
    const folder = join(this.#userData, "User");
    mkdirSync(folder, { recursive: true });
    const all = { ...quiet, ...this.#options.settings, ...settings };
    writeFileSync(join(folder, "settings.json"), JSON.stringify(all, null, 2));
  }

  /** Settings of the machine that the workbench runs on, not of the browser: those that may name programs. */
  useMachineSettings(settings: Readonly<Record<string, unknown>>): void {
    const folder = join(this.#userData, "Machine");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "settings.json"), JSON.stringify(settings, null, 2));
  }

  /** A picture of every window that is open, where one can be had. */
  async screenshots(name: string): Promise<void> {
    for (const [index, page] of (this.#context?.pages() ?? []).entries())
      await new WorkbenchWindow(page).screenshot(`${name}-${index + 1}`).catch(() => undefined);
  }

  /** Closes all windows, those a scenario that failed has left open too. */
  async closeWindows(): Promise<void> {
    for (const page of this.#context?.pages() ?? []) await page.close();
  }

  /** Identifiers of the installed extensions. */
  async installedExtensions(): Promise<string[]> {
    const text = await this.#runToItsEnd(["--list-extensions"]);
    return text.split("\n").filter((line) => /^[\w-]+\.[\w-]+$/.test(line));
  }

  /** All that the output channel `name` (a LogOutputChannel) has written in any window, oldest file first. */
  outputChannel(name: string): string {
    const logs = join(this.#userData, "logs");
    if (!existsSync(logs)) return "";
    return readdirSync(logs, { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith(`/${name}.log`))
      .sort()
      .map((path) => readFileSync(join(logs, path), "utf8"))
      .join("");
  }

  /** Ids of the processes whose command line contains `part` and that this workbench, or what it started, started. */
  processes(part = ""): number[] {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .filter((pid) => readProcess(pid, "environ").includes(`${mark}=${this.#id}`))
      .filter((pid) => readProcess(pid, "cmdline").replaceAll("\0", " ").includes(part))
      .map(Number);
  }

  /** What runs those processes: absolute paths. */
  executables(part: string): string[] {
    return this.processes(part).flatMap((pid) => {
      try {
        return [readlinkSync(`/proc/${pid}/exe`)];
      } catch {
        // It has ended.
        return [];
      }
    });
  }

  /** Ends everything, detached training processes too, and removes the folders. */
  async stop(): Promise<void> {
    await this.#browser?.close();
    this.#server?.kill("SIGKILL");
    for (const pid of this.processes()) kill(pid);
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }

  get #userData(): string {
    return join(this.#folder, "data");
  }

  get #environment(): NodeJS.ProcessEnv {
    const { PATH } = process.env;
    // No request may leave this machine: the proxy is a port on which nothing listens.
    const closed = "http://127.0.0.1:9";
    const proxies = { HTTP_PROXY: closed, HTTPS_PROXY: closed, NO_PROXY: "127.0.0.1,localhost" };
    return { PATH, HOME: this.#folder, LANG: "C.UTF-8", ...proxies, [mark]: this.#id };
  }

  #spawn(args: readonly string[]): ChildProcess {
    const folders = ["--user-data-dir", this.#userData, "--extensions-dir", join(this.#folder, "extensions")];
    return spawn(process.execPath, [this.#options.installation.program, ...folders, ...args], {
      env: this.#environment,
      cwd: this.#folder,
      stdio: ["ignore", "pipe", "pipe"],
    });
  }

  #runToItsEnd(args: readonly string[]): Promise<string> {
    const child = this.#spawn(args);
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", (bytes: Buffer) => {
        output += bytes.toString();
      });
    return new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) => {
        if (code === 0) resolve(output);
        else reject(new Error(`code-server ${args.join(" ")} ended with ${code}:\n${output}`));
      });
    });
  }

  /** Starts the server; the address at which it listens. */
  #listen(): Promise<string> {
    const trust = this.#options.trust === "everything" ? ["--disable-workspace-trust"] : [];
    const silent = ["--disable-telemetry", "--disable-update-check", "--disable-getting-started-override"];
    const server = this.#spawn(["--auth", "none", "--bind-addr", "127.0.0.1:0", ...silent, ...trust]);
    this.#server = server;
    let output = "";
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.once("close", (code) => reject(new Error(`code-server ended with ${code}:\n${output}`)));
      server.stderr?.resume();
      server.stdout?.on("data", (bytes: Buffer) => {
        output += bytes.toString();
        const address = /listening on (http:\/\/127\.0\.0\.1:\d+)/.exec(output)?.[1];
        if (address !== undefined) resolve(address);
      });
    });
  }
}

function readProcess(pid: string, what: "environ" | "cmdline"): string {
  try {
    return readFileSync(`/proc/${pid}/${what}`, "utf8");
  } catch {
    // It has ended, or is not ours.
    return "";
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself.
  }
}
