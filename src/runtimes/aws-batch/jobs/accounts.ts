import type { Aws } from "../../../aws/clients.ts";
import { ensureLocalAws, type LocalAws } from "../../../aws/local-aws.ts";
import { withoutAwsSettings } from "../../../aws/local-aws-environment.ts";
import type { Context } from "../../../cli/context.ts";
import type { RunRecord } from "../../../runs/types.ts";

/** An account in use, and the environment that names it. */
export interface Account {
  readonly aws: Aws;
  readonly context: Context;
  /** It is the stand-in that `--local-aws` means. */
  readonly isByOption: boolean;
}

/** The accounts that a command asks, each opened once. */
export interface Accounts extends Disposable {
  /** The one that the command line and the environment name. */
  own(): Promise<Account>;
  /** The one that a run was submitted to; undefined where it can't be reached from here: the environment names another server. */
  of(record: Pick<RunRecord, "localAws" | "region" | "profile">): Promise<Account | undefined>;
}

/** Loaded late: a list often has nothing to ask. */
async function openAws(context: Context, local?: LocalAws): Promise<Aws> {
  const clients = await import("../../../aws/clients.ts");
  return clients.openAws(context, local);
}

/** @param localAws whether the command line says `--local-aws` */
export function openAccounts(context: Context, { localAws }: { readonly localAws: boolean }): Accounts {
  const opened = new Map<string, Promise<Account>>();
  const open = (key: string, make: () => Promise<Account>): Promise<Account> => {
    const account = opened.get(key) ?? make();
    opened.set(key, account);
    return account;
  };

  const local = () =>
    open("local", async () => {
      const own = { ...context, env: withoutAwsSettings(context.env) };
      return { aws: await openAws(own, await ensureLocalAws(own)), context: own, isByOption: true };
    });
  const ofEnvironment = () =>
    open("environment", async () => ({ aws: await openAws(context), context, isByOption: false }));
  const own = () => (localAws ? local() : ofEnvironment());
  // Whoever names a server means it: another AWS, or a local AWS by its exports.
  const hasServer = Boolean(context.env.AWS_ENDPOINT_URL || context.env.AWS_ENDPOINT_URL_BATCH);

  return {
    own,
    async of({ localAws: isLocal, region, profile }) {
      if (localAws || hasServer) {
        const account = await own();
        return account.aws.isLocal === isLocal ? account : undefined;
      }
      if (isLocal) return local();
      return open(JSON.stringify([region, profile]), async () => {
        const { AWS_REGION: _, ...env } = context.env;
        const there = {
          ...context,
          env: {
            ...env,
            AWS_DEFAULT_REGION: region,
            ...(profile === undefined ? {} : { AWS_DEFAULT_PROFILE: profile, AWS_PROFILE: profile }),
          },
        };
        return { aws: await openAws(there), context: there, isByOption: false };
      });
    },
    [Symbol.dispose]() {
      for (const account of opened.values()) {
        account.then(
          ({ aws }) => aws[Symbol.dispose](),
          () => {},
        );
      }
    },
  };
}
