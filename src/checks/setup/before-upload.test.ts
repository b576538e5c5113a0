import { expect, test } from "vitest";
import type { Facts } from "../facts.ts";
import { DEFINITION, factsOf, QUEUE, seen } from "../testing/healthy.ts";
import { beforeUpload, examine } from "./table.ts";

const onFargate = { ...DEFINITION, onFargate: true };

test.each<readonly [string, Partial<Facts>, string[]]>([
  ["nothing, where all is well", {}, []],
  ["a queue on Kubernetes", { queue: seen({ ...QUEUE, runsContainers: false }) }, ["queue.kind"]],
  [
    "a definition for Kubernetes",
    { definition: seen({ ...DEFINITION, container: { ...DEFINITION.container, form: { kind: "eks" } } }) },
    ["definition.exists"],
  ],
  ["a queue that wants a share", { queue: seen({ ...QUEUE, schedulingPolicy: "arn" }) }, ["queue.share"]],
  ["a size that Fargate hasn't", { definition: seen(onFargate) }, ["definition.fargate-size"]],
  [
    "and the same of the build at hand",
    { definition: seen({ ...onFargate, memoryMib: 8_192 }), asked: { cpus: 3 } },
    ["definition.fargate-size"],
  ],
  [
    "but not where the build asks for one that it has",
    { definition: seen(onFargate), asked: { memoryMib: 8_192 } },
    [],
  ],
])("before anything is sent, what can't work is refused: %s", async (_, changes, wrong) => {
  const findings = await examine(beforeUpload, factsOf(changes), "preflight");
  expect(findings.filter(({ mark }) => mark === "wrong").map(({ id }) => id)).toEqual(wrong);
});
