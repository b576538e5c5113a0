import type { Fit, JobSize } from "./fit.ts";
import { roomsOf } from "./instance-room.ts";

/** What to do about a job that doesn't fit. */
export interface Resize {
  /** Options of `build` for a size that fits; undefined where none is known. */
  readonly build: string | undefined;
  /** Options of `setup aws-batch` for computers that have room for it; undefined where none is known. */
  readonly setUp: string | undefined;
}

/** The options that would make a job of this size fit where it doesn't. */
export function resize(fit: Fit, size: JobSize): Resize {
  switch (fit.kind) {
    case "over-limit":
      return { build: `--cpus ${fit.maxVcpus}`, setUp: raiseLimit(size) };
    case "over-computers":
    case "perhaps": {
      const { memoryMib } = fit.largest;
      const vcpus = fit.kind === "perhaps" ? fit.largest.vcpus : Math.min(fit.largest.vcpus, fit.maxVcpus);
      const options = [
        ...(vcpus < size.vcpus ? [`--cpus ${vcpus}`] : []),
        ...(memoryMib < size.memoryMib ? [`--memory ${memoryMib}mib`] : []),
      ];
      const types = largerTypes(size);
      const isOver = fit.kind === "over-computers" && size.vcpus > fit.maxVcpus;
      return {
        build: options.join(" ") || undefined,
        setUp: types && isOver ? `${types} ${raiseLimit(size)}` : types,
      };
    }
    default:
      return { build: undefined, setUp: undefined };
  }
}

/** The option for an environment that may have so many vCPUs at a time. */
export function raiseLimit({ vcpus }: JobSize): string {
  return `--max-vcpus ${vcpus}`;
}

/** The option for a family of computers that has one large enough; undefined where none of the usual ones has. */
export function largerTypes(size: JobSize): string | undefined {
  const family = ["c5", "m5", "r5", "r6i"].find((name) =>
    roomsOf([name])?.some((room) => size.vcpus <= room.vcpus && size.memoryMib <= room.memoryMib),
  );
  return family && `--instance-types ${family}`;
}
