import { describe, expect, test } from "vitest";
import { logFinding, seeingFindings } from "./findings.ts";
import { countLines, HOSTS, LOG_LINES, readReport } from "./probe.ts";

const REPORT = `root=31441900 24117248
work=31441900 24117248
cpus=4
limit=7759462400
memory=8008600
user=nextstrain
reach data.nextstrain.org=0
reach github.com=0
reach www.ncbi.nlm.nih.gov=1
`;

const findings = (report: string) => seeingFindings(readReport(report), { isLocal: false, onFargate: false });
const marks = (report: string) =>
  Object.fromEntries(findings(report).map(({ id, mark, says }) => [id, `${mark}: ${says}`]));

describe("what a job saw", () => {
  test("is told in findings", () => {
    expect(marks(REPORT)).toEqual({
      "canary.disk": "ok: A job has 23.0 GiB of disk space free, of 30.0 GiB.",
      "canary.size":
        "ok: The job could use 4 CPUs and 7400 MiB of memory. Its programs run as the user nextstrain.",
      "canary.internet":
        "ok: Jobs can reach the internet: data.nextstrain.org, github.com (not, just now, www.ncbi.nlm.nih.gov).",
    });
  });

  test("of two disks, each is told of", () => {
    const report = REPORT.replace("work=31441900 24117248", "work=1000000000 900000000");
    expect(findings(report).map(({ says }) => says)).toContain(
      "A job has 858.3 GiB of disk space free (the working directory), of 953.7 GiB.",
    );
  });

  test("a small disk, and no way out, are cautions with their next step", () => {
    const report = REPORT.replaceAll("24117248", "4117248").replaceAll(/(reach .*)=0/g, "$1=7");
    const cautions = findings(report).filter(({ mark }) => mark === "caution");
    expect(cautions.map(({ id }) => id)).toEqual(["canary.disk", "canary.internet"]);
    expect(cautions[0]?.mend).toContain("--disk-size 400");
    expect(cautions[1]?.mend).toContain("NAT gateway");
  });

  test("a control group without a limit has the computer's memory", () => {
    expect(readReport(REPORT.replace("limit=7759462400", "limit=max")).memoryMib).toBe(7820);
    expect(readReport(REPORT.replace("limit=7759462400", "limit=9223372036854771712")).memoryMib).toBe(7820);
  });

  test("what an image can't tell is unknown, with a next step", () => {
    const report = HOSTS.map((host) => `reach ${host}=2`).join("\n");
    const unknown = findings(report).filter(({ mark }) => mark === "unknown");
    expect(unknown.map(({ id }) => id)).toEqual(["canary.disk", "canary.internet"]);
    for (const { mend } of unknown) expect(mend).toMatch(/nextstrain\/base/);
  });

  test("nothing of a report that makes no sense is believed", () => {
    const hostile = "root=-1 x\ncpus=\u001b[2J\nlimit=1e99\nuser=$(reboot)\nreach github.com=yes\n=\n\u0000";
    expect(readReport(hostile)).toMatchObject({
      disks: [],
      cpus: undefined,
      memoryMib: undefined,
      user: undefined,
    });
  });
});

test("lines of the log are counted once each", () => {
  const lines = Array.from({ length: LOG_LINES }, (_, index) => `canary line ${index + 1}`);
  expect(countLines(["+ unzip", ...lines, lines[0] ?? "", "+ exit 0"])).toBe(LOG_LINES);
  expect(logFinding(LOG_LINES, true).mark).toBe("ok");
  expect(logFinding(LOG_LINES - 1, true).mark).toBe("caution");
  expect(logFinding(0, true).mark).toBe("wrong");
  expect(logFinding(0, false)).toMatchObject({
    mark: "wrong",
    mend: expect.stringContaining("logs:GetLogEvents"),
  });
});
