"""
Sets up users as an administrator does, or finds out what they may do.

    boto3_policies.py set-up POLICY-DIRECTORY    makes user `scientist` with the guide's three policies, prints its key as JSON
    boto3_policies.py see-role POLICY-DIRECTORY  looks whether role NextstrainJobsRole has the bucket policy
    boto3_policies.py strip-role                 takes the policy from the role
    boto3_policies.py probe                      as that user: what is not in the policies is refused
"""

import json
import os
import sys
from pathlib import Path

import boto3
from botocore.exceptions import ClientError

BUCKET, GROUP = "nextstrain-jobs", "/aws/batch/job"
TRUST = json.dumps({"Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}]})


def client(service):
    return boto3.client(service, endpoint_url=os.environ["AWS_ENDPOINT_URL"])


def refusal(call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        return error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"]
    return "allowed"


def set_up(directory):
    iam = client("iam")
    iam.create_group(GroupName="nextstrain-users")
    for name in ("Batch", "Bucket", "Logs"):
        document = (Path(directory) / f"NextstrainJobsAccessTo{name}.json").read_text()
        policy = iam.create_policy(PolicyName=f"NextstrainJobsAccessTo{name}", PolicyDocument=document)["Policy"]
        iam.attach_group_policy(GroupName="nextstrain-users", PolicyArn=policy["Arn"])
    user = iam.create_user(UserName="scientist")["User"]
    assert user["Arn"] == "arn:aws:iam::123456789012:user/scientist", user
    iam.add_user_to_group(GroupName="nextstrain-users", UserName="scientist")
    attached = iam.list_attached_group_policies(GroupName="nextstrain-users")["AttachedPolicies"]
    assert len(attached) == 3, attached
    version = iam.get_policy_version(PolicyArn=attached[0]["PolicyArn"], VersionId="v1")["PolicyVersion"]
    assert version["Document"]["Version"] == "2012-10-17", version
    assert refusal(iam.create_user, UserName="scientist") == (409, "EntityAlreadyExists")
    assert refusal(iam.get_user, UserName="nobody") == (404, "NoSuchEntity")
    assert refusal(iam.put_user_policy, UserName="scientist", PolicyName="p", PolicyDocument="{") == (
        400, "MalformedPolicyDocument")
    assert refusal(iam.delete_group, GroupName="nextstrain-users") == (409, "DeleteConflict")
    assert refusal(iam.create_saml_provider, SAMLMetadataDocument="x" * 1000, Name="x") == (501, "NotImplemented")
    key = iam.create_access_key(UserName="scientist")["AccessKey"]
    print(json.dumps({"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}))


def see_role(directory):
    iam = client("iam")
    role = iam.get_role(RoleName="NextstrainJobsRole")["Role"]
    assert role["AssumeRolePolicyDocument"] == json.loads(TRUST), role
    policy = "NextstrainJobsAccessToBucket"
    document = json.loads((Path(directory) / f"{policy}.json").read_text())
    given = iam.get_role_policy(RoleName="NextstrainJobsRole", PolicyName=policy)["PolicyDocument"]
    allowed = lambda one: [(set(each["Action"]), set(each["Resource"])) for each in one["Statement"]]
    assert allowed(given) == allowed(document), given


def strip_role():
    client("iam").delete_role_policy(RoleName="NextstrainJobsRole", PolicyName="NextstrainJobsAccessToBucket")


def probe():
    s3, batch, logs, iam = client("s3"), client("batch"), client("logs"), client("iam")
    assert client("sts").get_caller_identity()["Arn"] == "arn:aws:iam::123456789012:user/scientist"
    assert iam_error(iam.list_users) == (
        403, "AccessDenied", "User: arn:aws:iam::123456789012:user/scientist is not authorized to perform: "
        "iam:ListUsers on resource: * because no identity-based policy allows the iam:ListUsers action")
    assert refusal(iam.create_access_key, UserName="scientist") == (403, "AccessDenied")

    s3.put_object(Bucket=BUCKET, Key="mine", Body=b"x")
    assert s3.get_object(Bucket=BUCKET, Key="mine")["Body"].read() == b"x"
    s3.copy_object(Bucket=BUCKET, Key="copy", CopySource=f"{BUCKET}/mine")
    assert refusal(s3.copy_object, Bucket=BUCKET, Key="copy", CopySource="elsewhere/mine") == (403, "AccessDenied")
    assert len(s3.list_objects_v2(Bucket=BUCKET)["Contents"]) >= 2
    assert refusal(s3.head_object, Bucket=BUCKET, Key="missing") == (404, "404")
    s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": "mine"}, {"Key": "copy"}]})
    # Named, since older versions of boto3 send no checksum by themselves, and newer ones do.
    crc = {"ChecksumAlgorithm": "CRC32"}
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key="parts", **crc)["UploadId"]
    s3.upload_part(Bucket=BUCKET, Key="parts", UploadId=upload, PartNumber=1, Body=b"x", **crc)
    assert refusal(s3.abort_multipart_upload, Bucket=BUCKET, Key="parts", UploadId=upload) == (403, "AccessDenied")
    assert iam_error(s3.list_buckets)[2] == (
        "User: arn:aws:iam::123456789012:user/scientist is not authorized to perform: s3:ListAllMyBuckets "
        "because no identity-based policy allows the s3:ListAllMyBuckets action")
    for call in (s3.get_bucket_location, s3.get_bucket_lifecycle_configuration, s3.get_bucket_policy, s3.delete_bucket):
        assert refusal(call, Bucket=BUCKET) == (403, "AccessDenied"), call
    assert refusal(s3.put_object, Bucket="elsewhere", Key="x", Body=b"x") == (403, "AccessDenied")
    assert refusal(s3.create_bucket, Bucket="new-bucket") == (403, "AccessDenied")
    assert refusal(s3.head_bucket, Bucket="elsewhere") == (403, "403")

    assert batch.describe_job_queues()["jobQueues"]
    assert refusal(batch.describe_compute_environments) == (403, "AccessDeniedException")
    assert refusal(batch.list_jobs, jobQueue="nextstrain-job-queue") == (403, "AccessDeniedException")

    def register(role):
        return dict(jobDefinitionName="derived", type="container", containerProperties={
            "image": "nextstrain/base", "vcpus": 1, "memory": 100, "jobRoleArn": role})

    assert refusal(batch.register_job_definition, **register("arn:aws:iam::123456789012:role/NextstrainJobsRole")) == "allowed"
    denied = iam_error(batch.register_job_definition, **register("arn:aws:iam::123456789012:role/Administrators"))
    assert denied[1] == "AccessDeniedException" and "iam:PassRole on resource: arn:aws:iam::123456789012:role/Admini" in denied[2]

    assert "events" in logs.filter_log_events(logGroupName=GROUP)
    assert refusal(logs.get_log_events, logGroupName=GROUP, logStreamName="none") == (400, "ResourceNotFoundException")
    assert refusal(logs.get_log_events, logGroupName="other", logStreamName="none") == (400, "AccessDeniedException")
    assert refusal(logs.describe_log_groups) == (400, "AccessDeniedException")
    assert refusal(logs.describe_log_streams, logGroupName=GROUP) == (400, "AccessDeniedException")
    print("all is well")


def iam_error(call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        return (*refusal(call, **arguments), error.response["Error"]["Message"])
    raise AssertionError(f"{call} was allowed")


name, *arguments = sys.argv[1:]
{"set-up": set_up, "see-role": see_role, "strip-role": strip_role, "probe": probe}[name](*arguments)
