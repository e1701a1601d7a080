/** The dashboard panel: starts it, and keeps what the extension says and what is drawn in step. */
import "./shared/no-eval.ts";
import {
  type FromDashboard,
  type ToDashboard,
  toDashboardSchema,
  viewProtocolVersion,
} from "../src/contract/view.ts";
import { registerControls } from "./controls.ts";
import { Dashboard } from "./dashboard/dashboard.ts";
import { type ViewState, viewStateSchema } from "./dashboard/view-state.ts";
import { Host } from "./host.ts";

const host = new Host<ToDashboard, FromDashboard, ViewState>(
  viewProtocolVersion,
  toDashboardSchema,
  viewStateSchema,
);
registerControls();
const dashboard = new Dashboard(host);
document.body.append(dashboard.element);
host.listen((message) => dashboard.take(message));
