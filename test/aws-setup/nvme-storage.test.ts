import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { have } from "../support/have.ts";
import { fakeInstance } from "./fake-instance.ts";
import { storageScript, userData } from "./user-data.ts";

const script = storageScript();
const nvme = (number: number) => `/dev/nvme${number}n1 Amazon EC2 NVMe Instance Storage`;
const ebs = (number: number) => `/dev/nvme${number}n1 Amazon Elastic Block Store`;

/** What is done with a new volume, whatever it lies on. */
const formatAndMount = [
  "mkfs.ext4 -q -m 0 /dev/nextstrain/docker",
  "mount /dev/nextstrain/docker /var/lib/docker",
];

describe("the first boot of an instance", () => {
  const layouts: readonly [string, readonly string[], readonly string[]][] = [
    ["no disk but the root volume", [], []],
    [
      "one NVMe disk",
      [nvme(1)],
      [
        "vgcreate --yes nextstrain /dev/nvme1n1",
        "lvcreate --yes --extents 100%PVS --name docker nextstrain /dev/nvme1n1",
        ...formatAndMount,
      ],
    ],
    [
      "two NVMe disks",
      [nvme(1), nvme(2)],
      [
        "vgcreate --yes nextstrain /dev/nvme1n1 /dev/nvme2n1",
        "lvcreate --yes --extents 100%PVS --name docker nextstrain /dev/nvme1n1 /dev/nvme2n1",
        ...formatAndMount,
      ],
    ],
    [
      "no NVMe disk, but an extra EBS disk",
      [ebs(1)],
      [
        "vgcreate --yes nextstrain /dev/nvme1n1",
        "lvcreate --yes --extents 100%PVS --name docker nextstrain /dev/nvme1n1",
        ...formatAndMount,
      ],
    ],
    [
      "one NVMe disk and an extra EBS disk: the NVMe disk is filled first",
      [ebs(1), nvme(2)],
      [
        "vgcreate --yes nextstrain /dev/nvme2n1 /dev/nvme1n1",
        "lvcreate --yes --extents 100%PVS --name docker nextstrain /dev/nvme2n1",
        "lvextend --extents +100%FREE nextstrain/docker /dev/nvme1n1",
        ...formatAndMount,
      ],
    ],
    [
      "two NVMe disks and an extra EBS disk",
      [ebs(1), nvme(2), nvme(3)],
      [
        "vgcreate --yes nextstrain /dev/nvme2n1 /dev/nvme3n1 /dev/nvme1n1",
        "lvcreate --yes --extents 100%PVS --name docker nextstrain /dev/nvme2n1 /dev/nvme3n1",
        "lvextend --extents +100%FREE nextstrain/docker /dev/nvme1n1",
        ...formatAndMount,
      ],
    ],
    [
      "models as older tools write them",
      ["/dev/nvme1n1 Amazon_EC2_NVMe_Instance_Storage", "/dev/nvme2n1 Amazon_Elastic_Block_Store"],
      [
        "vgcreate --yes nextstrain /dev/nvme1n1 /dev/nvme2n1",
        "lvcreate --yes --extents 100%PVS --name docker nextstrain /dev/nvme1n1",
        "lvextend --extents +100%FREE nextstrain/docker /dev/nvme2n1",
        ...formatAndMount,
      ],
    ],
  ];
  test.each(layouts)("with %s", async (_, disks, calls) => {
    await using instance = await fakeInstance(script, disks);
    const boot = await instance.boot();
    expect(boot.calls).toEqual(calls);
    expect(boot.exitStatus).toBe(0);
    expect(boot.stderr).not.toContain("failed");
  });

  test("leaves an EBS disk that has something on it alone", async () => {
    await using instance = await fakeInstance(script, [nvme(1), ebs(2)]);
    await instance.mark("signed", "/dev/nvme0n1\n/dev/nvme2n1\n");
    expect((await instance.boot()).calls.join("\n")).not.toContain("nvme2n1");
  });

  test.each([
    ["dnf", undefined],
    ["yum", undefined],
    ["dnf", ["mkfs.ext4"]],
  ] as const)(
    "installs by %s what the image lacks of LVM and ext4's tools (%j)",
    async (installer, lacking) => {
      await using instance = await fakeInstance(script, [nvme(1)], { installer, lacking });
      const { calls } = await instance.boot();
      expect(calls[0]).toBe(`${installer} install --assumeyes lvm2 e2fsprogs`);
      expect(calls.slice(-2)).toEqual(formatAndMount);
    },
  );
});

