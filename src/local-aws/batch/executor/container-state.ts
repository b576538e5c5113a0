import { isJson } from "../fields.ts";
import type { Engine } from "./engine.ts";

/** What an engine says of a container. */
export interface ContainerState {
  readonly isRunning: boolean;
  /** Whether it ran at all. */
  readonly hasStarted: boolean;
  readonly exitCode: number;
  /** Of its main process, where that runs on this computer. */
  readonly pid: number;
  readonly outOfMemory: boolean;
  /** Why it could not start; empty where the engine does not say. */
  readonly error: string;
}

/** Undefined where there is no such container. */
export async function stateOf(engine: Engine, name: string): Promise<ContainerState | undefined> {
  const { status, stdout } = await engine.ask([
    "inspect",
    "--type",
    "container",
    "--format",
    "{{json .State}}",
    name,
  ]);
  if (status !== 0) return undefined;
  const state: unknown = JSON.parse(stdout);
  if (!isJson(state)) return undefined;
  return {
    isRunning: state.Running === true,
    // A time before all times stands for none.
    hasStarted: !String(state.StartedAt ?? "0001").startsWith("0001-"),
    exitCode: Number(state.ExitCode),
    pid: Number(state.Pid),
    outOfMemory: state.OOMKilled === true,
    error: typeof state.Error === "string" ? state.Error : "",
  };
}
