import type { AccessKey } from "../auth/verify.ts";
import { notImplemented, type Principal, type Service } from "../http.ts";
import { inputOf, queryProtocol, readParameters } from "../query-protocol.ts";
import { refuseUnread } from "../unread.ts";
import { describe } from "./describe-principal.ts";
import { operations } from "./operations.ts";
import type { Policy } from "./policy.ts";
import { type Key, newId, newKey, openIamStore, policiesOf } from "./store.ts";

export interface IamOptions {
  /** Made if missing; only its owner may look into it. */
  readonly directory: string;
  readonly accountId: string;
  /** Milliseconds since 1970. */
  now(): number;
}

export interface Iam extends Service {
  /** The user or role that a key belongs to. */
  keyOf(accessKeyId: string): AccessKey | undefined;
  /** What the jobs of a role sign with; undefined where there is no such role. */
  keyOfRole(role: string): Key | undefined;
  /** @param policy a role that is made has it as its own */
  createRoleIfMissing(
    name: string,
    role: { readonly trust: string; readonly policy: { readonly name: string; readonly document: string } },
  ): Promise<void>;
  /** What holds for a user or role of IAM; undefined for those that may do everything. */
  policiesOf(principal: Principal): readonly Policy[] | undefined;
}

/** AWS Identity and Access Management (query protocol, API of 2010-05-08), as far as README.md says. */
export async function openIam({ directory, accountId, now }: IamOptions): Promise<Iam> {
  const store = await openIamStore(directory);
  const { state } = store;
  const protocol = queryProtocol("https://iam.amazonaws.com/doc/2010-05-08/");
  return {
    name: "iam",
    async handle(request) {
      const parameters = await readParameters(request);
      const action = parameters.get("Action") ?? "";
      const operation = Object.hasOwn(operations, action) ? operations[action] : undefined;
      if (operation === undefined) throw notImplemented(`IAM ${action || "requests without an Action"}`);
      refuseUnread(`IAM ${action}`, inputOf(parameters), operation.reads);
      const result = await operation.run({ store, accountId, parameters, caller: request.principal, now });
      return protocol.answer(action, result, request.requestId);
    },
    renderError: protocol.renderError,
    close: () => store.save(),
    keyOf(accessKeyId) {
      for (const user of Object.values(state.users)) {
        const key = user.keys.find((one) => one.accessKeyId === accessKeyId);
        if (key !== undefined)
          return { ...secretOf(key), principal: describe("iam-user", user, key, accountId) };
      }
      const role = Object.values(state.roles).find(({ key }) => key.accessKeyId === accessKeyId);
      if (role === undefined) return undefined;
      return { ...secretOf(role.key), principal: describe("role", role, role.key, accountId) };
    },
    keyOfRole: (name) => (Object.hasOwn(state.roles, name) ? state.roles[name]?.key : undefined),
    async createRoleIfMissing(name, { trust, policy }) {
      if (Object.hasOwn(state.roles, name)) return;
      const common = { path: "/", created: new Date(now()).toISOString() };
      const inline = { [policy.name]: policy.document };
      const id = newId("AROA");
      state.roles[name] = { ...common, name, id, trust, key: newKey(now()), inline, attached: [] };
      await store.save();
    },
    policiesOf({ kind, name }) {
      if (name === undefined) return undefined;
      const entity = kind === "iam-user" ? state.users[name] : state.roles[name];
      return entity === undefined ? [] : policiesOf(store, entity);
    },
  };
}

const secretOf = ({ secretAccessKey }: Key) => ({ secretAccessKey });
