import { randomBytes } from "node:crypto";
import type { ServiceResponse } from "../http.ts";
import type { KeyPair } from "./key-pair.ts";

/** Paths of the metadata services, one for each attempt of a job; no bucket can have this name. */
export const METADATA_PREFIX = "/_instance/";

/** Milliseconds that the credentials are said to hold. */
const LIFETIME = 60 * 60_000;
const ROLE = "local-aws-instance";

/** What one attempt's instance says of itself. */
interface Instance {
  readonly credentials: KeyPair;
  /** Milliseconds since 1970, when it is to be taken away. */
  goesAt?: number;
}

/** The metadata services (IMDSv2) of the instances that jobs run on. */
export interface InstanceMetadata {
  /** Makes one: its path, which nobody can guess, stands in for what keeps EC2's from all others. */
  open(credentials: KeyPair): OpenInstance;
  /** Answers what is asked for under {@link METADATA_PREFIX}. */
  answer(request: MetadataRequest): ServiceResponse;
}

export interface OpenInstance extends Disposable {
  /** Begins with {@link METADATA_PREFIX}; without a slash at its end. */
  readonly path: string;
  /** Gives notice that Spot takes the instance away, at a time in milliseconds since 1970. */
  giveNotice(goesAt: number): void;
}

interface MetadataRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export function createInstanceMetadata(now: () => number): InstanceMetadata {
  const instances = new Map<string, Instance>();
  const token = randomBytes(24).toString("base64url");

  const pages: Readonly<Record<string, (instance: Instance) => string | undefined>> = {
    "latest/meta-data/spot/instance-action": ({ goesAt }) =>
      goesAt === undefined ? undefined : JSON.stringify({ action: "terminate", time: iso(goesAt) }),
    "latest/meta-data/iam/security-credentials/": () => ROLE,
    [`latest/meta-data/iam/security-credentials/${ROLE}`]: ({ credentials }) =>
      JSON.stringify({
        ...{ Code: "Success", Type: "AWS-HMAC", LastUpdated: iso(now()), Expiration: iso(now() + LIFETIME) },
        ...{ AccessKeyId: credentials.accessKeyId, SecretAccessKey: credentials.secretAccessKey, Token: "" },
      }),
  };

  return {
    open(credentials) {
      const name = randomBytes(16).toString("hex");
      const instance: Instance = { credentials };
      instances.set(name, instance);
      return {
        path: `${METADATA_PREFIX}${name}`,
        giveNotice(goesAt) {
          instance.goesAt = goesAt;
        },
        [Symbol.dispose]: () => void instances.delete(name),
      };
    },
    answer({ method, path, headers }) {
      const [, name = "", page = ""] = /^\/_instance\/([^/]*)\/(.*)$/.exec(path) ?? [];
      const instance = instances.get(name);
      if (instance === undefined) return plain(404);
      if (method === "PUT" && page === "latest/api/token") {
        return headers["x-aws-ec2-metadata-token-ttl-seconds"] === undefined ? plain(400) : plain(200, token);
      }
      if (headers["x-aws-ec2-metadata-token"] !== token) return plain(401);
      const body = method === "GET" ? pages[page]?.(instance) : undefined;
      return body === undefined ? plain(404) : plain(200, body);
    },
  };
}

/** Whole seconds, as EC2 has them. */
const iso = (time: number) => new Date(time).toISOString().replace(/\.\d+Z$/, "Z");

function plain(status: number, body = ""): ServiceResponse {
  return { status, headers: { "content-type": "text/plain" }, body };
}
