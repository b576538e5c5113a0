import { type OurArguments, snakemakeArguments } from "./snakemake-arguments.ts";

const MIB = 1024 ** 2;
/** `--cpus=4 --memory=2000mib`. */
const sized: OurArguments = {
  cpus: 4,
  memoryBytes: 2000 * MIB,
  benchmarkExtended: false,
  defaultCores: true,
};
/** Neither. */
export const plain: OurArguments = { benchmarkExtended: false, defaultCores: true };

export interface Row {
  readonly user: string;
  readonly ours?: OurArguments;
  /** The whole outcome, without `--printshellcmds --rerun-incomplete`, which are written `…`. */
  readonly args: string;
  /** A part of each warning. */
  readonly warnings?: readonly string[];
  /** What Snakemake must make of it: `cores` stands for --cores or --jobs. */
  readonly cores: string;
  readonly resources?: readonly string[];
  readonly targets?: readonly string[];
}

const ours = "… --cores=4 --resources=mem_mb=2000";
const mem = ["mem_mb=2000"];

export const rows: readonly Row[] = [
  // Nothing of the user's
  { user: "", ours: plain, args: "… --cores=all", cores: "all" },
  { user: "", args: ours, cores: "4", resources: mem },
  { user: "--forceall -n", args: `${ours} --forceall -n`, cores: "4", resources: mem },
  // Targets and options that take any number of values
  { user: "a b", args: `${ours} a b`, cores: "4", resources: mem, targets: ["a", "b"] },
  { user: "-- a -j8", args: `${ours} -- a -j8`, cores: "4", resources: mem, targets: ["a", "-j8"] },
  {
    user: "-- --res mem_mb=1",
    args: `${ours} -- --res mem_mb=1`,
    cores: "4",
    resources: mem,
    targets: ["--res", "mem_mb=1"],
  },
  { user: "--config a=1 b=2", args: `${ours} --config a=1 b=2`, cores: "4", resources: mem },
  {
    user: "--configfile x.yaml -- a",
    args: `${ours} --configfile x.yaml -- a`,
    cores: "4",
    resources: mem,
    targets: ["a"],
  },
  {
    user: "a b --until c d",
    args: `${ours} a b --until c d`,
    cores: "4",
    resources: mem,
    targets: ["a", "b"],
  },
  { user: "-R a b --quiet", args: `${ours} -R a b --quiet`, cores: "4", resources: mem },
  // Cores, in each spelling
  { user: "-j8", ours: plain, args: "… -j8", cores: "8" },
  { user: "-j 8", ours: plain, args: "… -j 8", cores: "8" },
  { user: "-j", ours: plain, args: "… -j", cores: "*" },
  { user: "-j=8", ours: plain, args: "… -j=8", cores: "8" },
  { user: "-c", ours: plain, args: "… -c", cores: "*" },
  { user: "-c8", ours: plain, args: "… -c8", cores: "8" },
  { user: "-call", ours: plain, args: "… -call", cores: "all" },
  { user: "-c all", ours: plain, args: "… -c all", cores: "all" },
  { user: "--jobs 8", ours: plain, args: "… --jobs 8", cores: "8" },
  { user: "--jobs=8", ours: plain, args: "… --jobs=8", cores: "8" },
  { user: "--jobs", ours: plain, args: "… --jobs", cores: "*" },
  { user: "--cores 8", ours: plain, args: "… --cores 8", cores: "8" },
  { user: "--cores=8 a", ours: plain, args: "… --cores=8 a", cores: "8", targets: ["a"] },
  { user: "--core 8", ours: plain, args: "… --core 8", cores: "8" },
  { user: "--cor=8", ours: plain, args: "… --cor=8", cores: "8" },
  { user: "-npj8", ours: plain, args: "… -npj8", cores: "8" },
  { user: "-nj 8", ours: plain, args: "… -nj 8", cores: "8" },
  { user: "-Fnc8 --ri", ours: plain, args: "… -Fnc8 --ri", cores: "8" },
  { user: "a -j 8 -k", ours: plain, args: "… a -j 8 -k", cores: "8", targets: ["a"] },
  { user: "--config -j 8", ours: plain, args: "… --config -j 8", cores: "8" },
  { user: "-j 2 -j 8", ours: plain, args: "… -j 2 -j 8", cores: "8" },
  // Cores in the user's arguments and from --cpus
  { user: "-j8", args: `… --resources=mem_mb=2000 -j8`, warnings: ["-j 8"], cores: "8", resources: mem },
  { user: "-npj8", args: `… --resources=mem_mb=2000 -npj8`, warnings: ["-j 8"], cores: "8", resources: mem },
  {
    user: "--cores",
    args: `… --resources=mem_mb=2000 --cores`,
    warnings: ["--cores (all cores)"],
    cores: "*",
    resources: mem,
  },
  { user: "--cores 4", args: `… --resources=mem_mb=2000 --cores 4`, cores: "4", resources: mem },
  {
    user: "-j -1",
    args: "… --resources=mem_mb=2000 -j -1",
    warnings: ["-j -1"],
    cores: "-1",
    resources: mem,
  },
  // What only looks like cores
  { user: "-s j8", ours: plain, args: "… --cores=all -s j8", cores: "all" },
  { user: "-sj8", ours: plain, args: "… --cores=all -sj8", cores: "all" },
  { user: "-d -c8", ours: plain, args: "… -d -c8", cores: "error" },
  { user: "--config cores=8", ours: plain, args: "… --cores=all --config cores=8", cores: "all" },
  { user: "--set-threads a=8", ours: plain, args: "… --cores=all --set-threads a=8", cores: "all" },
  { user: "--local-cores 8", ours: plain, args: "… --cores=all --local-cores 8", cores: "all" },
  { user: "--jobname x{jobid}", ours: plain, args: "… --cores=all --jobname x{jobid}", cores: "all" },
  { user: "--conda-prefix /c", ours: plain, args: "… --cores=all --conda-prefix /c", cores: "all" },
  { user: "-w 8 -T 3", ours: plain, args: "… --cores=all -w 8 -T 3", cores: "all" },
  { user: "-1", ours: plain, args: "… --cores=all -1", cores: "all", targets: ["-1"] },
  // A profile, which Snakemake's command line overrules
  { user: "--profile p", ours: plain, args: "… --cores=all --profile p", cores: "all" },
  {
    user: "--prof=p -n",
    args: `${ours} --prof=p -n`,
    warnings: [
      "--cores=4 (from --cpus) overrules the cores of the profile p",
      "replaces the resources of the profile p",
    ],
    cores: "4",
    resources: mem,
  },
  {
    user: "--profile p -j8 --res mem_mb=2000",
    args: "… --profile p -j8 --res mem_mb=2000",
    warnings: ["-j 8"],
    cores: "8",
    resources: mem,
  },
  // Snakemake itself refuses these; they are left to it
  { user: "--co 8", ours: plain, args: "… --cores=all --co 8", cores: "error" },
  { user: "--job 8", ours: plain, args: "… --cores=all --job 8", cores: "error" },
  { user: "a -p b", ours: plain, args: "… --cores=all a -p b", cores: "error" },
  // Resources: merged into the user's
  {
    user: "--resources a=1",
    args: "--resources a=1 mem_mb=2000 … --cores=4",
    cores: "4",
    resources: ["a=1", ...mem],
  },
  {
    user: "--resources=a=1",
    args: "--resources a=1 mem_mb=2000 … --cores=4",
    cores: "4",
    resources: ["a=1", ...mem],
  },
  {
    user: "--resources=a=1 t",
    args: "--resources a=1 mem_mb=2000 … --cores=4 t",
    cores: "4",
    resources: ["a=1", ...mem],
    targets: ["t"],
  },
  {
    user: "t --res a=1 b=2 -k",
    args: "t --res a=1 b=2 mem_mb=2000 … --cores=4 -k",
    cores: "4",
    resources: ["a=1", "b=2", ...mem],
    targets: ["t"],
  },
  {
    user: "--res a=1 -- t",
    args: "--res a=1 mem_mb=2000 … --cores=4 -- t",
    cores: "4",
    resources: ["a=1", ...mem],
    targets: ["t"],
  },
  {
    user: "--reso a=1 -j8",
    args: "--reso a=1 mem_mb=2000 … -j8",
    warnings: ["-j 8"],
    cores: "8",
    resources: ["a=1", ...mem],
  },
  { user: "--resources", args: "--resources mem_mb=2000 … --cores=4", cores: "4", resources: mem },
  {
    user: "--res b=2 --res=a=1",
    args: "--res b=2 --res a=1 mem_mb=2000 … --cores=4",
    cores: "4",
    resources: ["a=1", ...mem],
  },
  {
    user: "--resources a=1",
    ours: plain,
    args: "… --cores=all --resources a=1",
    cores: "all",
    resources: ["a=1"],
  },
  // Resources: the user's own memory wins
  {
    user: "--res a=1 mem_mb=2",
    args: "… --cores=4 --res a=1 mem_mb=2",
    warnings: ["mem_mb=2,"],
    cores: "4",
    resources: ["a=1", "mem_mb=2"],
  },
  {
    user: "--resources=mem_mb=2 t",
    args: "… --cores=4 --resources=mem_mb=2 t",
    warnings: ["mem_mb=2,"],
    cores: "4",
    resources: ["mem_mb=2"],
    targets: ["t"],
  },
  {
    user: "--resources mem_mb=2000",
    args: "… --cores=4 --resources mem_mb=2000",
    cores: "4",
    resources: mem,
  },
  {
    user: "--res mem_mb=2",
    ours: plain,
    args: "… --cores=all --res mem_mb=2",
    cores: "all",
    resources: ["mem_mb=2"],
  },
  // What only looks like resources
  {
    user: "--default-resources mem_mb=1",
    args: `${ours} --default-resources mem_mb=1`,
    cores: "4",
    resources: mem,
  },
  {
    user: "--set-resources a:mem_mb=1",
    args: `${ours} --set-resources a:mem_mb=1`,
    cores: "4",
    resources: mem,
  },
  {
    user: "--retries 2 --rerun-triggers mtime",
    args: `${ours} --retries 2 --rerun-triggers mtime`,
    cores: "4",
    resources: mem,
  },
];

/** A command line's words; `…` stands for what is always added. */
export const split = (text: string) =>
  text.split(" ").flatMap((word) => (word === "…" ? ["--printshellcmds", "--rerun-incomplete"] : word || []));
export const outcome = (row: Row) => snakemakeArguments(split(row.user), row.ours ?? sized);
