import type {
  AttemptDetail,
  ContainerProperties,
  JobDefinition as DefinitionDetail,
  EcsTaskProperties,
  JobDetail,
  LogConfiguration,
  ResourceRequirement,
} from "@aws-sdk/client-batch";

/**
 * What a job definition describes. Batch has two forms for a single container, `containerProperties` and the newer `ecsProperties`,
 * and each wants its own overrides.
 */
export type DefinitionForm =
  | { readonly kind: "containerProperties" }
  /** The container's name is what overrides name it by. */
  | { readonly kind: "ecsProperties"; readonly container: string | undefined }
  /** What no build can use: pods of Kubernetes, several containers, several nodes. */
  | { readonly kind: "eks" | "several" };

/** A definition's container, and what its task has, whichever form it is in. */
export interface DefinedContainer {
  readonly form: DefinitionForm;
  readonly image: string | undefined;
  readonly resourceRequirements: readonly ResourceRequirement[];
  /** The older fields for sizes. MiB. */
  readonly vcpus: number | undefined;
  readonly memory: number | undefined;
  readonly roleArn: string | undefined;
  /** The role by which the image is pulled and the log written; Fargate wants one. */
  readonly executionRoleArn: string | undefined;
  readonly logConfiguration: LogConfiguration | undefined;
  /** GiB of disk on Fargate; undefined where the definition doesn't say. */
  readonly diskGib: number | undefined;
}

/** Reads a definition (DescribeJobDefinitions). */
export function definedContainer(detail: DefinitionDetail): DefinedContainer {
  const { containerProperties } = detail;
  if (containerProperties !== undefined) return ofContainer(containerProperties);
  const tasks = detail.ecsProperties?.taskProperties ?? [];
  const [task = { containers: [] }] = tasks;
  const isSingle = tasks.length === 1 && task.containers?.length === 1;
  const kind = detail.eksProperties === undefined ? "several" : "eks";
  return ofTask(task, isSingle ? { kind: "ecsProperties", container: task.containers?.[0]?.name } : { kind });
}

function ofContainer(container: ContainerProperties): DefinedContainer {
  return {
    form: { kind: "containerProperties" },
    image: container.image,
    resourceRequirements: container.resourceRequirements ?? [],
    vcpus: container.vcpus,
    memory: container.memory,
    roleArn: container.jobRoleArn || undefined,
    executionRoleArn: container.executionRoleArn || undefined,
    logConfiguration: container.logConfiguration,
    diskGib: container.ephemeralStorage?.sizeInGiB,
  };
}

function ofTask(task: EcsTaskProperties, form: DefinitionForm): DefinedContainer {
  const container = task.containers?.[0];
  return {
    form,
    image: container?.image,
    resourceRequirements: container?.resourceRequirements ?? [],
    vcpus: undefined,
    memory: undefined,
    roleArn: task.taskRoleArn || undefined,
    executionRoleArn: task.executionRoleArn || undefined,
    logConfiguration: container?.logConfiguration,
    diskGib: task.ephemeralStorage?.sizeInGiB,
  };
}

/** A definition in its own form with another image. Undefined where it has not just one container. */
export function withImage(
  { containerProperties, ecsProperties }: DefinitionDetail,
  image: string,
): Pick<DefinitionDetail, "containerProperties" | "ecsProperties"> | undefined {
  if (containerProperties !== undefined) {
    return { containerProperties: { ...containerProperties, image } };
  }
  const [task, ...others] = ecsProperties?.taskProperties ?? [];
  const [container, ...more] = task?.containers ?? [];
  if (task === undefined || container === undefined || others.length + more.length > 0) return undefined;
  return { ecsProperties: { taskProperties: [{ ...task, containers: [{ ...container, image }] }] } };
}

/** A job's container, in the one form. Of a job of `ecsProperties`, `container` is there, and empty. */
export function containerOf({ container, ecsProperties }: JobDetail): NonNullable<JobDetail["container"]> {
  const task = ecsProperties?.taskProperties?.[0];
  if (task === undefined) return container ?? {};
  return { ...task.containers?.[0], jobRoleArn: task.taskRoleArn };
}

/** The container of an attempt that has ended, in the one form. */
export function attemptContainer({
  container,
  taskProperties,
}: AttemptDetail): NonNullable<AttemptDetail["container"]> {
  return taskProperties?.[0]?.containers?.[0] ?? container ?? {};
}
