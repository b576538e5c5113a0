import type { ArchiveEntry } from "../../../archive/types.ts";
import { sameContent } from "../../../results/look.ts";
import { isSnakemakeState } from "../../../results/names.ts";
import type { ResultsBeside } from "../bring-back.ts";

/** A file that two children have made with different content. */
export interface Clash {
  readonly path: string;
  /** The labels of the two, in the order in which their results came. */
  readonly labels: readonly [string, string];
}

/** Who of the children made which file. */
export interface Owners {
  /** For bringing the results of this job: of a child, what is in its part alone; else what has changed in the archive. */
  of(label: string, from: "part" | "archive"): ResultsBeside;
  clashes(): readonly Clash[];
}

interface Owned {
  readonly label: string;
  readonly entry: ArchiveEntry;
}

/**
 * Keeps account of the files that children bring. Of a file that two have made, the first version stays; with the same content it gets
 * the older of their times, lest it seem newer than what was made from it.
 *
 * @param wanted the files that are brought
 */
export function createOwners(wanted: (path: string) => boolean = () => true): Owners {
  const owned = new Map<string, Owned>();
  const clashes: Clash[] = [];
  return {
    clashes: () => clashes,
    of: (label, from) => ({
      reconcile(entries, began) {
        const isMade = (entry: ArchiveEntry) => {
          if (from === "part") return true;
          const before = began?.uploaded.get(entry.path);
          return began === undefined
            ? entry.madeByInfoZip
            : before === undefined || !sameContent(before, entry);
        };
        const others = new Map<string, string>();
        const reconciled = entries.map((entry) => {
          if (entry.kind !== "file" || isSnakemakeState(entry.path) || !wanted(entry.path)) return entry;
          if (!isMade(entry)) return entry;
          const owner = owned.get(entry.path);
          if (owner === undefined || owner.label === label) {
            owned.set(entry.path, { label, entry });
            return entry;
          }
          if (!sameContent(owner.entry, entry)) {
            others.set(entry.path, owner.label);
            return entry;
          }
          const older = { ...entry, mtimeMs: Math.min(entry.mtimeMs, owner.entry.mtimeMs) };
          owned.set(entry.path, { ...owner, entry: older });
          return older;
        });
        for (const [path, other] of others) clashes.push({ path, labels: [other, label] });
        return {
          entries: reconciled,
          // Where nothing tells how a file was, one that differs is never replaced.
          began: began && others.size > 0 ? without(began, others) : began,
          whyOther(path) {
            const other = others.get(path);
            return other && `${other} has made it, too, with other content`;
          },
        };
      },
    }),
  };
}

function without<T extends { readonly uploaded: ReadonlyMap<string, unknown> }>(
  began: T & { readonly excluded: T["uploaded"] },
  paths: ReadonlyMap<string, unknown>,
): T {
  const less = (states: T["uploaded"]) => new Map([...states].filter(([path]) => !paths.has(path)));
  return { ...began, uploaded: less(began.uploaded), excluded: less(began.excluded) };
}
