import { readFile } from "node:fs/promises";
import { getAsset, isSea } from "node:sea";

/** The CloudFormation template, as it is shipped: a file beside the program, or in the executable. */
export async function readTemplate(): Promise<string> {
  if (isSea()) return getAsset("template.yaml", "utf8");
  return readFile(new URL("template.yaml", import.meta.url), "utf8");
}
