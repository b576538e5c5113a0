import { readFile } from "node:fs/promises";

/** The CloudFormation template, as it is shipped: a file beside the program. */
export async function readTemplate(): Promise<string> {
  return readFile(new URL("template.yaml", import.meta.url), "utf8");
}
