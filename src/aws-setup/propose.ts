import type { Tags } from "../aws/tags.ts";
import { UserError } from "../errors.ts";
import type { Parameters } from "./parameters.ts";
import { isOnlyProposed } from "./settle.ts";
import type { Site } from "./site.ts";
import type { Change, ChangeSet, Proposal, Stack } from "./stacks.ts";

/** A change set that CloudFormation has made. Taken back when disposed of, unless it was carried out. */
export interface Plan extends AsyncDisposable {
  readonly stackName: string;
  /** Whether the stack is to be made. */
  readonly isNew: boolean;
  readonly changes: readonly Change[];
  /** Whether there is nothing to carry out. A plan without changes may still have outputs or tags to set. */
  readonly isEmpty: boolean;
  /** Has CloudFormation begin. From then on there is nothing to take back. */
  execute(): Promise<void>;
}

/**
 * Has CloudFormation plan what it would do. Throws UserError with its reason where it refuses; nothing is left behind then,
 * nor after Control-C.
 */
export async function proposePlan(
  site: Site,
  {
    stackName,
    stack,
    template,
    parameters,
    tags,
  }: {
    readonly stackName: string;
    readonly stack: Stack | undefined;
    readonly template: string;
    readonly parameters: Parameters;
    readonly tags: Tags;
  },
): Promise<Plan> {
  const { stacks } = site.services;
  const isNew = stack === undefined || isOnlyProposed(stack);
  const proposal: Proposal = {
    stackName,
    changeSetName: `nextstrain-${site.context.now()}`,
    isNew,
    template,
    parameters,
    tags,
  };
  // What was there before stays, also where it is a mere plan of somebody else's.
  const takeBack = () =>
    stacks.discard({ ...proposal, isNew: stack === undefined }).catch((error: unknown) => {
      // Whatever else went wrong is what to tell; the next run cleans this up.
      const reason = error instanceof Error ? error.message : String(error);
      site.context.io.warn(`The plan of the stack ${stackName} could not be taken back: ${reason}`);
    });
  let executed = false;
  try {
    const arn = await stacks.propose(proposal);
    const planned = await plannedChanges(site, arn);
    return {
      stackName,
      isNew,
      changes: planned.kind === "ready" ? planned.changes : [],
      isEmpty: planned.kind === "empty",
      async execute() {
        await stacks.execute(arn);
        executed = true;
      },
      async [Symbol.asyncDispose]() {
        if (!executed) await takeBack();
      },
    };
  } catch (error) {
    await takeBack();
    throw error;
  }
}

async function plannedChanges(
  site: Site,
  arn: string,
): Promise<Extract<ChangeSet, { readonly kind: "ready" | "empty" }>> {
  const { io } = site.context;
  io.live(() => "CloudFormation is planning …");
  try {
    for (;;) {
      const planned = await site.services.stacks.changeSet(arn);
      if (planned.kind === "ready" || planned.kind === "empty") return planned;
      if (planned.kind === "failed") {
        throw new UserError(["CloudFormation refuses the plan:", ...planned.reasons].join("\n  "), {
          hint: "Nothing was changed. Mend that, or change the options, and run it again.",
        });
      }
      await site.pause();
    }
  } finally {
    io.live(undefined);
  }
}
