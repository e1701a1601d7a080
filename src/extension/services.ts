/** What commands work with: made once, when the extension is activated. */
import type * as vscode from "vscode";
import type { Dashboards } from "./panels/dashboard-panel.ts";
import type { EncodeContext } from "./panels/encode-panel.ts";
import type { Reporter } from "./report.ts";
import type { RunStore } from "./runs/run-store.ts";
import type { Tool } from "./training/tool.ts";
import type { Trainings } from "./training/trainings.ts";

export interface Services {
  readonly log: vscode.LogOutputChannel;
  readonly reporter: Reporter;
  readonly trainings: Trainings;
  readonly store: RunStore;
  readonly dashboards: Dashboards;
  readonly encode: EncodeContext;
  /** The command line tool. */
  readonly program: Tool;
  /** A folder for pictures that were made to be looked at. */
  readonly pictures: vscode.Uri;
}
