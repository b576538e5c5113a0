import { execFile } from "node:child_process";
import { chmod, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { have } from "../support/have.ts";
import { cleanEnvironment, startTool } from "../support/run-tool.ts";
import { type StubAws, startStubAws } from "../support/stub-aws.ts";
import { type TempDir, tempDir } from "../support/temp-dir.ts";
import { startInTerminal } from "../support/terminal.ts";

const execute = promisify(execFile);

let home: TempDir;
let aws: StubAws;
beforeEach(async () => {
  home = await tempDir();
  aws = await startStubAws();
});
afterEach(async () => {
  await aws[Symbol.asyncDispose]();
  await home[Symbol.asyncDispose]();
});

async function write(path: string, text: string): Promise<string> {
  const file = join(home.path, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  return file;
}

/** Asks Batch for a job that it does not know, which takes credentials. */
const ASK = ["build", "--aws-batch", "--attach", "no-such-job", "--no-download"];
const UNKNOWN_JOB = /does not know a job no-such-job/;

const environment = (profile: string) => ({
  ...cleanEnvironment(home.path),
  AWS_ENDPOINT_URL: aws.url,
  AWS_EC2_METADATA_DISABLED: "true",
  AWS_PROFILE: profile,
});
const asked = () => aws.requests.find(({ service }) => service === "batch");
const start = (profile: string) =>
  startTool(ASK, { env: environment(profile), cwd: home.path, stdin: "open" });
async function ask(profile: string) {
  const result = await start(profile).ended;
  expect(result.stdout + result.stderr).not.toMatch(/secretOf|tokenOf| {4}at /);
  return result;
}

const KEYS = `{"Version": 1, "AccessKeyId": "AKIAOFPROCESS", "SecretAccessKey": "secretOfProcess"}`;

/** A profile `lab` whose credential_process is this script. */
async function useProcess(script: string): Promise<void> {
  const file = await write("give-keys", `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
  await write(".aws/config", `[profile lab]\ncredential_process = ${file} passwordOfProcess\n`);
}

describe("a credential_process", () => {
  test("that reads standard input finds it empty; its standard error is shown", async () => {
    await useProcess(`cat\necho 'Touch your key.' >&2\necho '${KEYS}'`);
    const { stderr } = await ask("lab");
    expect(stderr).toMatch(/^Touch your key\.$/m);
    expect(stderr).toMatch(UNKNOWN_JOB);
    expect(asked()?.keyId).toBe("AKIAOFPROCESS");
  });

  test("that a role is assumed with", async () => {
    await useProcess(`cat\necho '${KEYS}'`);
    const config = await readFile(join(home.path, ".aws/config"), "utf8");
    const role = `[profile role]\nrole_arn = arn:aws:iam::123456789012:role/Builder\nsource_profile = lab\n`;
    await write(".aws/config", config + role);
    await ask("role");
    expect(aws.requests.find(({ service }) => service === "sts")?.keyId).toBe("AKIAOFPROCESS");
    expect(asked()?.keyId).toBe("AKIAOFTHEROLE");
  });

  test("that fails is run once, and named without its command", async () => {
    await useProcess(`echo x >> "$HOME/runs"\necho 'No card in the reader.' >&2\nexit 4`);
    const { stderr, exitStatus } = await ask("lab");
    expect(exitStatus).toBe(1);
    expect(stderr).toContain("No card in the reader.\n");
    expect(stderr).toContain(`The credential_process of the profile "lab" failed (exit status 4).`);
    expect(stderr).not.toContain("passwordOfProcess");
    expect(await readFile(join(home.path, "runs"), "utf8")).toBe("x\n");
  });

  test.each([
    ["SIGTERM", 143],
    ["SIGINT", 130],
    ["SIGHUP", 129],
  ] as const)("that hangs ends with the program, by one %s", async (signal, status) => {
    await useProcess(`echo "started $$" >&2\nexec sleep 600`);
    const running = start("lab");
    await running.seen(/^started \d+$/m);
    running.child.kill(signal);
    const { exitStatus, stderr } = await running.ended;
    expect(exitStatus).toBe(status);
    const pid = Number(/^started (\d+)$/m.exec(stderr)?.[1]);
    await expect.poll(() => isAlive(pid), { timeout: 30_000 }).toBe(false);
  });

  test.skipIf(!have("python3"))("has the terminal (needs python3)", async () => {
    await useProcess(`printf 'PIN: ' >&2\nread -r pin\necho "$pin" > "$HOME/pin"\necho '${KEYS}'`);
    const running = startInTerminal(ASK, { env: environment("lab"), cwd: home.path });
    await running.seen(/PIN: /);
    running.type("1234\r");
    const { raw, settingsKept } = await running.ended;
    expect(raw).toMatch(UNKNOWN_JOB);
    expect(settingsKept).toBe(true);
    expect(await readFile(join(home.path, "pin"), "utf8")).toBe("1234\n");
    expect(asked()?.keyId).toBe("AKIAOFPROCESS");
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const SERIAL = "arn:aws:iam::123456789012:mfa/ada";
const MFA = `[profile lab]
aws_access_key_id = AKIAOFLAB
aws_secret_access_key = secretOfLab
[profile mfa]
role_arn = arn:aws:iam::123456789012:role/Builder
source_profile = lab
mfa_serial = ${SERIAL}
`;

describe("a profile with mfa_serial", () => {
  beforeEach(() => write(".aws/config", MFA));

  test("without a terminal says what to do", async () => {
    const { stderr, exitStatus } = await ask("mfa");
    expect(exitStatus).toBe(1);
    expect(stderr).toContain(`The profile "mfa" needs a code of the MFA device ${SERIAL}`);
    expect(stderr).toContain("`aws sts get-caller-identity --profile mfa`");
    expect(aws.requests).toEqual([]);
  });

  test.skipIf(!have("python3"))(
    "asks for the code, once, and keeps the session as the aws command does (needs python3)",
    async () => {
      const running = startInTerminal(ASK, { env: environment("mfa"), cwd: home.path });
      await running.seen(/MFA code for arn:aws:iam::123456789012:mfa\/ada/);
      running.type("123456\r");
      const { raw, settingsKept } = await running.ended;
      expect(raw).toMatch(UNKNOWN_JOB);
      expect(raw).not.toMatch(/123456[^7]|secretOf|tokenOf/);
      expect(settingsKept).toBe(true);
      const assumptions = () => aws.requests.filter(({ body }) => body.includes("AssumeRole"));
      expect(assumptions()).toHaveLength(1);
      expect(Object.fromEntries(new URLSearchParams(assumptions()[0]?.body))).toMatchObject({
        SerialNumber: SERIAL,
        TokenCode: "123456",
      });
      expect(asked()?.keyId).toBe("AKIAOFTHEROLE");

      // Now without a terminal, as from a script.
      const { stderr } = await ask("mfa");
      expect(stderr).toMatch(UNKNOWN_JOB);
      expect(assumptions()).toHaveLength(1);
      const [file] = await readdir(join(home.path, ".aws/cli/cache"));
      if (have("aws")) {
        const command = ["--endpoint-url", aws.url, "sts", "get-caller-identity"];
        const env = { ...environment("mfa"), AWS_DEFAULT_REGION: "us-east-1", AWS_MAX_ATTEMPTS: "1" };
        // The stub gives no answer; what counts is who asked.
        await execute("aws", command, { env }).catch(() => {});
        const last = aws.requests.at(-1);
        expect(last?.body).toContain("GetCallerIdentity");
        expect(last?.keyId).toBe("AKIAOFTHEROLE");
      }
      expect(file).toMatch(/^[0-9a-f]{40}\.json$/);
    },
  );

  test.skipIf(!have("python3"))("Control-C at the question ends the program (needs python3)", async () => {
    const running = startInTerminal(ASK, { env: environment("mfa"), cwd: home.path });
    await running.seen(/MFA code for/);
    running.type("\x03");
    const { exitStatus, settingsKept } = await running.ended;
    expect(exitStatus).toBe(130);
    expect(settingsKept).toBe(true);
    expect(aws.requests).toEqual([]);
  });
});

test("a profile with login_session says aws login", async () => {
  await write(".aws/config", `[profile console]\nlogin_session = arn:aws:iam::123456789012:user/ada\n`);
  const { stderr, exitStatus } = await ask("console");
  expect(exitStatus).toBe(1);
  expect(stderr).toContain(`You are not logged in to AWS, or no longer, for the profile "console"`);
  expect(stderr).toContain("`aws login --profile console`");
});
