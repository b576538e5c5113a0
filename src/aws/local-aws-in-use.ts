import { basename, dirname } from "node:path";
import type { Context } from "../cli/context.ts";
import { ensureLocalAws, findLocalAws, type LocalAws, localAwsPort } from "./local-aws.ts";
import {
  type ControlTarget,
  type HowJobRuns,
  identifyServer,
  readStatus,
  requestHowJobsRun,
} from "./local-aws-control.ts";
import { createReviver } from "./revival.ts";

/** The local AWS that an account's requests go to, by whichever way: `--local-aws`, the exports, a profile. */
export interface LocalAwsInUse {
  /** It is the one that `--local-aws` means here. */
  readonly isOfThisHome: boolean;
  /** It was named by that option, so that neither its endpoint nor its keys are in the environment. */
  readonly isByOption: boolean;
  /** How it would run a job in the image; undefined where it does not say. */
  howJobsRun(image: string): Promise<HowJobRuns | undefined>;
  /**
   * Starts it again where it has died; undefined where nobody here can, since it is another home's and that is not known. See
   * {@link createReviver}.
   */
  readonly revive: (() => Promise<void>) | undefined;
}

/** Milliseconds that the question who it is may take. */
const ANSWER_LIMIT = 10_000;

/** This home's local AWS, in use. */
export function useLocalAws(
  context: Context,
  local: LocalAws,
  { isByOption }: Pick<LocalAwsInUse, "isByOption">,
): LocalAwsInUse {
  return {
    ...{ isOfThisHome: true, isByOption },
    howJobsRun: askHowJobsRun(context, local),
    revive: createReviver(context, local),
  };
}

/**
 * Finds out whether an endpoint is a local AWS. This home's own is started where it does not run: what was once exported stays good.
 *
 * @param credentials the keys in use; asked for only where it is another home's
 */
export async function findLocalAwsInUse(
  context: Context,
  { endpoint, region, credentials }: EndpointInUse,
): Promise<LocalAwsInUse | undefined> {
  const port = loopbackPort(endpoint);
  if (port === undefined) return undefined;
  const answer = await withinLimit(context, (signal) => identifyServer(port, signal));
  const isOurs = (await localAwsPort(context)) === port;
  if (answer === "refused" && isOurs) {
    return useLocalAws(context, await ensureLocalAws(context), { isByOption: false });
  }
  if (answer !== "local AWS") return undefined;
  const local = isOurs ? await findLocalAws(context) : undefined;
  if (local?.port === port) return useLocalAws(context, local, { isByOption: false });
  const keys = await credentials().catch(() => undefined);
  const target = keys && { port, region, credentials: keys };
  return {
    ...{ isOfThisHome: false, isByOption: false },
    howJobsRun: target ? askHowJobsRun(context, target) : async () => undefined,
    revive: target && (await findReviver(context, target)),
  };
}

/** Of a local AWS of another home, where the keys in use are its owner's, and nothing is between it and us. */
async function findReviver(context: Context, target: ControlTarget): Promise<LocalAwsInUse["revive"]> {
  const status = await withinLimit(context, (signal) => readStatus(target, context.now(), signal));
  if (status?.port !== target.port || basename(status.stateDirectory) !== "local-aws") return undefined;
  const { pid, stateDirectory, executor } = status;
  const env = { ...context.env, NEXTSTRAIN_HOME: dirname(stateDirectory) };
  return createReviver({ ...context, env }, { pid, stateDirectory, executor: executor.choice });
}

/** Where requests go, and with what. */
export interface EndpointInUse {
  /** Undefined: to AWS. */
  readonly endpoint: string | undefined;
  readonly region: string;
  readonly credentials: () => Promise<ControlTarget["credentials"]>;
}

function askHowJobsRun(context: Context, target: ControlTarget): LocalAwsInUse["howJobsRun"] {
  return (image) => withinLimit(context, (signal) => requestHowJobsRun(target, image, context.now(), signal));
}

/** Undefined where the time is up. Throws the signal's reason. */
async function withinLimit<T>(
  { signal }: Context,
  ask: (signal: AbortSignal) => Promise<T>,
): Promise<T | undefined> {
  try {
    return await ask(AbortSignal.any([signal, AbortSignal.timeout(ANSWER_LIMIT)]));
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}

/** Local AWS listens on the loopback interface, by HTTP. */
function loopbackPort(endpoint: string | undefined): number | undefined {
  if (endpoint === undefined || !URL.canParse(endpoint)) return undefined;
  const { protocol, hostname, port } = new URL(endpoint);
  if (protocol !== "http:" || !["127.0.0.1", "localhost"].includes(hostname)) return undefined;
  return Number(port || 80);
}
