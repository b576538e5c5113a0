import { expect, test } from "vitest";
import type { AwsError } from "../http.ts";
import { checkLifecycle } from "./lifecycle.ts";

function said(...rules: string[]): string {
  const inner = rules.map((rule) => `<Rule>${rule}</Rule>`).join("");
  try {
    checkLifecycle(`<LifecycleConfiguration>${inner}</LifecycleConfiguration>`);
    return "taken";
  } catch (error) {
    const { code, message } = error as AwsError;
    return `${code}: ${message}`;
  }
}

const on = "<Status>Enabled</Status>";
const all = "<Filter></Filter>";
const gone = "<Expiration><Days>30</Days></Expiration>";
const abort =
  "<AbortIncompleteMultipartUpload><DaysAfterInitiation>7</DaysAfterInitiation></AbortIncompleteMultipartUpload>";
const tag = "<Tag><Key>a</Key><Value>b</Value></Tag>";

test.each([
  on + all + gone + abort,
  `<ID>old form</ID><Status>Disabled</Status><Prefix></Prefix>${gone}`,
  `${on}<Filter><And><Prefix>a/</Prefix>${tag}${tag}</And></Filter>${gone}`,
  `${on}${all}<Expiration><Date>2030-01-01T00:00:00Z</Date></Expiration>`,
  `${on}${all}<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>`,
  `${on}${all}<Transition><Days>30</Days><StorageClass>STANDARD_IA</StorageClass></Transition>`,
  `${on}${all}<NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays></NoncurrentVersionExpiration>`,
])("a rule is taken: %s", (rule) => {
  expect(said(rule)).toBe("taken");
});

test.each([
  ["", /MalformedXML/],
  [all + gone, /MalformedXML/],
  [`<Status>On</Status>${all}${gone}`, /MalformedXML/],
  [on + gone, /MalformedXML/],
  [`${on}${all}<Prefix>a</Prefix>${gone}`, /MalformedXML/],
  [`${on}${all}${gone}<Expire/>`, /MalformedXML/],
  [`${on}<Filter><Prefix>a</Prefix>${tag}</Filter>${gone}`, /MalformedXML/],
  [`${on}<Filter><And><Prefix>a</Prefix></And></Filter>${gone}`, /MalformedXML/],
  [on + all, /InvalidRequest: At least one action/],
  [`${on}${all}<Expiration></Expiration>`, /MalformedXML/],
  [`${on}${all}<Expiration><Days>soon</Days></Expiration>`, /MalformedXML/],
  [`${on}${all}<Expiration><Days>0</Days></Expiration>`, /InvalidArgument: 'Days' .* positive integer/],
  [`${on}${all}<Expiration><Days>1</Days><Date>2030-01-01</Date></Expiration>`, /MalformedXML/],
  [`${on}${all}<Expiration><Date>2030-01-01T01:00:00Z</Date></Expiration>`, /InvalidArgument: .*midnight/],
  [`${on}${all}${abort.replace("7", "0")}`, /InvalidArgument: 'DaysAfterInitiation'/],
  [`${on}<Filter>${tag}</Filter>${abort}`, /InvalidRequest/],
  [`${on}${all}<Transition><Days>30</Days></Transition>`, /MalformedXML/],
  [
    `${on}${all}<Transition><Days>1</Days><StorageClass>STANDARD_IA</StorageClass></Transition>`,
    /InvalidArgument: .* equal to 30/,
  ],
  [
    `${on}${all}${gone}<Transition><Days>30</Days><StorageClass>GLACIER</StorageClass></Transition>`,
    /InvalidArgument: 'Days' in the Expiration/,
  ],
  [`<ID>${"x".repeat(256)}</ID>${on}${all}${gone}`, /InvalidArgument: ID length/],
])("a rule is refused: %s", (rule, words) => {
  expect(said(rule)).toMatch(words);
});

test("rules have ids of their own", () => {
  const rule = `<ID>a</ID>${on}${all}${gone}`;
  expect(said(rule, rule)).toMatch(/InvalidArgument: Rule ID must be unique/);
});
