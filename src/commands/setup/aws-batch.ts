import { Command } from "commander";
import { DEFAULT_STACK } from "../../aws-setup/stacks.ts";
import type { Outcome } from "../../cli/command-maker.ts";
import type { Context } from "../../cli/context.ts";
import { collect } from "../build/options.ts";
import type { AwsBatchSetupOptions } from "./aws-batch-options.ts";
import { addCommonOptions } from "./common.ts";

/** `nextstrain setup aws-batch`: makes all that builds need in an AWS account, or takes it away. */
export function awsBatchSetup(context: Context, outcome: Outcome): Command {
  const command = new Command("aws-batch")
    .summary("all that builds need in an AWS account")
    .description(
      "Sets AWS up for builds: bucket, policies, role, group, compute environment, job queue and job definition, as one CloudFormation stack. " +
        "Shows its plan and asks before it does anything; while no job runs it costs nothing but storage. " +
        "Run again, it changes what the options say, and keeps the rest. " +
        "Where builds are set up already to use somebody's account, it only checks that.",
    );
  command.optionsGroup("What to do:");
  addCommonOptions(command)
    .option("--yes", "agree to the plan, or the removal, without being asked")
    .option("--remove", "take it all away again; the bucket only where it is empty")
    .option("--delete-data", "with --remove: the bucket, too, and all that is in it")
    .option("--write-template <file>", "only write the CloudFormation template; needs no account")
    .option("--stack-name <name>", "the CloudFormation stack", DEFAULT_STACK);
  command
    .optionsGroup("Names:")
    .option("--s3-bucket <name>", "the bucket for builds' files (asked for where it isn't known)")
    .option("--aws-batch-job <name>", "the job definition (default: nextstrain-job)")
    .option("--aws-batch-queue <name>", "the job queue (default: nextstrain-job-queue)");
  command
    .optionsGroup("Jobs:")
    .option("--image <image>", "container image (default: nextstrain/base:latest)")
    .option("--job-cpus <count>", "vCPUs of a job that asks for none (default: 4)")
    .option("--job-memory <quantity>", "memory of a job that asks for none (default: 7400mib)")
    .option("--timeout <time>", "after which a job is stopped (default: 4h)");
  command
    .optionsGroup("Computers and disks:")
    .option("--instance-types <list>", "EC2 families or types, with commas between them (default: c5)")
    .option("--max-vcpus <count>", "vCPUs of all jobs together, at most (default: 256)")
    .option("--spot", "spare capacity: cheaper, but AWS may end a job at any time")
    .option("--no-spot", "capacity that stays (the default)")
    .option("--disk <kind>", "ebs, or nvme for the instances' own disks (default: ebs)")
    .option("--disk-size <gib>", "with ebs: for all jobs on an instance together (default: 200)")
    .option("--extra-disk <gib>", "with nvme: a volume besides, for when they are full (default: 0)")
    .option("--efs <id[:path]>", "mount this EFS file system in jobs (at /efs, or the path)")
    .option("--no-efs", "mount none (the default)");
  command
    .optionsGroup("Storage and network:")
    .option("--retention-days <days>", "days that files and logs are kept (default: 30)")
    .option("--vpc <id>", "the network of the computers (default: the default VPC)")
    .option("--subnets <ids>", "its subnets, with commas between them (default: all)");
  command
    .optionsGroup("Tags:")
    .option("--tag <name=value>", "of all in the stack, and of builds' jobs; repeatable", collect);
  command
    .optionsGroup("Use instead of creating:")
    .option("--adopt", "whatever exists under the names of a set-up")
    .option("--existing-job-role <name>", "the role of the jobs")
    .option("--existing-batch-policy <name>", "the policy for jobs (or its ARN; so below)")
    .option("--existing-bucket-policy <name>", "the policy for the bucket")
    .option("--existing-logs-policy <name>", "the policy for logs")
    .option("--existing-group <name>", "the group of the users")
    .option("--listing-policy", "a policy for checks and lists, for the group (the default)")
    .option("--no-listing-policy", "no such policy");
  command.addHelpText("after", NOTES);
  return command.action(async () => {
    const [{ checkSetup }, { setUpAws }] = await Promise.all([
      import("../check-setup/run.ts"),
      import("./aws-batch-run.ts"),
    ]);
    const check = () => checkSetup(context, ["aws-batch"], {});
    outcome.exitStatus = await setUpAws(context, command.optsWithGlobals<AwsBatchSetupOptions>(), check);
  });
}

const NOTES = `
Examples:
  nextstrain setup aws-batch --dry-run
  nextstrain setup aws-batch --s3-bucket nextstrain-jobs-mylab --set-default
  nextstrain setup aws-batch --disk nvme --max-vcpus 512
  nextstrain setup aws-batch --remove

The account is that of your AWS credentials, the region that of
AWS_DEFAULT_REGION or of your AWS configuration. The log group /aws/batch/job is
not of the stack: it is made where it is missing, and never removed.`;
