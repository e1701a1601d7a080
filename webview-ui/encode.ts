/** The encode panel: starts it. */
import "./shared/no-eval.ts";
