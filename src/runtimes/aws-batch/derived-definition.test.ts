import { expect, test } from "vitest";
import { derivedInput, derivedName } from "./derived-definition.ts";

const image = { value: "registry.example:5000/lab/base:v1.2", source: "--image" };
const base = {
  jobDefinitionName: "nextstrain-job",
  jobDefinitionArn: "arn:aws:batch:us-east-1:123456789012:job-definition/nextstrain-job:7",
  revision: 7,
  status: "ACTIVE",
  type: "container",
  parameters: { a: "b" },
  schedulingPriority: 3,
  retryStrategy: { attempts: 2 },
  timeout: { attemptDurationSeconds: 14_400 },
  propagateTags: true,
  platformCapabilities: ["EC2" as const],
  containerProperties: {
    image: "nextstrain/base:latest",
    jobRoleArn: "arn:aws:iam::123456789012:role/NextstrainJobsRole",
    command: [],
    volumes: [{ name: "efs" }],
  },
  tags: { "aws:cloudformation:stack-name": "nextstrain-batch", lab: "ours" },
};

test("the name is of the base's name and revision, and the image's repository and tag", () => {
  expect(derivedName(base, "nextstrain/base:build-20250321T184358Z")).toBe(
    "nextstrain-job-7-nextstrain-base-build-20250321T184358Z",
  );
  expect(derivedName(base, image.value)).toBe("nextstrain-job-7-registry-example-5000-lab-base-v1-2");
  expect(derivedName(base, "somebody/else")).toBe("nextstrain-job-7-somebody-else-latest");
});

test("a name is cut to what Batch takes", () => {
  expect(derivedName(base, `lab/${"x".repeat(200)}:v1`)).toHaveLength(128);
});

test("all but the image and the tags is copied", () => {
  const { containerProperties, ...rest } = derivedInput(base, image, {});
  expect(containerProperties).toEqual({ ...base.containerProperties, image: image.value });
  expect(rest).toEqual({
    jobDefinitionName: "nextstrain-job-7-registry-example-5000-lab-base-v1-2",
    type: "container",
    parameters: { a: "b" },
    schedulingPriority: 3,
    retryStrategy: { attempts: 2 },
    timeout: { attemptDurationSeconds: 14_400 },
    propagateTags: true,
    platformCapabilities: ["EC2"],
    consumableResourceProperties: undefined,
  });
});

test("it gets the tags of its jobs", () => {
  expect(derivedInput(base, image, { project: "zika" }).tags).toEqual({ project: "zika" });
});

test("a definition of another kind is refused, and the image is said to come from where it came", () => {
  const { containerProperties: _, ...other } = base;
  expect(() => derivedInput(other, image, {})).toThrow(/v1\.2 \(from --image\)/);
});
