import { relative } from "node:path";
import { CopyError, download, type Environment, remove, upload, uploadStream } from "./s3-copy.ts";
import { say } from "./shell.ts";

// The `aws` of jobs that run as processes: `aws s3 cp FROM TO`, `aws s3 cp - URL` and `aws s3 rm URL`, which is all that is asked of it.

const [service, operation, ...rest] = process.argv.slice(2);
const endpoint = rest.find((word) => word.startsWith("--endpoint-url="))?.slice("--endpoint-url=".length);
const environment = (endpoint ? { ...process.env, AWS_ENDPOINT_URL: endpoint } : process.env) as Environment;
const [from = "", to = ""] = rest.filter((word) => !word.startsWith("--"));

// The executable's files can't have `await` here. Like that, it ends with 13 where main never does.
process.once("beforeExit", () => {
  process.exitCode ??= 13;
});
void main();

async function main(): Promise<void> {
  try {
    process.exitCode = await run();
  } catch (error) {
    if (!(error instanceof CopyError)) throw error;
    say(`fatal error: ${error.message}`);
    process.exitCode = 1;
  }
}

/** Resolves to the exit status. */
async function run(): Promise<number> {
  const here = (path: string) => relative(process.cwd(), path);
  if (service === "s3" && operation === "cp" && from.startsWith("s3://")) {
    await download(from, to, environment);
    say(`download: ${from} to ${here(to)}`);
  } else if (service === "s3" && operation === "cp" && to.startsWith("s3://")) {
    if (from === "-") await uploadStream(process.stdin, to, environment);
    else await upload(from, to, environment);
    say(`upload: ${here(from)} to ${to}`);
  } else if (service === "s3" && operation === "rm") {
    await remove(from, environment);
    say(`delete: ${from}`);
  } else {
    say(
      `The aws command of local AWS's own jobs knows s3 cp and s3 rm, not: ${process.argv.slice(2).join(" ")}`,
    );
    return 252;
  }
  return 0;
}
