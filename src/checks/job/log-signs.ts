/** A disk without room, in the words of the kernel, of Info-ZIP and of Docker. */
export const FULL_DISK = /no space left on device|disk full\?|\bENOSPC\b|disk quota exceeded/i;

/** The last line that a pattern matches. */
export function findLine(lines: readonly string[], pattern: RegExp): string | undefined {
  return lines.findLast((line) => pattern.test(line));
}

/** What the image's entrypoint was at when its log ended: it traces what it runs (`set -x`), and stops at the first failure. */
export type Step =
  /** Before its first trace: root dropped, variables fetched. */
  | "variables"
  | "fetching the directory"
  | "unpacking the directory"
  | "running the program"
  | "packing the results"
  | "storing the results"
  /** It came to its own `exit`: what went wrong is the program's own affair. */
  | "over";

/** What the program itself wrote, between the entrypoint's own lines. */
export function programLines(log: readonly string[]): readonly string[] {
  const start = log.findLastIndex((line) => /^\+ env /.test(line)) + 1;
  const end = log.findIndex((line, at) => at >= start && line.startsWith("+ zip -u "));
  return log.slice(start, end === -1 ? undefined : end);
}

/** What zip and unzip say of each file: `  adding: results/tree.nwk (deflated 61%)`. */
export const FILE_OF_ZIP = /^ *(?:adding|updating|freshening|inflating|extracting|creating|linking): /;

/** The step that a line of the log begins; undefined for all others. `archive` is the URL of the job's archive. */
export function stepOf(line: string, archive: string): Step | undefined {
  const [, command = "", rest = ""] = /^\+ (aws s3 cp|unzip -|env |zip -u|exit \d)(.*)/.exec(line) ?? [];
  switch (command) {
    case "":
      return undefined;
    case "aws s3 cp": {
      // `aws s3 cp [options] FROM TO`; the program's own copies are other ones.
      const at = rest.indexOf(archive);
      if (at === -1) return undefined;
      return rest.slice(at + archive.length).trim() === "" ? "storing the results" : "fetching the directory";
    }
    case "unzip -":
      return "unpacking the directory";
    case "env ":
      return "running the program";
    case "zip -u":
      return "packing the results";
    default:
      return "over";
  }
}