describe("a later boot", () => {
  test("within one boot, nothing happens a second time", async () => {
    await using instance = await fakeInstance(script, [nvme(1)]);
    await instance.boot();
    expect((await instance.boot()).calls).toEqual([]);
  });

  test("after a reboot, the volume is mounted as it is", async () => {
    await using instance = await fakeInstance(script, [nvme(1), ebs(2)]);
    await instance.boot();
    await instance.unmark("mounted");
    expect((await instance.boot()).calls).toEqual([
      "vgchange --activate y nextstrain",
      "mount /dev/nextstrain/docker /var/lib/docker",
    ]);
  });

  test("after a stop, NVMe disks are empty: a new volume takes them, and what is left on the EBS disk goes", async () => {
    await using instance = await fakeInstance(script, [nvme(1), ebs(2)]);
    await instance.boot();
    await instance.unmark("mounted");
    await instance.mark("damaged");
    await instance.mark("remains", "/dev/nvme2n1\n");
    const { calls, exitStatus } = await instance.boot();
    expect(calls).toEqual([
      "vgchange --activate y nextstrain",
      "vgreduce --removemissing --force nextstrain",
      "vgremove --force --yes nextstrain",
      "pvremove --yes /dev/nvme2n1",
      "vgcreate --yes nextstrain /dev/nvme1n1 /dev/nvme2n1",
      "lvcreate --yes --extents 100%PVS --name docker nextstrain /dev/nvme1n1",
      "lvextend --extents +100%FREE nextstrain/docker /dev/nvme2n1",
      ...formatAndMount,
    ]);
    expect(exitStatus).toBe(0);
  });
});

describe("when something fails", () => {
  const steps = ["vgcreate", "lvcreate", "lvextend", "mkfs.ext4", "mount"];
  test.each(steps)("%s: it says so, does nothing more, and the instance goes on", async (failing) => {
    await using instance = await fakeInstance(script, [nvme(1), ebs(2)]);
    const { calls, stderr, exitStatus } = await instance.boot({ failing });
    expect(calls.at(-1)).toMatch(new RegExp(`^${failing} `));
    expect(stderr).toContain(`nextstrain storage: failed with status 5: ${failing} `);
    expect(stderr).toContain("nextstrain storage: not set up: containers use the root volume");
    expect(exitStatus).toBe(0);
  });

  test("LVM can't be installed: five tries", async () => {
    await using instance = await fakeInstance(script, [nvme(1)], { installer: "dnf" });
    const { calls, stderr, exitStatus } = await instance.boot({ failing: "dnf" });
    expect(calls).toEqual(Array(5).fill("dnf install --assumeyes lvm2 e2fsprogs"));
    expect(stderr).toContain("not set up");
    expect(exitStatus).toBe(0);
  });

  test("the engine runs already: its disk is not changed under it", async () => {
    await using instance = await fakeInstance(script, [nvme(1)]);
    await instance.mark("engine-runs");
    const { calls, stderr, exitStatus } = await instance.boot();
    expect(calls).toEqual([]);
    expect(stderr).toContain("the container engine runs already");
    expect(exitStatus).toBe(0);
  });
});

describe.skipIf(!have("python3"))("the user data, read by Python's email module (needs python3)", () => {
  test.each([
    ["ebs", ["text/x-shellscript"]],
    ["nvme", ["text/x-shellscript", "text/cloud-boothook"]],
  ])("is sound MIME with %s", (DiskKind, types) => {
    const { parts, defects } = readMime(userData({ DiskKind }));
    expect(defects).toEqual([]);
    expect(parts.map(({ type }) => type)).toEqual(types);
    for (const { body } of parts) expect(body).toMatch(/^#!\/bin\/bash\n/);
  });

  test("gives stopped jobs more time, by the agent's configuration file", () => {
    const [agent] = readMime(userData()).parts;
    expect(agent?.body).toContain("echo ECS_CONTAINER_STOP_TIMEOUT=5m >>/etc/ecs/ecs.config");
    expect(agent?.body).toContain("echo ECS_ENABLE_SPOT_INSTANCE_DRAINING=true >>/etc/ecs/ecs.config");
  });
});

test("the user data is ASCII, and leaves Batch most of EC2's 16 KiB", () => {
  const data = userData({ DiskKind: "nvme", ExtraDiskGib: "100" });
  expect(data).toMatch(/^[\n\x20-\x7e]*$/);
  expect(data.length).toBeLessThan(8192);
});

test("bash accepts the script", () => {
  expect(spawnSync("/bin/bash", ["-n"], { input: script, encoding: "utf8" })).toMatchObject({
    status: 0,
    stderr: "",
  });
});

test.skipIf(!have("shellcheck"))("shellcheck finds nothing in the script (needs shellcheck)", () => {
  const checked = spawnSync("shellcheck", ["-"], {
    input: script,
    encoding: "utf8",
  });
  expect(checked.stdout).toBe("");
  expect(checked.status).toBe(0);
});

interface Mime {
  readonly parts: readonly { readonly type: string; readonly body: string }[];
  readonly defects: readonly string[];
}

function readMime(data: string): Mime {
  const program = `
import email, email.policy, json, sys
message = email.message_from_string(sys.stdin.read(), policy=email.policy.default)
parts = list(message.iter_parts())
defects = [repr(d) for part in [message, *parts] for d in part.defects]
print(json.dumps({"parts": [{"type": p.get_content_type(), "body": p.get_payload()} for p in parts], "defects": defects}))
`;
  const ran = spawnSync("python3", ["-c", program], { input: data, encoding: "utf8" });
  if (ran.status !== 0) throw new Error(ran.stderr);
  return JSON.parse(ran.stdout) as Mime;
}
