import { readShippedFile } from "../cli/shipped-file.ts";

/** The CloudFormation template, as it is shipped. */
export async function readTemplate(): Promise<string> {
  return readShippedFile(new URL("template.yaml", import.meta.url));
}
