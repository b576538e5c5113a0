import type { CommandMaker } from "../cli/command-maker.ts";
import { buildCommand } from "./build/command.ts";
import { checkSetupCommand } from "./check-setup/command.ts";
import { completionCommand } from "./completion.ts";
import { jobsCommand } from "./jobs/command.ts";
import { localAwsCommand } from "./local-aws.ts";
import { setupCommand } from "./setup/command.ts";
import { shellCommand } from "./shell.ts";
import { updateCommand } from "./update.ts";
import { versionCommand } from "./version.ts";
import { viewCommand } from "./view.ts";

/** All commands, in the order of `--help`. */
export const commands: readonly CommandMaker[] = [
  buildCommand,
  jobsCommand,
  viewCommand,
  setupCommand,
  checkSetupCommand,
  localAwsCommand,
  shellCommand,
  updateCommand,
  versionCommand,
  completionCommand,
];
