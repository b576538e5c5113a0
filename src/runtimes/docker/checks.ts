import type { Finding } from "../../checks/finding.ts";
import type { Context } from "../../cli/context.ts";
import type { Sourced } from "../../settings.ts";
import { formatBytes } from "../../workflow/quantity.ts";
import { describeAge } from "../local/age.ts";
import { ask } from "../local/ask.ts";
import { checkSpace } from "../local/space.ts";
import { callingUser } from "../local/user.ts";
import { type Engine, type EngineSeen, lookForEngines, mendEngine, sayBroken } from "./engine.ts";
import { findImage, nameFor } from "./images.ts";
import { runArguments } from "./run-arguments.ts";

/** Below this, in bytes, many workflows of Nextstrain run out of memory. */
const LITTLE_MEMORY = 2 * 1024 ** 3;
/** What the stock image takes on disk while it is fetched, in bytes, about. */
const IMAGE_SPACE = 3 * 1024 ** 3;
/** Starting a container takes long where its image has just been fetched. */
const RUN_LIMIT = 60_000;

/** What works of the docker runtime, and what doesn't. */
export async function checkDocker(context: Context, image: Sourced<string>): Promise<Finding[]> {
  const seen = await lookForEngines(context);
  const engine = seen.flatMap((one) => (one.kind === "works" ? [one.engine] : []))[0];
  if (engine === undefined) return withoutEngine(seen);
  const findings: Finding[] = [
    {
      id: "docker.engine",
      mark: "ok",
      says: `${engine.kind} ${engine.version} works (${engine.program}).`,
    },
    ...(await checkImage(context, engine, image)),
    ...checkResources(engine),
  ];
  if (engine.storage !== undefined) {
    findings.push(
      await checkSpace({ id: "docker.disk", directory: engine.storage, needs: IMAGE_SPACE, what: "images" }),
    );
  }
  return findings;
}

function withoutEngine(seen: readonly EngineSeen[]): Finding[] {
  const broken = seen.flatMap((one) => (one.kind === "broken" ? [one] : []));
  if (broken.length > 0) {
    return broken.map((one) => ({
      id: "docker.engine",
      mark: "wrong",
      says: sayBroken(one),
      mend: mendEngine(one),
    }));
  }
  return [
    {
      id: "docker.engine",
      mark: "wrong",
      says: "Neither Docker nor Podman is installed here.",
      mend: "Install one of them (https://docs.docker.com/get-docker/), or use another runtime.",
    },
  ];
}

async function checkImage(context: Context, engine: Engine, { value }: Sourced<string>): Promise<Finding[]> {
  const image = await nameFor(context, engine, value);
  const found = await findImage(context, engine, image);
  if (found === undefined) {
    return [
      {
        id: "docker.image",
        mark: "caution",
        says: `The image ${image} is not here yet: the first build has to fetch it.`,
        mend: "nextstrain setup docker",
      },
    ];
  }
  const age = found.createdAt === undefined ? undefined : describeAge(found.createdAt, context.now());
  return [
    {
      id: "docker.image",
      mark: age?.old ? "caution" : "ok",
      says: `The image ${image} is here${age ? ` (${age.text})` : ""}.`,
      ...(age?.old ? { mend: "nextstrain update docker" } : {}),
    },
    await checkRun(context, engine, image),
  ];
}

async function checkRun(context: Context, engine: Engine, image: string): Promise<Finding> {
  const args = runArguments(engine, {
    image,
    command: ["true"],
    mounts: [],
    tty: false,
    user: callingUser(),
    extra: [],
  });
  const answer = await ask(context, { program: engine.program, args, env: context.env }, RUN_LIMIT);
  if (answer.ok) return { id: "docker.run", mark: "ok", says: `${engine.kind} can run it.` };
  return {
    id: "docker.run",
    mark: "wrong",
    says: `${engine.kind} can't run it: ${answer.reason}.`,
    mend: `Try \`${engine.kind} run --rm ${image} true\`, and mend what it says.`,
  };
}

function checkResources({ cpus, memoryBytes, limits, init }: Engine): Finding[] {
  const findings: Finding[] = [];
  if (init.length === 0) {
    findings.push({
      id: "docker.init",
      mark: "caution",
      says: "Podman's init is not installed here: programs of your own (--exec) may not notice that they are to end.",
      mend: "Install the package catatonit.",
    });
  }
  if (cpus !== undefined && memoryBytes !== undefined) {
    const little = memoryBytes <= LITTLE_MEMORY;
    findings.push({
      id: "docker.resources",
      mark: little ? "caution" : "ok",
      says: `Containers have up to ${cpus} ${cpus === 1 ? "core" : "cores"} and ${formatBytes(memoryBytes)} of memory.`,
      ...(little
        ? {
            mend: "Many workflows need more memory: raise it in Docker Desktop's settings (Resources), or `podman machine set --memory`.",
          }
        : {}),
    });
  }
  if (!limits.cpus || !limits.memory) {
    findings.push({
      id: "docker.limits",
      mark: "caution",
      says: "The engine can't keep containers to --cpus and --memory; only Snakemake will know of them.",
      mend: "Delegate the cgroup controllers cpu and memory to your user: https://rootlesscontaine.rs/getting-started/common/cgroup2/",
    });
  }
  return findings;
}
