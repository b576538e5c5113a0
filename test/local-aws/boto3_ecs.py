"""Runs a job of a definition with ecsProperties, as boto3's users do. Endpoint and keys come from the environment."""

import os
import time

import boto3
from botocore.exceptions import ClientError

endpoint = os.environ["AWS_ENDPOINT_URL"]
batch, logs = boto3.client("batch", endpoint_url=endpoint), boto3.client("logs", endpoint_url=endpoint)
size = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "64"}]
task = {"executionRoleArn": "arn:aws:iam::123456789012:role/pulls", "containers": [
    {"name": "main", "image": "busybox", "command": ["true"], "resourceRequirements": size}]}
batch.register_job_definition(jobDefinitionName="ecs", type="container", ecsProperties={"taskProperties": [task]})
shown = batch.describe_job_definitions(jobDefinitionName="ecs")["jobDefinitions"][0]
assert "containerProperties" not in shown, shown
shown_task = shown["ecsProperties"]["taskProperties"][0]
assert shown_task["executionRoleArn"] == task["executionRoleArn"], shown_task
assert shown_task["containers"][0]["name"] == "main", shown_task

override = {"name": "main", "command": ["sh", "-c", "echo $GREETING; exit 3"],
            "environment": [{"name": "GREETING", "value": "hi"}]}
names = {"jobName": "ecs", "jobQueue": "nextstrain-job-queue", "jobDefinition": "ecs"}
job = batch.submit_job(ecsPropertiesOverride={"taskProperties": [{"containers": [override]}]}, **names)["jobId"]
while (described := batch.describe_jobs(jobs=[job])["jobs"][0])["status"] not in ("SUCCEEDED", "FAILED"):
    time.sleep(0.1)
container = described["ecsProperties"]["taskProperties"][0]["containers"][0]
assert (described["status"], container["exitCode"]) == ("FAILED", 3), described
attempt = described["attempts"][0]["taskProperties"][0]["containers"][0]
assert attempt["logStreamName"] == container["logStreamName"], described
lines = [event["message"] for event in logs.get_log_events(
    logGroupName="/aws/batch/job", logStreamName=container["logStreamName"], startFromHead=True)["events"]]
assert lines == ["hi"], lines
try:
    batch.submit_job(containerOverrides={"command": ["true"]}, **names)
except ClientError as error:
    assert error.response["Error"]["Code"] == "ClientException", error
else:
    raise AssertionError("it was not refused")
print("all is well")
