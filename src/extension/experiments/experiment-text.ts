/** An experiment file as it stands in the editor, saved or not, checked by the one validator. */
import type * as vscode from "vscode";
import type { Experiment } from "../../contract/experiment.ts";
import { Failure } from "../../contract/failure.ts";
import { resolveExperiment } from "../../contract/parse-experiment.ts";
import { parseJson } from "../../contract/parse-json.ts";

/** Null where the text is not a valid experiment. */
export function parseExperimentText(document: vscode.TextDocument): Experiment | null {
  const result = checkExperimentText(document);
  return result instanceof Failure ? null : result;
}

/** The experiment, or what is wrong with it. */
export function checkExperimentText(document: vscode.TextDocument): Experiment | Failure {
  try {
    return resolveExperiment(parseJson(document.getText(), document.fileName), document.fileName);
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
}
