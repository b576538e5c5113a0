import { createHash } from "node:crypto";
import { AwsError } from "../http.ts";
import type { Boundary } from "./event-index.ts";

export type Direction = "forward" | "backward";

const timestampDigits = 14;
const offsetDigits = 16;
const checkDigits = 26;

/**
 * A token of GetLogEvents, shaped like AWS's own: `f/<56 digits>/s` or `b/<56 digits>/s`. It names a place between two
 * events of one stream, so that it stays good while events are appended, and over a restart.
 */
export function writeToken(direction: Direction, boundary: Boundary, stream: string): string {
  const place =
    String(boundary.timestamp).padStart(timestampDigits, "0") +
    String(boundary.offset).padStart(offsetDigits, "0");
  return `${direction === "forward" ? "f" : "b"}/${place}${check(place, stream)}/s`;
}

/** @throws AwsError InvalidParameterException where the token is not one of this stream's. */
export function readToken(token: string, stream: string): { direction: Direction; boundary: Boundary } {
  const digits = /^[fb]\/(\d{56})\/s$/.exec(token)?.[1] ?? "";
  const place = digits.slice(0, timestampDigits + offsetDigits);
  if (digits === "" || digits.slice(place.length) !== check(place, stream)) throw invalidToken();
  return {
    direction: token.startsWith("f") ? "forward" : "backward",
    boundary: {
      timestamp: Number(place.slice(0, timestampDigits)),
      offset: Number(place.slice(timestampDigits)),
    },
  };
}

export function invalidToken(): AwsError {
  return new AwsError("InvalidParameterException", "The specified nextToken is invalid.");
}

/** The id of an event: 56 digits, unique in its group, in the order of the events of a stream. */
export function eventId(boundary: Boundary, stream: string): string {
  return writeToken("forward", boundary, stream).slice(2, -2);
}

function check(place: string, stream: string): string {
  const hash = createHash("sha256").update(`${place} ${stream}`).digest("hex").slice(0, 21);
  return BigInt(`0x${hash}`).toString().padStart(checkDigits, "0");
}
