import { type Stats, statfsSync } from "node:fs";

/** File systems whose files are the kernel's: reading them may never end. `f_type` of statfs(2). */
const KERNEL_FILES: ReadonlySet<number> = new Set([
  0x9f_a0, // proc
  0x62_65_65_72, // sysfs
  0x63_67_72_70, // cgroup2
  0x27_e0_eb, // cgroup
  0x64_62_67_20, // debugfs
  0x74_72_61_63, // tracefs
]);

/** Whether what is at a path (links are followed) lies in one of the kernel's own file systems, such as `/proc`; never so but on Linux. */
export function isKernelFile(path: string): boolean {
  if (process.platform !== "linux") return false;
  try {
    return KERNEL_FILES.has(statfsSync(path).type);
  } catch {
    return false;
  }
}

/** Says of a path, with what stat(2) said of it, whether it is one of {@link isKernelFile}. */
export type KernelFileTest = (path: string, stats: Pick<Stats, "dev">) => boolean;

/** A test for many files: the system is asked once for each device, since no file system is of two kinds. */
export function createKernelFileTest(): KernelFileTest {
  const devices = new Map<number, boolean>();
  return (path, { dev }) => {
    const known = devices.get(dev) ?? isKernelFile(path);
    devices.set(dev, known);
    return known;
  };
}
