import type { Tags } from "../../aws/tags.ts";
import type { BucketState, InstanceType, Subnet } from "../services.ts";
import type { StackEvent, Stacks } from "../stacks.ts";

/** A stack of the fake, and what happened to it. */
export interface FakeStack {
  readonly name: string;
  readonly id: string;
  status: string;
  parameters: Map<string, string>;
  outputs: Map<string, string>;
  tags: Tags;
  readonly events: StackEvent[];
  resources: string[];
}

/** What there is in the account; tests change it as they need. */
export interface FakeAccount {
  readonly stacks: Map<string, FakeStack>;
  /** Change sets that nobody has carried out or taken back. */
  readonly openChangeSets: Set<string>;
  readonly buckets: Map<string, { state: BucketState; objects: number }>;
  readonly roles: Map<string, string>;
  readonly policies: Map<string, { readonly arn: string; readonly document: string }>;
  readonly groups: Map<string, string[]>;
  readonly queues: Set<string>;
  readonly definitions: Set<string>;
  retention: number | "ever" | undefined;
  defaultVpc: string | undefined;
  subnets: Subnet[];
  instanceTypes: InstanceType[] | undefined;
  /** Why a resource can't be made or deleted, by its name in the template. */
  readonly failing: Map<string, string>;
  /** Why CloudFormation refuses any plan. */
  refusal: string | undefined;
  /** What may not be asked. */
  readonly denied: Set<keyof Stacks>;
  /** Each request that changes something, in order. */
  readonly done: string[];
  /** Asked questions. */
  readonly asked: string[];
  /** Runs before each wait, with its number from 1: a place to press Control-C. */
  onPause: (count: number) => void;
}
