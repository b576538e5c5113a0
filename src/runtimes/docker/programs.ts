import type { Context } from "../../cli/context.ts";
import { ask } from "../local/ask.ts";
import type { Engine } from "./engine.ts";
import { runArguments } from "./run-arguments.ts";

/** Says the version of each program in a line `name<TAB>version`; those that are not there are left out. */
const SCRIPT = `for program in snakemake augur auspice; do
  version=$("$program" --version 2>/dev/null) && printf '%s\\t%s\\n' "$program" "\${version##* }"
done; true`;

/** Python takes its time to start, three times over. */
const LIMIT = 60_000;

/** The versions of what the image has of Nextstrain's programs: it takes a container to tell. */
export async function programVersions(
  context: Context,
  engine: Engine,
  image: string,
): Promise<readonly (readonly [string, string])[]> {
  const answer = await ask(
    context,
    {
      program: engine.program,
      args: runArguments(engine, {
        image,
        command: ["sh", "-c", SCRIPT],
        mounts: [],
        tty: false,
        user: undefined,
        extra: [],
      }),
      env: context.env,
    },
    LIMIT,
  );
  if (!answer.ok) return [["programs", `could not be asked: ${answer.reason}`]];
  return answer.out
    .split("\n")
    .map((line) => line.split("\t"))
    .flatMap(([name, version]) => (name && version ? [[`${name} in the image`, version] as const] : []));
}
