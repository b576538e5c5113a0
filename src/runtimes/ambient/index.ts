import type { Finding } from "../../checks/finding.ts";
import type { Context } from "../../cli/context.ts";
import { findProgram } from "../../cli/programs.ts";
import { UserError } from "../../errors.ts";
import type { LocalBuildRequest } from "../build-request.ts";
import { commandLine } from "../command-line.ts";
import { ASK_LIMIT, ask } from "../local/ask.ts";
import { buildVariables, hostEnvironment } from "../local/environment.ts";
import { runInForeground } from "../local/foreground.ts";
import { hasBenchmarkExtended, snakemakeVersion } from "../local/snakemake.ts";
import type { LocalRuntime } from "../local-runtime.ts";

/** What workflows commonly run, and whether none goes without it. */
const PROGRAMS = [
  { name: "snakemake", required: true },
  { name: "augur", required: false },
  { name: "auspice", required: false },
] as const;

const INSTALL =
  "Install it and see that it is on the PATH, or use another runtime: `nextstrain setup conda`, or --aws-batch.";

/** The ambient runtime: whatever programs are installed on this computer. */
export const ambient: LocalRuntime = {
  build: (context, _settings, request) => run(context, request),
  shell: (context, _settings, request) => run(context, request),
  async setUp(context, _settings, { dryRun }) {
    context.io.out(
      "The ambient runtime runs the programs that are installed here; there is nothing to set up.",
    );
    if (dryRun || (await findProgram(context, "snakemake"))) return;
    throw new UserError("There is no snakemake on the PATH.", { hint: INSTALL });
  },
  async update({ io }) {
    io.out(
      "The ambient runtime runs the programs that are installed here: update them as you installed them.",
    );
  },
  check: (context) => Promise.all(PROGRAMS.map((program) => checkProgram(context, program))),
  async versions(context) {
    const rows = await Promise.all(
      PROGRAMS.map(async ({ name }) => {
        const path = await findProgram(context, name);
        return [name, path ? await versionOf(context, path) : "not installed"] as const;
      }),
    );
    return rows;
  },
};

async function run(context: Context, request: LocalBuildRequest): Promise<number> {
  const { directory } = request.place;
  const { variables } = await buildVariables(context, request);
  const env = hostEnvironment(context, variables, directory);
  const version =
    request.program === "snakemake" ? await snakemakeVersion(context, "snakemake", env) : undefined;
  const [program, ...args] = commandLine(context, request, {
    benchmarkExtended: version !== undefined && hasBenchmarkExtended(version),
  });
  const status = await runInForeground(context, { program, args, env, cwd: directory });
  if (status === 127) context.io.err(explainNotFound(program));
  return status;
}

function explainNotFound(program: string): string {
  return `Exit status 127 says that a program was not found: ${program}, or one that it runs. ${INSTALL}`;
}

async function checkProgram(
  context: Context,
  { name, required }: (typeof PROGRAMS)[number],
): Promise<Finding> {
  const id = `ambient.${name}`;
  const path = await findProgram(context, name);
  if (path === undefined) {
    return {
      id,
      mark: required ? "wrong" : "caution",
      says: required
        ? `There is no ${name} on the PATH, and builds run it.`
        : `There is no ${name} on the PATH; workflows that run it fail.`,
      mend: INSTALL,
    };
  }
  const answer = await ask(context, { program: path, args: ["--version"], env: context.env });
  if (answer.ok) return { id, mark: "ok", says: `${name} ${numberIn(answer.out)} is here: ${path}.` };
  return {
    id,
    mark: required ? "wrong" : "caution",
    says: `${path} does not work: ${answer.reason}.`,
    mend: INSTALL,
  };
}

async function versionOf(context: Context, path: string): Promise<string> {
  const answer = await ask(context, { program: path, args: ["--version"], env: context.env }, ASK_LIMIT);
  return `${answer.ok ? numberIn(answer.out) : `does not work: ${answer.reason}`}, ${path}`;
}

/** The version in what `--version` prints: `augur 22.4.0`, `7.21.0`. */
function numberIn(text: string): string {
  return text.trim().split(/\s+/).at(-1) ?? "";
}
