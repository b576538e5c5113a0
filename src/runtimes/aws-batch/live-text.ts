import { withoutControls } from "../../cli/control-characters.ts";
import { formatBytes } from "../../workflow/quantity.ts";
import type { Progress } from "../../workflow/snakemake-log.ts";
import type { TroubleKind } from "./trouble.ts";

/** How far a transfer has come. */
export interface TransferState {
  /** "Uploading", "Downloading" */
  readonly doing: string;
  readonly bytes: number;
  /** Undefined where it isn't known. */
  readonly total: number | undefined;
  /** Bytes a second; undefined where too little has been seen to tell. */
  readonly rate: number | undefined;
}

/** `Uploading 12.0 MiB of 120.0 MiB (10%), 4.1 MiB/s, 26s left` */
export function transferText({ doing, bytes, total, rate }: TransferState): string {
  const amount = `${doing} ${formatBytes(bytes)}`;
  const known = total !== undefined && total > 0;
  const share = known
    ? ` of ${formatBytes(total)} (${Math.floor((100 * Math.min(bytes, total)) / total)}%)`
    : "";
  const speed = rate === undefined ? [] : [`${formatBytes(rate)}/s`];
  const left =
    known && rate && bytes < total ? [`${formatAge(Math.ceil((total - bytes) / rate) * 1000)} left`] : [];
  return [amount + share, ...speed, ...left].join(", ");
}

/** What is known of a job that is being watched. */
export interface JobState {
  readonly status: string;
  /** Milliseconds it has been in that state. */
  readonly age: number;
  readonly progress: Progress;
  /** What keeps it from being watched, and for how many milliseconds. */
  readonly trouble: { readonly kind: TroubleKind; readonly age: number } | undefined;
}

const TROUBLES: Readonly<Record<TroubleKind, string>> = {
  trouble: "no connection to AWS",
  "locked-out": "no valid credentials",
  unlisted: "not listed by AWS Batch",
};

/** `RUNNING for 2m 10s: 12 of 40 steps, align ×2, tree` */
export function jobText({ status, age, progress, trouble }: JobState): string {
  const told = trouble === undefined ? "" : `${TROUBLES[trouble.kind]} for ${formatAge(trouble.age)}; `;
  const { done, total, running } = progress;
  const steps = total ? [`${done} of ${total} steps`] : [];
  const parts = status === "RUNNING" ? [...steps, ...counted(running)] : [];
  return `${told}${status} for ${formatAge(age)}${parts.length > 0 ? `: ${parts.join(", ")}` : ""}`;
}

/** Each name once, with how often it is there. What a workflow calls its rules is not ours: it becomes plain text. */
function counted(names: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const name of names) {
    const plain = withoutControls(name, { keepColours: false }).replace(/\s+/g, " ").trim();
    counts.set(plain, (counts.get(plain) ?? 0) + 1);
  }
  return [...counts].map(([name, count]) => (count === 1 ? name : `${name} ×${count}`));
}

/** Milliseconds for people, in the two largest units: `8s`, `2m 10s`, `1h 02m`, `3d 4h`. */
export function formatAge(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const [minutes, hours, days] = [60, 3600, 86_400].map((unit) => Math.floor(seconds / unit)) as [
    number,
    number,
    number,
  ];
  const padded = (value: number) => String(value).padStart(2, "0");
  if (days > 0) return `${days}d ${hours % 24}h`;
  if (hours > 0) return `${hours}h ${padded(minutes % 60)}m`;
  if (minutes > 0) return `${minutes}m ${padded(seconds % 60)}s`;
  return `${seconds}s`;
}
