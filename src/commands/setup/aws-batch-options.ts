import type { Named } from "../../aws-setup/named.ts";
import type { StackOptions } from "../../aws-setup/options.ts";
import type { CommonOptions } from "./common.ts";

/** The options of `nextstrain setup aws-batch` as parsed. */
export interface AwsBatchSetupOptions extends CommonOptions, StackOptions, Named {
  readonly stackName: string;
  readonly adopt?: true;
  readonly yes?: true;
  readonly remove?: true;
  readonly deleteData?: true;
  readonly writeTemplate?: string;
}
