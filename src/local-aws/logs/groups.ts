import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { notImplemented } from "../http.ts";
import {
  breaks,
  groupName,
  groupNamePattern,
  type Input,
  invalid,
  optionalInteger,
  optionalName,
  optionalString,
  requiredName,
  streamNamePattern,
} from "./input.ts";
import type { LogsContext, Operation } from "./operation.ts";
import { sequenceToken } from "./put-events.ts";
import type { Group } from "./store.ts";
import type { StreamFile } from "./stream-file.ts";
import { invalidToken } from "./tokens.ts";

const retentionDays = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

export const createLogGroup: Operation = async ({ store }, input) => {
  const logClass = optionalString(input, "logGroupClass") ?? "STANDARD";
  if (logClass !== "STANDARD") throw notImplemented(`CloudWatch Logs groups of the class ${logClass}`);
  await store.createGroup(requiredName(input, "logGroupName", groupNamePattern));
  return {};
};

export const deleteLogGroup: Operation = async ({ store }, input) => {
  await store.deleteGroup(requiredName(input, "logGroupName", groupNamePattern));
  return {};
};

export const createLogStream: Operation = async ({ store }, input) => {
  const group = requiredName(input, "logGroupName", groupNamePattern);
  await store.createStream(group, requiredName(input, "logStreamName", streamNamePattern));
  return {};
};

export const deleteLogStream: Operation = async ({ store }, input) => {
  const group = requiredName(input, "logGroupName", groupNamePattern);
  await store.deleteStream(group, requiredName(input, "logStreamName", streamNamePattern));
  return {};
};

export const putRetentionPolicy: Operation = async ({ store }, input) => {
  const name = requiredName(input, "logGroupName", groupNamePattern);
  const days = optionalInteger(input, "retentionInDays", { min: 1 });
  if (days === undefined || !retentionDays.includes(days)) {
    throw breaks(
      "retentionInDays",
      days,
      `Member must satisfy enum value set: [${retentionDays.join(", ")}]`,
    );
  }
  await store.setRetention(name, days);
  return {};
};

export const deleteRetentionPolicy: Operation = async ({ store }, input) => {
  await store.setRetention(requiredName(input, "logGroupName", groupNamePattern), undefined);
  return {};
};

export const describeLogGroups: Operation = async (context, input) => {
  const prefix = optionalName(input, "logGroupNamePrefix", groupNamePattern);
  const pattern = optionalString(input, "logGroupNamePattern");
  if (prefix !== undefined && pattern) {
    throw invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.");
  }
  const groups = [...context.store.groups.values()]
    .filter(({ record: { name } }) => name.startsWith(prefix ?? "") && name.includes(pattern ?? ""))
    .sort((a, b) => compare(a.record.name, b.record.name));
  const { items, nextToken } = page(groups, ({ record }) => record.name, input);
  return {
    logGroups: await Promise.all(items.map((group) => describeGroup(context, group))),
    ...nextToken,
  };
};

async function describeGroup(context: LogsContext, { record, directory }: Group) {
  const arn = groupArn(context, record.name);
  return {
    logGroupName: record.name,
    creationTime: record.created,
    ...(record.retentionInDays === undefined ? {} : { retentionInDays: record.retentionInDays }),
    metricFilterCount: 0,
    arn: `${arn}:*`,
    logGroupArn: arn,
    logGroupClass: "STANDARD",
    storedBytes: await storedBytes(directory),
  };
}

async function storedBytes(directory: string): Promise<number> {
  const files = await readdir(directory).catch(() => []);
  const sizes = files
    .filter((file) => file.endsWith(".ndjson"))
    .map((file) =>
      stat(join(directory, file)).then(
        ({ size }) => size,
        () => 0,
      ),
    );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

export const describeLogStreams: Operation = async (context, input) => {
  const group = context.store.group(groupName(input));
  const prefix = optionalName(input, "logStreamNamePrefix", streamNamePattern);
  const orderBy = optionalString(input, "orderBy") ?? "LogStreamName";
  if (orderBy !== "LogStreamName" && orderBy !== "LastEventTime") {
    throw breaks("orderBy", orderBy, "Member must satisfy enum value set: [LogStreamName, LastEventTime]");
  }
  if (orderBy === "LastEventTime" && prefix !== undefined) {
    throw invalid("Cannot order by LastEventTime with a logStreamNamePrefix.");
  }
  const chosen = [...group.streams.values()].filter(({ name }) => name.startsWith(prefix ?? ""));
  const described = await Promise.all(chosen.map((stream) => describeStream(context, group, stream)));
  // Names break ties, so that pages have one order.
  const time = (stream: (typeof described)[number]) =>
    orderBy === "LastEventTime" ? (stream.lastEventTimestamp ?? stream.creationTime) : 0;
  described.sort((a, b) => time(a) - time(b) || compare(a.logStreamName, b.logStreamName));
  if (input.descending === true) described.reverse();
  const { items, nextToken } = page(described, ({ logStreamName }) => logStreamName, input);
  return { logStreams: items, ...nextToken };
};

async function describeStream(context: LogsContext, { record }: Group, stream: StreamFile) {
  const index = await stream.index();
  const last = index.count - 1;
  return {
    logStreamName: stream.name,
    creationTime: stream.created,
    ...(last < 0
      ? {}
      : {
          firstEventTimestamp: index.timestampAt(0),
          lastEventTimestamp: index.timestampAt(last),
          lastIngestionTime: await stream.lastIngestionTime(),
        }),
    uploadSequenceToken: sequenceToken,
    arn: `${groupArn(context, record.name)}:log-stream:${stream.name}`,
    storedBytes: 0,
  };
}

const groupArn = ({ region, accountId }: LogsContext, name: string) =>
  `arn:aws:logs:${region}:${accountId}:log-group:${name}`;

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** A page of at most `limit` (50) items; its token is the name of the last one. */
function page<Item>(items: readonly Item[], name: (item: Item) => string, input: Input) {
  const limit = optionalInteger(input, "limit", { min: 1, max: 50 }) ?? 50;
  const token = optionalString(input, "nextToken");
  const after =
    token === undefined
      ? -1
      : items.findIndex((item) => name(item) === Buffer.from(token, "base64url").toString());
  if (token !== undefined && after < 0) throw invalidToken();
  const chosen = items.slice(after + 1, after + 1 + limit);
  const last = chosen.at(-1);
  const more = last !== undefined && after + 1 + chosen.length < items.length;
  return {
    items: chosen,
    nextToken: more ? { nextToken: Buffer.from(name(last)).toString("base64url") } : {},
  };
}
