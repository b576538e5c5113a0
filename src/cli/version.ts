/** Replaced by the version in package.json when the program is built. */
declare const NEXTSTRAIN_VERSION: string | undefined;

export const version: string = typeof NEXTSTRAIN_VERSION === "string" ? NEXTSTRAIN_VERSION : "0.0.0-source";
