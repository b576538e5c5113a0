import { describe, expect, test } from "vitest";
import { isDebian, planTools } from "../../scripts/workflow-tools.mjs";

const debianRoot = { debian: true, root: true };
const allBut =
  (...names: string[]) =>
  (tool: { readonly name: string }) =>
    !names.includes(tool.name);

describe("planTools", () => {
  test("does nothing where everything is there", () => {
    expect(planTools({ forTests: true, has: allBut(), system: debianRoot })).toEqual({ kind: "nothing" });
  });

  test("installs what is missing, and no more, on Debian as root", () => {
    const plan = planTools({ forTests: false, has: allBut("augur", "iqtree"), system: debianRoot });
    expect(plan).toMatchObject({ kind: "install", packages: ["augur", "iqtree"] });
  });

  test("asks for what only tests need only for tests", () => {
    const has = allBut("aws", "boto3");
    expect(planTools({ forTests: false, has, system: debianRoot })).toEqual({ kind: "nothing" });
    expect(planTools({ forTests: true, has, system: debianRoot })).toMatchObject({
      kind: "install",
      packages: ["awscli", "python3-boto3"],
    });
  });

  test("tells a user of Debian who isn't root the one command", () => {
    const plan = planTools({
      forTests: false,
      has: allBut("zip", "unzip"),
      system: { debian: true, root: false },
    });
    expect(plan).toMatchObject({
      kind: "tell",
      command: "sudo apt-get install --no-install-recommends zip unzip",
    });
  });

  test("tells others, root or not, the names that conda knows", () => {
    const has = allBut("snakemake", "python3", "aws");
    for (const root of [true, false]) {
      expect(planTools({ forTests: true, has, system: { debian: false, root } })).toMatchObject({
        kind: "tell",
        command: "conda install --channel conda-forge --channel bioconda snakemake python awscli",
      });
    }
  });

  test("asks for what makes the test image on Debian alone", () => {
    const has = allBut("podman", "debootstrap");
    expect(planTools({ forTests: true, has, system: debianRoot })).toMatchObject({
      packages: ["podman", "debootstrap"],
    });
    expect(planTools({ forTests: true, has, system: { debian: false, root: true } })).toEqual({
      kind: "nothing",
    });
  });
});

describe("isDebian", () => {
  test("knows Debian, and what is made from it", () => {
    expect(isDebian('PRETTY_NAME="Debian GNU/Linux 12"\nID=debian\nVERSION_ID="12"\n')).toBe(true);
    expect(isDebian('ID=linuxmint\nID_LIKE="ubuntu debian"\n')).toBe(true);
  });

  test("is not misled by other lines and systems", () => {
    expect(isDebian('ID=fedora\nHOME_URL="https://debian.org"\nVARIANT_ID=debian\n')).toBe(false);
    expect(isDebian("ID=debianoid\n")).toBe(false);
    expect(isDebian("")).toBe(false);
  });
});
