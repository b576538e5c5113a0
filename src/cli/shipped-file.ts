import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { getAsset, isSea } from "node:sea";

/** Reads a text file that is shipped as it is: beside the program, where `url` says, or in the executable. */
export async function readShippedFile(url: URL): Promise<string> {
  return isSea() ? getAsset(basename(url.pathname), "utf8") : readFile(url, "utf8");
}
