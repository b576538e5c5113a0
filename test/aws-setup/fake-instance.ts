import { spawnSync } from "node:child_process";
import { chmod, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { tempDir } from "../support/temp-dir.ts";

/** One program under many names: notes how it was called, and answers from the files of the instance's state. */
const fakeTool = `#!/bin/bash
name=\${0##*/} state=\${0%/*}/../state
for last; do :; done
echo "$name $*" >>"$state/calls"
[[ $name == "$FAILING" ]] && exit 5
there() { [[ -e $state/$1 ]]; }
sign() { for disk; do if [[ $disk == /dev/* ]]; then echo "$disk" >>"$state/signed"; fi; done; }
case $name in
  lsblk) while IFS= read -r line; do echo "$line"; done <"$state/disks" ;;
  wipefs) while read -r disk; do if [[ $disk == "$last" ]]; then echo "0x0 LVM2_member"; fi; done <"$state/signed" ;;
  mountpoint) there mounted ;;
  mount) : >"$state/mounted" ;;
  systemctl) there engine-runs ;;
  vgs) there group ;;
  vgchange) ! there damaged ;;
  vgcreate) sign "$@"; : >"$state/group" ;;
  vgremove) /bin/rm "$state/group" "$state/damaged" ;;
  pvs) while read -r disk; do echo "  $disk"; done <"$state/remains" ;;
  pvremove) signed=$(<"$state/signed"); echo "\${signed//$last/}" >"$state/signed" ;;
  dnf | yum) for tool in $LACKING; do /bin/ln -sf tool "\${0%/*}/$tool"; done ;;
esac
`;

/** What an image may lack, and packages have. */
const installable = [
  "vgs",
  "vgchange",
  "vgcreate",
  "vgremove",
  "vgreduce",
  "lvcreate",
  "lvextend",
  "pvs",
  "pvremove",
  "mkfs.ext4",
];
const others = [
  "lsblk",
  "wipefs",
  "mountpoint",
  "mount",
  "systemctl",
  "udevadm",
  "mkdir",
  "df",
  "tail",
  "sleep",
];

interface Boot {
  /** Calls that change something, or install something, in their order. */
  readonly calls: readonly string[];
  readonly stderr: string;
  readonly exitStatus: number | null;
}

interface FakeInstance extends AsyncDisposable {
  /** Runs the script as at a boot, with nothing on PATH but fakes. `failing`: the program that fails. */
  boot(options?: { readonly failing?: string }): Promise<Boot>;
  /** Makes a file of the state, such as `engine-runs`. */
  mark(name: string, content?: string): Promise<void>;
  unmark(name: string): Promise<void>;
}

/**
 * An instance with these disks (lines of lsblk: path and model) beside its root volume.
 * `installer`: LVM and the tools of ext4 aren't there, or `lacking` of them, and have to be installed by this.
 */
export async function fakeInstance(
  script: string,
  disks: readonly string[],
  {
    installer,
    lacking = installer === undefined ? [] : installable,
  }: { readonly installer?: "dnf" | "yum"; readonly lacking?: readonly string[] | undefined } = {},
): Promise<FakeInstance> {
  const place = await tempDir();
  const bin = join(place.path, "bin");
  const state = join(place.path, "state");
  await mkdir(bin);
  await mkdir(state);
  await writeFile(join(bin, "tool"), fakeTool);
  await chmod(join(bin, "tool"), 0o755);
  const there = installable.filter((name) => !lacking.includes(name));
  for (const name of [...others, ...there, ...(installer === undefined ? [] : [installer])]) {
    await symlink("tool", join(bin, name));
  }
  const mark = (name: string, content = "") => writeFile(join(state, name), content);
  await mark("disks", `${["/dev/nvme0n1 Amazon Elastic Block Store", ...disks].join("\n")}\n`);
  await mark("signed", "/dev/nvme0n1\n");
  await mark("remains");
  return {
    mark,
    unmark: (name) => rm(join(state, name)),
    async boot({ failing = "" } = {}) {
      await mark("calls");
      const env = { PATH: bin, FAILING: failing, LACKING: lacking.join(" ") };
      const ran = spawnSync("/bin/bash", ["-c", script], { env, encoding: "utf8" });
      const looks = /^(lsblk|wipefs|mountpoint|systemctl|udevadm|mkdir|df|tail|sleep|vgs|pvs) /;
      const calls = (await readFile(join(state, "calls"), "utf8")).trimEnd().split("\n");
      return {
        calls: calls.filter((call) => !looks.test(call)),
        stderr: ran.stderr,
        exitStatus: ran.status,
      };
    },
    [Symbol.asyncDispose]: () => place[Symbol.asyncDispose](),
  };
}
