import type { Engine } from "./engine.ts";
import type { Attempt } from "./executor.ts";

/** The label of a job's containers; its value is the job's id. */
export const jobLabel = "nextstrain.local-aws.job";

/** How an attempt's container is made. */
export interface Creation {
  readonly args: readonly string[];
  /** Of the engine's program: the job's variables are in it, so that their values stand on no command line. */
  readonly environment: NodeJS.ProcessEnv;
  /** Variables that would change what the engine's program does; they go into the file that `args` names. */
  readonly envFile: string;
}

/** What `docker create` and `podman create` are to be called with: the image's own entrypoint, user and working directory stay. */
export function createArguments(
  engine: Pick<Engine, "environment" | "isPodman" | "cpus" | "canLimitCpus" | "canLimitMemory" | "gateway">,
  attempt: Attempt,
  { name, envFile }: { readonly name: string; readonly envFile: string },
): Creation {
  const variables = Object.entries({ ...attempt.environment, ...endpointFor(engine, attempt.environment) });
  const inFile = variables.filter(([key, value]) => isTheEngines(engine, key) && !value.includes("\n"));
  const inherited = variables.filter((variable) => !inFile.includes(variable));
  return {
    args: [
      ...["create", "--name", name, "--label", `${jobLabel}=${attempt.jobId}`, "--pull", "never"],
      // Output goes to the job's log stream; the engine need not keep it too.
      ...["--log-driver", "none"],
      ...(engine.gateway === undefined ? ["--network", "host"] : []),
      // Podman would pass on this computer's proxy, which a job on AWS knows nothing of.
      ...(engine.isPodman ? ["--http-proxy=false"] : []),
      ...limits(engine, attempt),
      ...["--env-file", envFile],
      ...inherited.flatMap(([key]) => ["--env", key]),
      attempt.image,
      ...attempt.command,
    ],
    environment: { ...engine.environment, ...Object.fromEntries(inherited) },
    envFile: inFile.map(([key, value]) => `${key}=${value}\n`).join(""),
  };
}

function limits(
  { cpus, canLimitCpus, canLimitMemory }: Pick<Engine, "cpus" | "canLimitCpus" | "canLimitMemory">,
  { size }: Attempt,
): readonly string[] {
  const memory = `${size.memoryMiB}m`;
  return [
    // An engine refuses more than its machine has.
    ...(canLimitCpus ? ["--cpus", String(Math.min(size.vcpus, cpus))] : []),
    // No swap in addition: instances of Batch have none.
    ...(canLimitMemory ? ["--memory", memory, "--memory-swap", memory] : []),
  ];
}

/** The addresses of local AWS as a container sees them. */
function endpointFor(
  { gateway }: Pick<Engine, "gateway">,
  environment: Attempt["environment"],
): Readonly<Record<string, string>> {
  if (gateway === undefined) return {};
  const names = ["AWS_ENDPOINT_URL", "AWS_EC2_METADATA_SERVICE_ENDPOINT"];
  return Object.fromEntries(
    names.flatMap((name) => {
      const address = environment[name];
      if (address === undefined) return [];
      return [[name, address.replace(/^http:\/\/127\.0\.0\.1:/, `http://${gateway}:`)]];
    }),
  );
}

/** Whether the engine's program reads the variable, or is given it already: it must not be given the job's. */
function isTheEngines({ environment }: Pick<Engine, "environment">, key: string): boolean {
  return environment[key] !== undefined || /^(DOCKER|CONTAINER|PODMAN|STORAGE|XDG|LD|GO|SSL)/.test(key);
}
