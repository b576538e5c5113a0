// Installs what the example workflow needs; with --for-tests, what the tests are judged by as well.
import { ensureTools } from "./workflow-tools.mjs";

const ready = await ensureTools({ forTests: process.argv.includes("--for-tests") });
process.exitCode = ready ? 0 : 1;
