/** `npm test` runs this before the tests of the workbench; stdout holds nothing, or why those have to be skipped. */
import { install } from "./installation.ts";

const installed = await install((line) => process.stderr.write(`${line}\n`));
if ("missing" in installed) process.stdout.write(installed.missing);
