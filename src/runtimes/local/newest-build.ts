import { text } from "node:stream/consumers";
import type { Context } from "../../cli/context.ts";
import { changeConfig } from "../../config-edit.ts";
import type { Sourced } from "../../settings.ts";
import { isDated, parseImage } from "../../workflow/image.ts";
import { readUrl } from "./download.ts";

/** Docker Hub's own API, which needs no account (https://docs.docker.com/reference/api/hub/latest/). */
const HUB = "https://hub.docker.com/v2/repositories";

/**
 * The image to update to: where the tag is that of one build (`build-…`), as the Python program writes it to the config
 * file, that of the newest build; else the image itself, whose name is that of ever newer ones.
 */
export async function newestBuild(context: Context, image: string, hub: string = HUB): Promise<string> {
  const { repository, tag } = parseImage(image);
  const [, path] = /^(?:docker:\/\/)?(?:docker\.io\/)?([^/.:]+\/[^/]+)$/.exec(repository) ?? [];
  if (!isDated(tag) || path === undefined || path.startsWith("localhost/")) return image;
  const url = `${hub}/${path}/tags?page_size=100&ordering=last_updated`;
  const { results = [] } = JSON.parse(await readUrl(context, url, (body) => text(body))) as {
    readonly results?: readonly { readonly name?: string }[];
  };
  const newest = results
    .flatMap(({ name }) => (name !== undefined && isDated(name) && name > tag ? [name] : []))
    .sort()
    .at(-1);
  return newest === undefined ? image : `${repository}:${newest}`;
}

/**
 * Notes where the config file names the image that it is another now; where something else names it, says so. Returns whether
 * builds use the other one from now on.
 */
export async function noteImage(
  context: Context,
  section: "docker" | "singularity",
  { value, source }: Sourced<string>,
  image: string,
): Promise<boolean> {
  if (image === value) return false;
  if (!source.startsWith('"image" in ')) {
    context.io.warn(`Builds use ${value} until ${source} is changed to ${image}.`);
    return false;
  }
  const file = await changeConfig(context, [{ section, key: "image", value: image }]);
  context.io.out(`Builds use ${image} from now on (${file}).`);
  return true;
}
