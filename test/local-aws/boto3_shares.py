"""Uses the scheduling policies of local AWS as boto3's users do. Its endpoint and keys come from the environment."""

import os

import boto3
from botocore.exceptions import ClientError

batch = boto3.client("batch", endpoint_url=os.environ["AWS_ENDPOINT_URL"])
environment = batch.describe_compute_environments()["computeEnvironments"][0]["computeEnvironmentArn"]
order = [{"order": 1, "computeEnvironment": environment}]


def refused(call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        assert error.response["Error"]["Code"] == "ClientException", error
        return error.response["Error"]["Message"]
    raise AssertionError("it was not refused")


fair = {"shareDecaySeconds": 3600, "computeReservation": 10, "shareDistribution": [
    {"shareIdentifier": "zika*", "weightFactor": 0.5}]}
policy = batch.create_scheduling_policy(name="lab", fairsharePolicy=fair, tags={"owner": "lab"})
assert policy["name"] == "lab", policy
arn = policy["arn"]
described = batch.describe_scheduling_policies(arns=[arn])["schedulingPolicies"]
assert described == [{"name": "lab", "arn": arn, "fairsharePolicy": fair, "tags": {"owner": "lab"}}], described
batch.tag_resource(resourceArn=arn, tags={"project": "zika", "owner": "me"})
batch.untag_resource(resourceArn=arn, tagKeys=["project"])
assert batch.list_tags_for_resource(resourceArn=arn)["tags"] == {"owner": "me"}
batch.update_scheduling_policy(arn=arn, fairsharePolicy={"shareDistribution": []})
listed = [each["arn"] for page in batch.get_paginator("list_scheduling_policies").paginate() for each in
          page["schedulingPolicies"]]
assert listed == [arn], listed

batch.create_job_queue(jobQueueName="shared", priority=1, computeEnvironmentOrder=order, schedulingPolicyArn=arn)
queue = batch.describe_job_queues(jobQueues=["shared"])["jobQueues"][0]
assert queue["schedulingPolicyArn"] == arn, queue
job = {"jobName": "j", "jobQueue": "shared", "jobDefinition": "nextstrain-job",
       "containerOverrides": {"command": ["true"]}}
assert refused(batch.submit_job, **job) == "shareIdentifier must be specified."
assert "schedulingPriorityOverride should be specified" in refused(batch.submit_job, shareIdentifier="zika1", **job)
submitted = batch.submit_job(shareIdentifier="zika1", schedulingPriorityOverride=5, **job)["jobId"]
shown = batch.describe_jobs(jobs=[submitted])["jobs"][0]
assert (shown["shareIdentifier"], shown["schedulingPriority"]) == ("zika1", 5), shown
refused(batch.submit_job, shareIdentifier="zika1", **{**job, "jobQueue": "nextstrain-job-queue"})

refused(batch.delete_scheduling_policy, arn=arn)
batch.update_job_queue(jobQueue="shared", state="DISABLED")
batch.delete_job_queue(jobQueue="shared")
batch.delete_scheduling_policy(arn=arn)
assert batch.list_scheduling_policies()["schedulingPolicies"] == []
print("all is well")
