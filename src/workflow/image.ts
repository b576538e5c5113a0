/** What is known of an image by its name. Tags `build-YYYYMMDDTHHMMSSZ` sort by date; `latest` counts as newest. */
interface ImageName {
  readonly repository: string;
  readonly tag: string;
}

/** First image whose entrypoint fetches env.d. */
const ENVD_SINCE = "build-20230613T204512Z";
/** First image whose Snakemake (8.11) has --benchmark-extended. */
const BENCHMARK_EXTENDED_SINCE = "build-20250717T164950Z";

/** First image whose entrypoint puts its own augur, auspice or fauna away for the archive's. */
const OVERLAYS_SINCE = "build-20250321T184358Z";

/** Whether jobs in this image can be given variables: all but stock images that are known to be too old. */
export function supportsEnvd(image: string): boolean {
  const { tag } = parseImage(image);
  return !isDated(tag) || tag >= ENVD_SINCE;
}

/** Whether the image's Snakemake is known to have --benchmark-extended: the stock image's, new enough. */
export function supportsBenchmarkExtended(image: string): boolean {
  const { repository, tag } = parseImage(image);
  if (!/(^|\/)nextstrain\/base$/.test(repository)) return false;
  return tag === "latest" || (isDated(tag) && tag >= BENCHMARK_EXTENDED_SINCE);
}

/** Whether jobs in this image take overlays: all but stock images that are known to be too old. */
export function supportsOverlays(image: string): boolean {
  const { tag } = parseImage(image);
  return !isDated(tag) || tag >= OVERLAYS_SINCE;
}

/** Whether two names mean one image: without a tag it is `latest`, without a registry Docker Hub's. */
export function isSameImage(one: string, other: string): boolean {
  return inFull(one) === inFull(other);
}

function inFull(image: string): string {
  const { repository, tag } = parseImage(image);
  const [, digest] = image.split("@");
  return `${repository.replace(/^(index\.)?docker\.io\//, "")}${digest ? `@${digest}` : `:${tag}`}`;
}

/** Whether a tag is that of one build, for ever. */
export function isDated(tag: string): boolean {
  return /^build-\d{8}T\d{6}Z$/.test(tag);
}

/** Takes the name of an image apart. */
export function parseImage(image: string): ImageName {
  const [name = ""] = image.split("@");
  const colon = name.lastIndexOf(":");
  // A colon before the last slash belongs to the registry's port.
  return colon > name.lastIndexOf("/")
    ? { repository: name.slice(0, colon), tag: name.slice(colon + 1) }
    : { repository: name, tag: "latest" };
}
