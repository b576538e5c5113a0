import type { Operation } from "./call.ts";
import { entityOperations } from "./entities.ts";
import { policyOperations } from "./policies.ts";
import { simulationOperations } from "./simulate.ts";
import { userOperations } from "./users.ts";

/** All operations that there are, by name. */
export const operations: Readonly<Record<string, Operation>> = {
  ...entityOperations,
  ...policyOperations,
  ...simulationOperations,
  ...userOperations,
};
