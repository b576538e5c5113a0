import { quote } from "./advice.ts";
import { definitionOf, findReason, type JobEvidence, type Symptom } from "./evidence.ts";

/** Why an image could not be fetched: as ECS says it (`CannotPullContainerError: …`), from the registry's answer. */
export const imageSymptoms: readonly Symptom[] = [
  {
    id: "image-rate-limit",
    see: (evidence) =>
      pullError(evidence, /toomanyrequests|429 Too Many Requests|rate limit|Rate exceeded/i) && {
        says: `The image ${imageOf(evidence)} could not be fetched: the place where it is kept (its registry) allows no more downloads for now.`,
        mend: "Build again in an hour or later. Where that happens often, have your account keep a copy (AWS console: Elastic Container Registry, Pull through cache) and name the copy with --image.",
      },
  },
  {
    id: "image-not-found",
    see: (evidence) =>
      pullError(evidence, /manifest unknown|not found|no such image|invalid reference/i) && {
        says: `The image ${imageOf(evidence)} could not be fetched: there is none of that name and tag (the part after the colon).`,
        mend: `Check it${tagPage(evidence)}, then name another with --image, or mend it in the ${definitionOf(evidence.job)}.`,
      },
  },
  {
    id: "image-denied",
    see: (evidence) =>
      pullError(
        evidence,
        /access denied|unauthorized|no basic auth|forbidden|403|authentication required/i,
      ) && {
        says: `The image ${imageOf(evidence)} could not be fetched: it doesn't exist, or the computers of your jobs may not read it.`,
        mend: `Check its name${tagPage(evidence)}. One in your own account's registry can be read once the instance role (ecsInstanceRole) has the policy AmazonEC2ContainerRegistryReadOnly; or name a public image with --image.`,
      },
  },
  {
    id: "image-unreachable",
    see: (evidence) =>
      pullError(
        evidence,
        /timeout|timed out|dial tcp|Client\.Timeout|connection re(?:fused|set)|no route to host|no such host|context deadline|request canceled/i,
      ) && {
        says: `The image ${imageOf(evidence)} could not be fetched: the job's computer could not reach the place where it is kept.`,
        mend: "Build again. Where it comes back, the computers have no way out to the internet: the subnets of the compute environment must give them public IP addresses, or have a NAT gateway (AWS console: VPC, Subnets).",
      },
  },
  {
    id: "image-not-pulled",
    see: (evidence) => {
      const reason = pullError(evidence, /.*/s);
      return (
        reason && {
          says: `The image ${imageOf(evidence)} could not be fetched; AWS says ${quote(reason[0])}.`,
          mend: `Check its name and tag${tagPage(evidence)}, and build again; --image names another.`,
        }
      );
    },
  },
];

function pullError({ job }: JobEvidence, pattern: RegExp): RegExpExecArray | undefined {
  const said = findReason(
    job,
    /^(?:CannotPullContainerError|CannotPullECRContainerError|CannotPullImageManifestError)\b:?\s*(.*)/is,
  );
  return (said && pattern.exec(said[1] ?? "")) ?? undefined;
}

function imageOf({ job }: JobEvidence): string {
  return job.container?.image || "of the job";
}

/** Where one can look a public image up; only Docker Hub's have no host in their names. */
function tagPage({ job }: JobEvidence): string {
  const repository = /^([a-z0-9._-]+\/[a-z0-9._-]+)(?:[:@]|$)/.exec(job.container?.image ?? "")?.[1];
  return repository === undefined || repository.split("/")[0]?.includes(".")
    ? ""
    : ` at https://hub.docker.com/r/${repository}/tags`;
}
