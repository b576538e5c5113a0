import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { UsageError } from "../errors.ts";
import { parametersGiven, type StackOptions } from "./options.ts";
import { completeParameters, DEFAULTS } from "./parameters.ts";

describe("options become parameters", () => {
  test.each<[StackOptions, object]>([
    [{}, {}],
    [{ s3Bucket: "s3://lab-jobs/prefix" }, { BucketName: "lab-jobs" }],
    [{ timeout: "4h" }, { TimeoutSeconds: "14400" }],
    [{ timeout: "1h30m" }, { TimeoutSeconds: "5400" }],
    [{ timeout: "90" }, { TimeoutSeconds: "90" }],
    [{ timeout: "0.5d" }, { TimeoutSeconds: "43200" }],
    [{ jobMemory: "14gib" }, { JobMemoryMib: "14336" }],
    [{ jobMemory: "7400" }, { JobMemoryMib: "7400" }],
    [{ instanceTypes: "c5, m5.2xlarge" }, { InstanceTypes: "c5,m5.2xlarge" }],
    [{ diskSize: "500gib" }, { DiskSizeGib: "500" }],
    [
      { spot: true, listingPolicy: false },
      { Spot: "yes", CreateListingPolicy: "no" },
    ],
    [{ spot: false }, { Spot: "no" }],
    [{ efs: "fs-0a1b2c3d" }, { EfsFileSystemId: "fs-0a1b2c3d" }],
    [{ efs: "fs-0a1b2c3d:/data/x" }, { EfsFileSystemId: "fs-0a1b2c3d", EfsMountPath: "/data/x" }],
    [{ efs: false }, { EfsFileSystemId: "" }],
    [{ subnets: "subnet-0a1b2c3d subnet-0a1b2c3e" }, { SubnetIds: "subnet-0a1b2c3d,subnet-0a1b2c3e" }],
  ])("%o", (options, parameters) => {
    expect(parametersGiven(options)).toEqual(parameters);
  });

  test.each<[StackOptions, string]>([
    [{ s3Bucket: "Lab_Jobs" }, "--s3-bucket"],
    [{ s3Bucket: "ab" }, "3 to 63 characters"],
    [{ s3Bucket: "192.168.1.1" }, "IP address"],
    [{ s3Bucket: "-lab" }, "begins and ends"],
    [{ s3Bucket: "xn--lab" }, "AWS keeps"],
    [{ awsBatchJob: "my job" }, "--aws-batch-job"],
    [{ awsBatchQueue: "-queue" }, "--aws-batch-queue"],
    [{ image: "nextstrain base" }, "--image"],
    [{ instanceTypes: "c5;m5" }, "--instance-types"],
    [{ instanceTypes: "" }, "--instance-types"],
    [{ maxVcpus: "0" }, "--max-vcpus"],
    [{ jobCpus: "many" }, "--job-cpus"],
    [{ jobMemory: "lots" }, "--job-memory"],
    [{ timeout: "59" }, "a minute at least"],
    [{ timeout: "4 hours" }, "--timeout"],
    [{ disk: "floppy" }, "--disk"],
    [{ diskSize: "29" }, "--disk-size"],
    [{ diskSize: "20000" }, "--disk-size"],
    [{ extraDisk: "-1" }, "--extra-disk"],
    [{ efs: "fs-1:data" }, "--efs"],
    [{ retentionDays: "31" }, "--retention-days"],
    [{ vpc: "vpc-1,vpc-2" }, "--vpc"],
    [{ subnets: "subnet-xyz" }, "--subnets"],
  ])("%o is refused", (options, message) => {
    let refused: unknown;
    try {
      parametersGiven(options);
    } catch (error) {
      refused = error;
    }
    expect(refused).toBeInstanceOf(UsageError);
    expect((refused as UsageError).message).toContain(message);
    expect((refused as UsageError).hint).toBeTruthy();
  });
});

describe("parameters", () => {
  test("are those that the template has, with its defaults", async () => {
    const { parse } = await import("yaml");
    const template = await readFile(new URL("template.yaml", import.meta.url), "utf8");
    const { Parameters } = parse(template, { logLevel: "silent" }) as {
      readonly Parameters: Readonly<Record<string, { readonly Default?: string | number }>>;
    };
    const defaults = Object.entries(Parameters).map(([name, { Default }]) => [name, String(Default ?? "")]);
    expect(Object.fromEntries(defaults)).toEqual(DEFAULTS);
  });

  test("come from options, the stack, the settings and the defaults, in this order", () => {
    const before = new Map([
      ["JobQueueName", "stack-queue"],
      ["MaxVcpus", "16"],
      ["Gone", "x"],
    ]);
    const settings = { JobQueueName: "settings-queue", BucketName: "settings-jobs" };
    expect(completeParameters({ MaxVcpus: "8" }, before, settings)).toEqual({
      ...DEFAULTS,
      MaxVcpus: "8",
      JobQueueName: "stack-queue",
      BucketName: "settings-jobs",
    });
  });

  test("nvme disks go with instances that have some, unless others were asked for", () => {
    expect(completeParameters({ DiskKind: "nvme" }, undefined, {}).InstanceTypes).toBe("c5d");
    const before = new Map([["InstanceTypes", "m5d"]]);
    expect(completeParameters({ DiskKind: "nvme" }, before, {}).InstanceTypes).toBe("m5d");
  });
});
