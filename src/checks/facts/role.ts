import { GetRoleCommand } from "@aws-sdk/client-iam";
import type { Aws } from "../../aws/clients.ts";
import { look } from "../look.ts";
import type { Seen } from "../seen.ts";

/** A role of IAM. */
export interface Role {
  readonly name: string;
  readonly arn: string;
  /** Services that may take it on: `ecs-tasks.amazonaws.com`. */
  readonly trusted: readonly string[];
}

/** Looks a role up by its name (GetRole). */
export function seeRole(aws: Aws, name: string, signal: AbortSignal): Promise<Seen<Role>> {
  return look(
    { doing: `look up the role ${name}`, permission: "iam:GetRole", signal },
    async (abortSignal) => {
      const iam = await aws.iam();
      const { Role: role } = await iam.send(new GetRoleCommand({ RoleName: name }), { abortSignal });
      return (
        role && {
          name,
          arn: role.Arn ?? "",
          trusted: trustedServices(decodeURIComponent(role.AssumeRolePolicyDocument ?? "")),
        }
      );
    },
  );
}

/** Services that a trust policy names ("IAM JSON policy elements: Principal"). */
export function trustedServices(document: string): readonly string[] {
  let policy: unknown;
  try {
    policy = JSON.parse(document);
  } catch {
    return [];
  }
  const { Statement: statements } = (policy ?? {}) as { readonly Statement?: unknown };
  return [statements].flat().flatMap((statement) => {
    const { Effect, Principal } = (statement ?? {}) as {
      readonly Effect?: unknown;
      readonly Principal?: { readonly Service?: unknown } | string;
    };
    if (Effect !== "Allow" || typeof Principal !== "object" || Principal === null) return [];
    return [Principal.Service].flat().filter((one) => typeof one === "string");
  });
}
