"""Has local AWS misbehave, and sees it as boto3's users would. Its endpoint and keys come from the environment."""

import json
import os
import time

import boto3
import botocore.exceptions
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.httpsession import URLLib3Session

endpoint = os.environ["AWS_ENDPOINT_URL"]
BUCKET, GROUP, QUEUE = "nextstrain-jobs", "/aws/batch/job", "nextstrain-job-queue"


def client(service):
    config = Config(retries={"total_max_attempts": 1}, read_timeout=30)
    return boto3.client(service, endpoint_url=endpoint, config=config)


def control(method, plan=None):
    request = AWSRequest(method, f"{endpoint}/_local-aws/faults", data=plan and json.dumps(plan))
    SigV4Auth(boto3.Session().get_credentials(), "local-aws", "us-east-1").add_auth(request)
    response = URLLib3Session().send(request.prepare())
    assert response.status_code == 200, response.text
    return json.loads(response.text)


def faults(*rules, seed=1):
    return control("PUT", {"seed": seed, "rules": list(rules)})


def outcome(call, **arguments):
    try:
        call(**arguments)
    except botocore.exceptions.ClientError as error:
        return error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"]
    except (botocore.exceptions.HTTPClientError, botocore.exceptions.ConnectionError) as error:
        return type(error).__name__
    return "fine"


s3, batch, logs, sts = client("s3"), client("batch"), client("logs"), client("sts")
CONNECTION_LOST = ("ConnectionClosedError", "EndpointConnectionError", "HTTPClientError")


def errors():
    s3.put_object(Bucket=BUCKET, Key="object", Body=b"x")
    calls = [(s3.get_object, dict(Bucket=BUCKET, Key="object")),
             (batch.describe_job_queues, {}),
             (logs.describe_log_groups, {}),
             (sts.get_caller_identity, {})]

    def outcomes(rule):
        faults(rule)
        return [outcome(call, **arguments) for call, arguments in calls]

    assert outcomes({"fault": "throttle"}) == [
        (503, "SlowDown"), (429, "TooManyRequestsException"), (400, "ThrottlingException"), (400, "Throttling")]
    assert outcomes({"fault": "error"}) == [
        (500, "InternalError"), (500, "ServerException"), (500, "InternalFailure"), (500, "InternalFailure")]
    assert [status for status, code in outcomes({"fault": "error", "status": 503})] == [503] * 4
    assert outcomes({"fault": "expired-credentials"}) == [
        (400, "ExpiredToken"), (403, "ExpiredTokenException"), (400, "ExpiredTokenException"), (403, "ExpiredToken")]
    assert outcomes({"fault": "throttle", "service": "logs"})[:2] == ["fine", "fine"]
    assert all(one in CONNECTION_LOST for one in outcomes({"fault": "cut"})), outcomes({"fault": "cut"})
    # The second request only.
    faults({"fault": "throttle", "operation": "get*", "skip": 1, "count": 1})
    assert [outcome(s3.get_object, Bucket=BUCKET, Key="object") for _ in range(3)] == [
        "fine", (503, "SlowDown"), "fine"]


def latency():
    faults({"fault": "latency", "ms": 400, "service": "s3", "path": "/nextstrain-jobs/slow"})
    started = time.monotonic()
    s3.put_object(Bucket=BUCKET, Key="slow", Body=b"x")
    assert time.monotonic() - started >= 0.4


def cuts():
    faults({"fault": "cut", "at": "after", "operation": "PutObject"})
    assert outcome(s3.put_object, Bucket=BUCKET, Key="after", Body=b"x" * 100) in CONNECTION_LOST
    assert s3.head_object(Bucket=BUCKET, Key="after")["ContentLength"] == 100
    faults({"fault": "cut", "at": "request", "operation": "PutObject"})
    assert outcome(s3.put_object, Bucket=BUCKET, Key="request", Body=b"x" * 10_000_000) in CONNECTION_LOST
    assert outcome(s3.head_object, Bucket=BUCKET, Key="request") == (404, "404")
    faults({"fault": "cut", "at": "body", "operation": "GetObject"})
    body = s3.get_object(Bucket=BUCKET, Key="after")["Body"]
    try:
        body.read()
    except (botocore.exceptions.IncompleteReadError, botocore.exceptions.ResponseStreamingError):
        pass
    else:
        raise AssertionError("half a body passed for a whole one")
    faults({"fault": "cut", "at": "body", "service": "batch"})
    try:
        answer = batch.describe_job_queues()
    except botocore.exceptions.BotoCoreError:
        answer = {}
    # urllib3 1 lets half a body pass, of which nothing can be made.
    assert "jobQueues" not in answer


