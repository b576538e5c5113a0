import { DeleteLogGroupCommand } from "@aws-sdk/client-cloudwatch-logs";
import * as s3 from "@aws-sdk/client-s3";
import { describe, expect, test } from "vitest";
import { BUCKET, GROUP, openAccount } from "../support/account.ts";
import { brokenStates, isKeys } from "../support/broken-states.ts";
import { checkSetup, troubles } from "../support/checked.ts";

describe("check-setup names the one thing that is wrong", () => {
  test("and nothing where all is well", async () => {
    await using account = await openAccount();
    const checked = await checkSetup(account);
    expect(troubles(checked)).toEqual([]);
    expect(checked.findings.length).toBeGreaterThan(15);
    expect(checked.exitStatus).toBe(0);
    const { Contents } = await account.s3.send(new s3.ListObjectsV2Command({ Bucket: BUCKET }));
    expect(Contents).toBeUndefined();
  });

  test("no log group yet is no fault", async () => {
    await using account = await openAccount();
    await account.logs.send(new DeleteLogGroupCommand({ logGroupName: GROUP }));
    expect(troubles(await checkSetup(account))).toEqual([]);
  });

  test.each(brokenStates)("$name", async ({ spoil, args, found, says, mend }) => {
    await using account = await openAccount();
    const spoiled = await spoil?.(account);
    const checked = await checkSetup(account, { args, env: isKeys(spoiled) ? spoiled : undefined });
    expect(troubles(checked).join()).toBe(found);
    const finding = checked.findings.find(({ mark }) => mark !== "ok");
    expect(finding?.says).toMatch(says);
    expect(finding?.mend).toMatch(mend);
    expect(checked.exitStatus).toBe(found.startsWith("wrong") ? 1 : 0);
  });
});
