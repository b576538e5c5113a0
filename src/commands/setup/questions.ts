import type { Questions } from "../../aws-setup/site.ts";
import type { Context } from "../../cli/context.ts";
import { withControlsShown } from "../../cli/control-characters.ts";
import { CancelledError } from "../../errors.ts";

/** Questions hold names, and those may hold anything. */
const shown = (message: string) => withControlsShown(message, { keepColours: false });

/** Asks at the terminal; with --yes, whatever is asked is agreed to. */
export function createQuestions({ io, signal }: Context, { yes }: { readonly yes: boolean }): Questions {
  const isPersonThere = io.inIsTerminal && io.outIsTerminal;
  return {
    by: yes ? "yes" : isPersonThere ? "person" : "nobody",
    async confirm(message) {
      if (yes) return true;
      const { confirm } = await import("@clack/prompts");
      const answer = await confirm({ message: shown(message), initialValue: false, signal });
      if (typeof answer !== "boolean") throw new CancelledError();
      return answer;
    },
    async text(message, suggestion, problem) {
      const { text } = await import("@clack/prompts");
      const answer = await text({
        message: shown(message),
        initialValue: suggestion,
        validate: (value) => problem(value ?? ""),
        signal,
      });
      if (typeof answer !== "string") throw new CancelledError();
      return answer;
    },
  };
}