def replay():
    def pattern(seed):
        faults({"fault": "any", "probability": 0.5}, seed=seed)
        return [outcome(logs.describe_log_groups) for _ in range(20)]

    first = pattern(7)
    assert first == pattern(7) and first != pattern(8), first
    assert "fine" in first and len(set(map(str, first))) > 3, first
    applied = control("GET")
    assert applied["seed"] == 8 and applied["rules"][0]["matched"] == 20, applied
    assert 0 < applied["rules"][0]["applied"] < 20, applied


def submit(name, script="echo hello", **options):
    return batch.submit_job(jobName=name, jobQueue=QUEUE, jobDefinition="nextstrain-job",
                            containerOverrides={"command": ["sh", "-c", script]}, **options)["jobId"]


def describe(job):
    return batch.describe_jobs(jobs=[job])["jobs"][0]


def until(wanted, ask):
    while not wanted(seen := ask()):
        time.sleep(0.05)
    return seen


def ended(job):
    return until(lambda one: one["status"] in ("SUCCEEDED", "FAILED"), lambda: describe(job))


def jobs():
    faults({"fault": "spot-reclaim", "job": "spot-*", "attempt": 1})
    retry = {"attempts": 3, "evaluateOnExit": [
        {"onStatusReason": "Host EC2*", "action": "RETRY"}, {"onReason": "*", "action": "EXIT"}]}
    script = "test $AWS_BATCH_JOB_ATTEMPT = 2 || sleep 600"
    job = ended(submit("spot-retried", script, retryStrategy=retry))
    assert job["status"] == "SUCCEEDED" and len(job["attempts"]) == 2, job
    assert job["attempts"][0]["statusReason"].startswith("Host EC2 (instance i-"), job
    assert "exitCode" not in job["attempts"][0]["container"], job
    job = ended(submit("spot-lost", script))
    assert job["status"] == "FAILED" and job["statusReason"].endswith(") terminated."), job
    assert ended(submit("other"))["status"] == "SUCCEEDED"

    faults({"fault": "out-of-memory", "count": 1})
    job = ended(submit("big", "sleep 600"))
    assert job["container"]["exitCode"] == 137, job
    assert job["container"]["reason"] == "OutOfMemoryError: Container killed due to memory usage", job
    assert job["statusReason"] == "Essential container in task exited", job
    assert ended(submit("big"))["status"] == "SUCCEEDED"

    faults({"fault": "cannot-pull"})
    before = len(streams())
    job = ended(submit("pull"))
    assert job["statusReason"] == "Task failed to start", job
    assert job["container"]["reason"].startswith("CannotPullContainerError: "), job
    assert "startedAt" not in job["attempts"][0] and len(streams()) == before, job

    faults({"fault": "no-capacity"})
    job = submit("waits")
    waiting = until(lambda one: "statusReason" in one, lambda: describe(job))
    assert waiting["status"] == "RUNNABLE", waiting
    assert waiting["statusReason"].startswith("CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - "), waiting
    control("DELETE")
    assert ended(job)["status"] == "SUCCEEDED"
    faults({"fault": "no-capacity", "seconds": 0.2})
    assert ended(submit("waits-a-little"))["status"] == "SUCCEEDED"


def streams():
    return [each for page in logs.get_paginator("describe_log_streams").paginate(logGroupName=GROUP)
            for each in page["logStreams"]]


def lines(job):
    stream = job["container"]["logStreamName"]
    page = logs.get_log_events(logGroupName=GROUP, logStreamName=stream, startFromHead=True)
    return [event["message"] for event in page["events"]]


def log_lines():
    faults({"fault": "late-lines", "ms": 500})
    job = ended(submit("late", "echo one; echo two"))
    assert until(lambda seen: "two" in seen, lambda: lines(job)) == ["one", "two"]
    faults({"fault": "late-lines", "ms": 3_600_000})
    assert lines(ended(submit("very-late"))) == []
    faults({"fault": "late-stream", "ms": 3_600_000})
    job = ended(submit("no-stream-yet"))
    missing = dict(logGroupName=GROUP, logStreamName=job["container"]["logStreamName"])
    assert outcome(logs.get_log_events, **missing) == (400, "ResourceNotFoundException")
    faults({"fault": "lost-stream", "stream": "nextstrain-job/*"})
    job = ended(submit("no-stream"))
    missing = dict(logGroupName=GROUP, logStreamName=job["container"]["logStreamName"])
    assert outcome(logs.get_log_events, **missing) == (400, "ResourceNotFoundException")
    faults({"fault": "lost-lines", "count": 1})
    assert lines(ended(submit("holes", "echo one; echo two"))) == ["two"]


for part in (errors, latency, cuts, replay, jobs, log_lines):
    part()
    control("DELETE")
print("all is well")
