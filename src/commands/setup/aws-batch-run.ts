import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { openAws } from "../../aws/clients.ts";
import { isDenied, refusalOf } from "../../aws/errors.ts";
import { isCuredByAllowing } from "../../aws/refusal.ts";
import { parseTags, type Tags } from "../../aws/tags.ts";
import { type Names, type SetupResult, setUpAwsBatch } from "../../aws-setup/index.ts";
import { openSite } from "../../aws-setup/open.ts";
import { parametersGiven } from "../../aws-setup/options.ts";
import type { SomeParameters } from "../../aws-setup/parameters.ts";
import { removeAwsBatch } from "../../aws-setup/remove.ts";
import { readTemplate } from "../../aws-setup/template.ts";
import type { Context } from "../../cli/context.ts";
import { UsageError, UserError } from "../../errors.ts";
import { openSettings, type Sourced } from "../../settings.ts";
import { rememberNames } from "./aws-batch-config.ts";
import { awsBatchNames } from "./aws-batch-names.ts";
import type { AwsBatchSetupOptions } from "./aws-batch-options.ts";
import { createQuestions } from "./questions.ts";

/** Goes through the checks of a runtime, says what it finds, and returns the exit status. */
export type CheckSetup = () => Promise<number>;

/** Runs `nextstrain setup aws-batch`; returns the exit status. `check` is run where a set-up was made or found. */
export async function setUpAws(
  context: Context,
  options: AwsBatchSetupOptions,
  check: CheckSetup,
): Promise<number> {
  refuseContradictions(options);
  const given = parametersGiven(options);
  const tags = parseTags(options.tag ?? [], "--tag");
  if (options.writeTemplate !== undefined) return writeTemplate(context, options.writeTemplate, options);

  const settings = await openSettings(context);
  const { configured, chosen } = awsBatchNames(settings, options);
  return asAdministrator(() => setUpInAccount(context, options, { given, tags, configured, chosen, check }));
}

interface Request extends ReturnType<typeof awsBatchNames> {
  readonly given: SomeParameters;
  readonly tags: Tags;
  readonly check: CheckSetup;
}

async function setUpInAccount(
  context: Context,
  options: AwsBatchSetupOptions,
  { given, tags, configured, chosen, check }: Request,
): Promise<number> {
  using aws = await openAws(context, undefined);
  const site = await openSite(context, aws, createQuestions(context, { yes: options.yes === true }));
  const dryRun = options.dryRun === true;
  if (options.remove) {
    const deleteData = options.deleteData === true;
    await removeAwsBatch(site, { stackName: options.stackName, deleteData, dryRun });
    return 0;
  }
  const result = await setUpAwsBatch(site, {
    stackName: options.stackName,
    given,
    named: options,
    adopt: options.adopt === true,
    configured,
    chosen,
    tags,
    dryRun,
    force: options.force === true,
  });
  if (result.kind === "shown") return 0;
  if (result.kind === "found") {
    context.io.out(`AWS Batch is set up already in ${aws.region.value}: ${describe(result.names)}.`);
    context.io.out("Nothing of it was changed; --force makes a set-up of one's own all the same.");
    if (dryRun) return 0;
  }
  await rememberNames(context, {
    // What is configured already needs no writing down, but for what the options name.
    names: result.kind === "made" || namesAreGiven(options) ? result.names : undefined,
    tags,
    setDefault: options.setDefault === true,
  });
  if (result.kind === "made") tellNextSteps(context, result, aws.region);
  context.io.out("");
  return check();
}

/** What AWS forbids here is not in the policies that builds need, as it is said elsewhere. */
async function asAdministrator<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof UserError) || !isDenied(error.cause)) throw error;
    // No administrator of the account can change an organisation's policy, say.
    if (!isCuredByAllowing(refusalOf(error.cause))) throw error;
    throw new UserError(error.message, {
      hint: "Setting AWS up takes an administrator's permissions: docs/administrators.md lists them.",
      cause: error.cause,
    });
  }
}

function refuseContradictions(options: AwsBatchSetupOptions): void {
  const hint = "See `nextstrain setup aws-batch --help`.";
  if (options.deleteData && !options.remove) {
    throw new UsageError("--delete-data goes with --remove.", { hint });
  }
  if (options.remove && options.setDefault) {
    throw new UsageError("--remove and --set-default can't be used together.", { hint });
  }
  if (options.writeTemplate !== undefined && options.remove) {
    throw new UsageError("--write-template and --remove can't be used together.", { hint });
  }
  if (!/^[A-Za-z][A-Za-z0-9-]{0,127}$/.test(options.stackName)) {
    throw new UsageError(`“${options.stackName}” can't be the name of a stack (--stack-name).`, {
      hint: "It is of letters, digits and hyphens, 128 at most, and begins with a letter.",
    });
  }
}

async function writeTemplate(
  context: Context,
  file: string,
  { force, dryRun }: AwsBatchSetupOptions,
): Promise<number> {
  const path = resolve(context.cwd, file);
  const template = await readTemplate();
  if (dryRun) {
    context.io.out(`The template would be written to ${path}. Nothing was done (--dry-run).`);
    return 0;
  }
  try {
    await writeFile(path, template, { flag: force ? "w" : "wx" });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === undefined) throw error;
    throw new UserError(`The template can't be written to ${path} (${code}).`, {
      hint:
        code === "EEXIST"
          ? "Add --force to replace that file."
          : "Name a file in a directory that you may write to.",
      cause: error,
    });
  }
  context.io.out(`Wrote the template to ${path}.`);
  context.io.out("To use it by hand: CloudFormation console, Create stack, Upload a template file.");
  return 0;
}

function namesAreGiven({ s3Bucket, awsBatchJob, awsBatchQueue }: AwsBatchSetupOptions): boolean {
  return s3Bucket !== undefined || awsBatchJob !== undefined || awsBatchQueue !== undefined;
}

function describe({ bucket, queue, job }: Names): string {
  return `bucket ${bucket}, job queue ${queue}, job definition ${job}`;
}

function tellNextSteps(
  { io }: Context,
  { names, outputs }: Extract<SetupResult, { kind: "made" }>,
  region: Sourced<string>,
): void {
  io.out(`AWS Batch is set up in ${region.value}: ${describe(names)}.`);
  const group = outputs.get("GroupName");
  if (group !== undefined) io.out(`To let people run builds, put their IAM users into the group ${group}.`);
  if (region.value !== "us-east-1") {
    io.out(`Builds must know the region: export AWS_DEFAULT_REGION=${region.value}, or in ~/.aws/config.`);
  }
  io.out("To run a build: nextstrain build --aws-batch <directory>");
}
