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
    .summary("everything that builds need in an AWS account")
    .description(
      "Set AWS up for builds: bucket, policies, role, group, compute environment, job queue and job definition, as one CloudFormation stack. " +
        "The command shows its plan and asks before it changes anything. While no job runs, only storage costs money. " +
        "To change a setup, run the command again; options that you don't give keep their values. " +
        "If your settings name an existing setup of somebody else's, the command only checks it.",
    );
  command.optionsGroup("What to do:");
  addCommonOptions(command)
    .option("--yes", "agree to the plan or the removal in advance")
    .option("--remove", "remove everything; the bucket only if it is empty")
    .option("--delete-data", "with --remove: also the bucket and its contents")
    .option("--write-template <file>", "only write the CloudFormation template; needs no account")
    .option("--stack-name <name>", "name of the CloudFormation stack", DEFAULT_STACK);
  command
    .optionsGroup("Names:")
    .option("--s3-bucket <name>", "bucket for builds' files (asked for if unknown)")
    .option("--aws-batch-job <name>", "job definition (default: nextstrain-job)")
    .option("--aws-batch-queue <name>", "job queue (default: nextstrain-job-queue)");
  command
    .optionsGroup("Jobs:")
    .option("--image <image>", "container image (default: nextstrain/base:latest)")
    .option("--job-cpus <count>", "vCPUs of a job, unless it sets them (default: 4)")
    .option("--job-memory <quantity>", "memory of a job, unless it sets it (default: 7400mib)")
    .option("--timeout <time>", "time limit of a job (default: 4h)");
  command
    .optionsGroup("Instances and disks:")
    .option("--instance-types <list>", "EC2 families or types, separated by commas (default: c5)")
    .option("--max-vcpus <count>", "maximum vCPUs of all jobs together (default: 256)")
    .option("--spot", "Spot instances: cheaper, but AWS may stop a job at any time")
    .option("--no-spot", "On-Demand instances (the default)")
    .option("--disk <kind>", "ebs, or nvme for the instances' local disks (default: ebs)")
    .option("--disk-size <gib>", "with ebs: size for all jobs on an instance (default: 200)")
    .option("--extra-disk <gib>", "with nvme: EBS volume for when they are full (default: 0)")
    .option("--efs <id[:path]>", "mount this EFS file system in jobs (at /efs, or the path)")
    .option("--no-efs", "mount no EFS file system (the default)");
  command
    .optionsGroup("Storage and network:")
    .option("--retention-days <days>", "days to keep files and logs (default: 30)")
    .option("--vpc <id>", "VPC of the instances (default: the default VPC)")
    .option("--subnets <ids>", "its subnets, separated by commas (default: all)");
  command
    .optionsGroup("Tags:")
    .option("--tag <name=value>", "tag everything in the stack, and builds' jobs; repeatable", collect);
  command
    .optionsGroup("Use instead of creating:")
    .option("--adopt", "use whatever exists under the setup's names")
    .option("--existing-job-role <name>", "job role")
    .option("--existing-batch-policy <name>", "policy for jobs (name or ARN, as below)")
    .option("--existing-bucket-policy <name>", "policy for the bucket")
    .option("--existing-logs-policy <name>", "policy for logs")
    .option("--existing-group <name>", "group of the users")
    .option("--listing-policy", "create a policy for checks and lists (the default)")
    .option("--no-listing-policy", "don't create it");
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

Your AWS credentials determine the account, AWS_DEFAULT_REGION or your AWS
configuration the region. The log group /aws/batch/job is not part of the stack:
it is created if it is missing, and never removed.`;
