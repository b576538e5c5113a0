import {
  DescribeVpcsCommand,
  type EC2Client,
  paginateDescribeInstanceTypes,
  paginateDescribeSubnets,
  type Subnet as SdkSubnet,
} from "@aws-sdk/client-ec2";
import { explained, isDenied } from "../aws/errors.ts";
import type { InstanceType, Network, Subnet } from "./services.ts";

/** {@link Network} of an account and region. */
export function createNetwork(ec2: EC2Client, signal: AbortSignal): Network {
  const options = { abortSignal: signal };
  return {
    async defaultVpc() {
      const { Vpcs = [] } = await explained("look for the default VPC", signal, () =>
        ec2.send(new DescribeVpcsCommand({ Filters: [{ Name: "is-default", Values: ["true"] }] }), options),
      );
      return Vpcs[0]?.VpcId;
    },

    subnets: (which) =>
      explained("look up subnets", signal, async () => {
        const request =
          "vpc" in which
            ? { Filters: [{ Name: "vpc-id", Values: [which.vpc] }] }
            : { SubnetIds: [...which.ids] };
        const subnets: Subnet[] = [];
        try {
          for await (const page of paginateDescribeSubnets({ client: ec2 }, request, options)) {
            subnets.push(...(page.Subnets ?? []).map(readSubnet));
          }
        } catch (error) {
          if (error instanceof Error && /^InvalidSubnetI[dD]\./.test(error.name)) return undefined;
          throw error;
        }
        return subnets.toSorted((a, b) => a.zone.localeCompare(b.zone));
      }),

    async instanceTypes(names) {
      const values = names.map((name) => (name.includes(".") ? name : `${name}.*`));
      const request = { Filters: [{ Name: "instance-type", Values: values }] };
      const types: InstanceType[] = [];
      try {
        for await (const page of paginateDescribeInstanceTypes({ client: ec2 }, request, options)) {
          for (const type of page.InstanceTypes ?? []) {
            types.push({
              name: type.InstanceType ?? "",
              vcpus: type.VCpuInfo?.DefaultVCpus ?? 0,
              memoryMib: type.MemoryInfo?.SizeInMiB ?? 0,
              hasDisks: (type.InstanceStorageInfo?.NvmeSupport ?? "unsupported") !== "unsupported",
            });
          }
        }
      } catch (error) {
        signal.throwIfAborted();
        if (isDenied(error)) return undefined;
        return explained("look up instance types", signal, () => Promise.reject(error));
      }
      return types;
    },
  };
}

function readSubnet(subnet: SdkSubnet): Subnet {
  return {
    id: subnet.SubnetId ?? "",
    vpc: subnet.VpcId ?? "",
    zone: subnet.AvailabilityZone ?? "",
    isPublic: subnet.MapPublicIpOnLaunch === true,
  };
}
