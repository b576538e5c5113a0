"""Uses the array jobs and dependencies of local AWS as boto3's users do. Its endpoint and keys come from the environment."""

import os
import time

import boto3
from botocore.exceptions import ClientError

batch = boto3.client("batch", endpoint_url=os.environ["AWS_ENDPOINT_URL"])
logs = boto3.client("logs", endpoint_url=os.environ["AWS_ENDPOINT_URL"])
SIZES = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "100"}]


def submit(script, **more):
    return batch.submit_job(jobName="array", jobQueue="nextstrain-job-queue", jobDefinition="nextstrain-job",
                            containerOverrides={"command": ["sh", "-c", script], "resourceRequirements": SIZES},
                            **more)["jobId"]


def describe(job_id):
    [job] = batch.describe_jobs(jobs=[job_id])["jobs"]
    return job


def finished(job_id):
    while True:
        job = describe(job_id)
        if job["status"] in ("SUCCEEDED", "FAILED"):
            return job
        time.sleep(0.1)


def lines(job):
    events = logs.get_log_events(logGroupName="/aws/batch/job", logStreamName=job["container"]["logStreamName"],
                                 startFromHead=True)["events"]
    return [event["message"] for event in events]


def children(job_id, status):
    pages = batch.get_paginator("list_jobs").paginate(arrayJobId=job_id, jobStatus=status,
                                                      PaginationConfig={"PageSize": 1})
    return [job["arrayProperties"]["index"] for page in pages for job in page["jobSummaryList"]]


def refused(**arguments):
    try:
        submit("true", **arguments)
    except ClientError as error:
        assert error.response["Error"]["Code"] == "ClientException", error
        return error.response["Error"]["Message"]
    raise AssertionError("it was not refused")


say = 'echo "$AWS_BATCH_JOB_ID $AWS_BATCH_JOB_ARRAY_INDEX of $AWS_BATCH_JOB_ARRAY_SIZE"'
first = submit(f"{say}; test $AWS_BATCH_JOB_ARRAY_INDEX != 1", arrayProperties={"size": 3})
each = submit(say, arrayProperties={"size": 3}, dependsOn=[{"jobId": first, "type": "N_TO_N"}])
after_all = submit("true", dependsOn=[{"jobId": first}])
after_one = submit("true", dependsOn=[{"jobId": f"{first}:2"}])

parent = finished(first)
assert parent["status"] == "FAILED" and parent["statusReason"] == "Array Child Job failed", parent
assert parent["arrayProperties"] == {"size": 3, "statusSummary": {
    "SUBMITTED": 0, "PENDING": 0, "RUNNABLE": 0, "STARTING": 0, "RUNNING": 0, "SUCCEEDED": 2, "FAILED": 1}}, parent
assert "logStreamName" not in parent["container"] and parent["attempts"] == [], parent
assert (children(first, "SUCCEEDED"), children(first, "FAILED")) == ([0, 2], [1])
for child in batch.describe_jobs(jobs=[f"{first}:{index}" for index in range(3)])["jobs"]:
    index = child["arrayProperties"]["index"]
    assert child["jobId"] == f"{first}:{index}", child
    assert child["container"]["exitCode"] == (1 if index == 1 else 0), child
    assert len(child["attempts"]) == 1, child
    assert lines(child) == [f"{first}:{index} {index} of 3"], lines(child)

assert finished(each)["arrayProperties"]["statusSummary"]["SUCCEEDED"] == 2
assert finished(f"{each}:1")["statusReason"] == "Dependent Job failed"
assert finished(after_all)["statusReason"] == "Dependent Job failed"
assert finished(after_one)["status"] == "SUCCEEDED"

steps = submit("sleep 0.2; date +%s%N", arrayProperties={"size": 3}, dependsOn=[{"type": "SEQUENTIAL"}])
assert finished(steps)["status"] == "SUCCEEDED"
times = [int(lines(describe(f"{steps}:{index}"))[0]) for index in range(3)]
assert times == sorted(times), times

# One more of these than there can be vCPUs: some run, others wait.
long = submit("trap 'exit 7' TERM; echo ready; sleep 600 & wait", arrayProperties={"size": os.cpu_count() + 1})
while not children(long, "RUNNING") or children(long, "STARTING"):
    time.sleep(0.1)
for index in children(long, "RUNNING"):
    while lines(describe(f"{long}:{index}")) != ["ready"]:
        time.sleep(0.1)
listed = batch.list_jobs(jobQueue="nextstrain-job-queue", jobStatus="PENDING")["jobSummaryList"]
assert [(job["jobId"], job["arrayProperties"]["size"]) for job in listed] == [(long, os.cpu_count() + 1)], listed
batch.terminate_job(jobId=f"{long}:{os.cpu_count()}", reason="only this")
batch.terminate_job(jobId=long, reason="enough")
stopped = finished(long)
assert stopped["statusReason"] == "enough", stopped
assert stopped["arrayProperties"]["statusSummary"]["FAILED"] == os.cpu_count() + 1, stopped
assert describe(f"{long}:{os.cpu_count()}")["statusReason"] == "only this"

assert "between 2 and 10000" in refused(arrayProperties={"size": 1})
assert "does not exist" in refused(dependsOn=[{"jobId": "nowhere"}])
assert "20 dependencies" in refused(dependsOn=[{"jobId": first}] * 21)
print("all is well")
