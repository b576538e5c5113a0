/** Where builds can run: a flag each, and a value of the config file's core.runner. */
export type RuntimeName = "aws-batch" | "docker" | "conda" | "singularity" | "ambient";
