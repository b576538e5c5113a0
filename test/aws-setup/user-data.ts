import { at, type Parameters, render } from "./rendered.ts";

/** The user data of an instance, before Base64. */
export function userData(parameters: Parameters = {}): string {
  const data = at(
    render(parameters).Resources,
    "LaunchTemplate.Properties.LaunchTemplateData.UserData.Fn::Base64",
  );
  if (typeof data !== "string") throw new Error("The user data is no plain text");
  return data;
}

/** The script that sets up NVMe disks: the boothook of the user data. */
export function storageScript(): string {
  const [, script] =
    /Content-Type: text\/cloud-boothook[^\n]*\n\n([\s\S]*?)\n--==/.exec(userData({ DiskKind: "nvme" })) ?? [];
  if (script === undefined) throw new Error("The user data has no boothook");
  return `${script}\n`;
}
