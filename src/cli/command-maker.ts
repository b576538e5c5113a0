import type { Command } from "commander";
import type { Context } from "./context.ts";

/** What a command leaves behind: its exit status, 0 where it says nothing. */
export type Outcome = { exitStatus: number };

/** Makes a command, ready to be parsed. What it takes to run is loaded only when it does. */
export type CommandMaker = (context: Context, outcome: Outcome) => Command;
