import { expect, test } from "vitest";
import { countRequests } from "./request-counts.ts";

test("requests are counted by service and operation, without the daemon's own", () => {
  const counts = countRequests();
  const count = (service: string, method: string, path: string, query = "", headers = {}) =>
    counts.count(service, { method, path, query: new URLSearchParams(query), headers });
  count("s3", "PUT", "/bucket/key", "partNumber=1&uploadId=x");
  count("s3", "GET", "/bucket/", "list-type=2");
  count("s3", "GET", "/bucket/some/key");
  count("s3", "GET", "/bucket/key");
  count("batch", "POST", "/v1/describejobs");
  count("logs", "POST", "/", "", { "x-amz-target": "Logs_20140328.GetLogEvents" });
  count("sts", "POST", "/");
  count("local-aws", "GET", "/_local-aws/status");
  expect(JSON.parse(JSON.stringify(counts))).toEqual({
    s3: { "PUT object uploadId partNumber": 1, "GET bucket list-type": 1, "GET object": 2 },
    batch: { describejobs: 1 },
    logs: { GetLogEvents: 1 },
    sts: { POST: 1 },
  });
});
