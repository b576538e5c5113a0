import type { JobDefinition } from "../../aws/batch.ts";
import type { ComputeEnvironment } from "../../aws/queue.ts";
import type { Facts } from "../facts.ts";
import { type Fit, fitOf, type JobSize } from "../fit.ts";
import { resize } from "../resize.ts";
import { isUsable } from "./environments.ts";
import { setUp, sizeInWords } from "./places.ts";
import { type Outcome, subject } from "./subject.ts";

/** The size of the job at hand, and where it might run. */
interface Sizing {
  readonly size: JobSize;
  readonly environments: readonly ComputeEnvironment[];
}

/** Whether the job's size fits what its queue runs jobs on. */
export const sizeSubject = subject<Sizing>({
  id: "size",
  called: () => "the size of jobs",
  async see(facts) {
    const [definition, queue] = await Promise.all([facts.definition(), facts.queue()]);
    if (definition.kind !== "seen" || queue.kind !== "seen") return undefined;
    const environments = await facts.environments();
    // What stands in the way of looking is told of the environments themselves.
    if (environments.kind !== "seen") return undefined;
    const usable = environments.value.filter(isUsable);
    const size = jobSize(definition.value, facts);
    // What is wrong with a definition that has no container is told of it.
    if (usable.length === 0 || size.vcpus === 0) return undefined;
    return { kind: "seen", value: { size, environments: usable } };
  },
  checks: [{ id: "size.fits", preflight: true, find: fits }],
});

/** What a job asks for: the build's own wishes, for the rest the definition's. */
export function jobSize({ vcpus, memoryMib }: JobDefinition, { asked }: Pick<Facts, "asked">): JobSize {
  return { vcpus: asked.cpus ?? vcpus, memoryMib: asked.memoryMib ?? memoryMib };
}

function fits({ size, environments }: Sizing, facts: Facts): Outcome | undefined {
  const found = environments.map((environment) => ({ environment, fit: fitOf(environment, size) }));
  const asks = `A job asks for ${sizeInWords(size)}`;
  const one = (kind: Fit["kind"]) => found.find(({ fit }) => fit.kind === kind);
  const home = one("fits");
  if (home) return { mark: "ok", says: `${asks}, which computers of "${home.environment.name}" have.` };
  if (one("unknown")) return undefined;
  const perhaps = one("perhaps") ?? found[0];
  if (perhaps === undefined) return undefined;
  const isSure = perhaps.fit.kind !== "perhaps";
  return {
    mark: isSure ? "wrong" : "caution",
    says: `${asks}: ${tooMuch(perhaps.fit, facts.names.queue.value)} ${isSure ? "It would wait for ever." : "It may wait for ever."}`,
    mend: mendSize(perhaps.fit, size, facts),
  };
}

function tooMuch(fit: Fit, queue: string): string {
  switch (fit.kind) {
    case "over-limit":
      return `more vCPUs than the ${fit.maxVcpus} that the job queue "${queue}" may use at a time.`;
    case "over-computers":
      return `more than any computer of the job queue "${queue}" has left for jobs. The largest is ${fit.largest.type}, with ${sizeInWords(fit.largest)}${fit.largest.isEstimate ? " by our estimate" : ""}.`;
    case "perhaps":
      return `perhaps more than any computer of the job queue "${queue}" has left for jobs. ${fit.largest.isEstimate ? "We estimate that" : "By the users' guide"} the largest, ${fit.largest.type}, has ${sizeInWords(fit.largest)}.`;
    default:
      return "";
  }
}

function mendSize(fit: Fit, size: JobSize, facts: Facts): string {
  const { build, setUp: raise } = resize(fit, size);
  const smaller = build === undefined ? "" : `Build with ${build}.`;
  return raise === undefined
    ? smaller
    : `${smaller}${setUp(facts, "Or let the administrator of your AWS account allow more, where this program set AWS up", raise)}`;
}
