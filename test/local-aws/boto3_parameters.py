"""Asks local AWS for what it lacks, and for what it must not leave out. Its endpoint and keys come from the environment."""

import json
import os
import urllib.error
import urllib.request

import boto3
from botocore.exceptions import ClientError

BUCKET = "nextstrain-jobs"


def client(service):
    return boto3.client(service, endpoint_url=os.environ["AWS_ENDPOINT_URL"])


def refusal(call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["Error"]["Message"]
    return "allowed", ""


def expect_missing(name, call, **arguments):
    code, message = refusal(call, **arguments)
    assert code == "NotImplemented" and message.endswith(f"{name}."), (name, code, message)


def expect_code(expected, call, **arguments):
    code, message = refusal(call, **arguments)
    assert code == expected, (code, message)
    return message


def policy(**change):
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", **change}
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


def iam():
    iam = client("iam")
    expect_missing("IAM CreateUser with PermissionsBoundary", iam.create_user, UserName="a",
                   PermissionsBoundary="arn:aws:iam::aws:policy/ReadOnlyAccess")
    expect_missing("IAM CreateUser with Tags", iam.create_user, UserName="a", Tags=[{"Key": "a", "Value": "b"}])
    expect_missing("IAM SimulatePrincipalPolicy with ContextEntries", iam.simulate_principal_policy,
                   PolicySourceArn="arn:aws:iam::123456789012:user/local", ActionNames=["s3:GetObject"],
                   ContextEntries=[{"ContextKeyName": "aws:a", "ContextKeyValues": ["b"], "ContextKeyType": "string"}])
    for number in range(5):
        iam.create_user(UserName=f"user-{number}", Path="/lab/" if number > 2 else "/")
    in_pages = [user["UserName"] for page in iam.get_paginator("list_users").paginate(PaginationConfig={"PageSize": 2})
                for user in page["Users"]]
    assert in_pages == [f"user-{number}" for number in range(5)], in_pages
    in_lab = [user["UserName"] for user in iam.list_users(PathPrefix="/lab/")["Users"]]
    assert in_lab == ["user-3", "user-4"], in_lab
    made = iam.create_policy(PolicyName="mine", PolicyDocument=policy(), Description="For all.")["Policy"]
    assert iam.get_policy(PolicyArn=made["Arn"])["Policy"]["Description"] == "For all."
    assert iam.list_policies(Scope="AWS")["Policies"] == []
    assert iam.list_policies(Scope="Local", OnlyAttached=True)["Policies"] == []
    expect_code("NoSuchEntity", iam.get_policy_version, PolicyArn=made["Arn"], VersionId="v2")
    assert "vendor" in expect_code("MalformedPolicyDocument", iam.create_policy, PolicyName="bad",
                                   PolicyDocument=policy(Action="GetObject"))
    expect_code("LimitExceeded", iam.put_user_policy, UserName="user-0", PolicyName="long",
                PolicyDocument=policy(Resource=["arn:aws:s3:::" + "x" * 2048]))
    expect_code("MalformedPolicyDocument", iam.create_role, RoleName="r", AssumeRolePolicyDocument=policy())


def oneself():
    iam = client("iam")
    owner = iam.get_user()["User"]
    assert owner["Arn"] == client("sts").get_caller_identity()["Arn"], owner
    assert [key["AccessKeyId"] for key in iam.list_access_keys()["AccessKeyMetadata"]] == [
        os.environ["AWS_ACCESS_KEY_ID"]]
    expect_code("NotImplemented", iam.create_access_key)

    own = "arn:aws:iam::123456789012:user/user-0"
    iam.put_user_policy(UserName="user-0", PolicyName="self", PolicyDocument=policy(
        Action=["iam:GetUser", "iam:*AccessKey*"], Resource=own))
    key = iam.create_access_key(UserName="user-0")["AccessKey"]
    user = boto3.client("iam", endpoint_url=os.environ["AWS_ENDPOINT_URL"], aws_access_key_id=key["AccessKeyId"],
                        aws_secret_access_key=key["SecretAccessKey"])
    assert user.get_user()["User"]["Arn"] == own
    second = user.create_access_key()["AccessKey"]
    assert len(user.list_access_keys()["AccessKeyMetadata"]) == 2
    user.delete_access_key(AccessKeyId=second["AccessKeyId"])
    expect_code("AccessDenied", user.get_user, UserName="user-1")


def logs_and_batch():
    logs, batch = client("logs"), client("batch")
    expect_missing("CloudWatch Logs CreateLogGroup with kmsKeyId", logs.create_log_group, logGroupName="a",
                   kmsKeyId="arn:aws:kms:us-east-1:123456789012:key/x")
    expect_missing("CloudWatch Logs CreateLogGroup with tags", logs.create_log_group, logGroupName="a", tags={"a": "b"})
    expect_missing("class INFREQUENT_ACCESS", logs.create_log_group, logGroupName="a", logGroupClass="INFREQUENT_ACCESS")
    assert logs.describe_log_groups(logGroupNamePrefix="a")["logGroups"] == []
    logs.filter_log_events(logGroupName="/aws/batch/job", interleaved=True)
    job = {"jobName": "a", "jobQueue": "nextstrain-job-queue", "jobDefinition": "nextstrain-job"}
    expect_missing("Batch SubmitJob with nodeOverrides", batch.submit_job, **job, nodeOverrides={"numNodes": 2})
    expect_missing("Batch UpdateComputeEnvironment with updatePolicy", batch.update_compute_environment,
                   computeEnvironment="nextstrain-compute-environment", updatePolicy={"jobExecutionTimeoutMinutes": 1})
    expect_missing("Batch RegisterJobDefinition with ephemeralStorage", batch.register_job_definition,
                   jobDefinitionName="a", type="container", containerProperties={
                       "image": "i", "vcpus": 1, "memory": 100, "ephemeralStorage": {"sizeInGiB": 30}})


def s3():
    s3 = client("s3")
    mine, theirs = {"ExpectedBucketOwner": "123456789012"}, {"ExpectedBucketOwner": "210987654321"}
    s3.put_object(Bucket=BUCKET, Key="a", Body=b"x", **mine)
    expect_code("AccessDenied", s3.get_object, Bucket=BUCKET, Key="a", **theirs)
    expect_code("AccessDenied", s3.copy_object, Bucket=BUCKET, Key="b", CopySource=f"{BUCKET}/a",
                ExpectedSourceBucketOwner="210987654321")
    # In a URL presigned with version 2 of the signature it is moved into the query.
    link = s3.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": "a", **theirs})
    try:
        urllib.request.urlopen(link)
        raise AssertionError("the link works")
    except urllib.error.HTTPError as error:
        assert error.code == 403, error
    assert [each["Name"] for each in s3.list_buckets(Prefix="next")["Buckets"]] == [BUCKET]
    assert s3.list_buckets(Prefix="none")["Buckets"] == []
    versions = s3.list_object_versions(Bucket=BUCKET)["Versions"]
    assert [(each["Key"], each["VersionId"], each["IsLatest"]) for each in versions] == [("a", "null", True)], versions
    # The way in which buckets are emptied.
    boto3.resource("s3", endpoint_url=os.environ["AWS_ENDPOINT_URL"]).Bucket(BUCKET).object_versions.delete()
    assert "Contents" not in s3.list_objects_v2(Bucket=BUCKET)


iam()
oneself()
logs_and_batch()
s3()
print("all is well")
