import type { Questions } from "../../aws-setup/site.ts";
import type { Context } from "../../cli/context.ts";
import { CancelledError } from "../../errors.ts";

/** Asks at the terminal; with --yes, whatever is asked is agreed to. */
export function createQuestions({ io, signal }: Context, { yes }: { readonly yes: boolean }): Questions {
  const isPersonThere = io.inIsTerminal && io.outIsTerminal;
  return {
    by: yes ? "yes" : isPersonThere ? "person" : "nobody",
    async confirm(message) {
      if (yes) return true;
      const { confirm } = await import("@clack/prompts");
      const answer = await confirm({ message, initialValue: false, signal });
      if (typeof answer !== "boolean") throw new CancelledError();
      return answer;
    },
    async text(message, suggestion, problem) {
      const { text } = await import("@clack/prompts");
      const answer = await text({
        message,
        initialValue: suggestion,
        validate: (value) => problem(value ?? ""),
        signal,
      });
      if (typeof answer !== "string") throw new CancelledError();
      return answer;
    },
  };
}
