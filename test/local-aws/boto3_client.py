"""Talks to local AWS as boto3's users do. Its endpoint and keys come from the environment."""

import io
import os
import time

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError


def client(service):
    # Passed by hand too: botocore before 1.31 takes no endpoint from the environment.
    return boto3.client(service, endpoint_url=os.environ["AWS_ENDPOINT_URL"])


def expect_error(code, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error
    else:
        raise AssertionError(f"{code} was expected")


def identity():
    assert client("sts").get_caller_identity()["Account"] == "123456789012"


def objects():
    s3, bucket = client("s3"), "nextstrain-jobs"
    content = os.urandom(20 * 1024 * 1024 + 1)
    parts = TransferConfig(multipart_threshold=8 * 1024 * 1024, multipart_chunksize=8 * 1024 * 1024)
    s3.upload_fileobj(io.BytesIO(content), bucket, "a/large", Config=parts, ExtraArgs={"Metadata": {"k": "v"}})
    copy = io.BytesIO()
    s3.download_fileobj(bucket, "a/large", copy, Config=parts)
    assert copy.getvalue() == content
    assert s3.head_object(Bucket=bucket, Key="a/large")["Metadata"] == {"k": "v"}
    piece = s3.get_object(Bucket=bucket, Key="a/large", Range="bytes=100-199")
    assert piece["Body"].read() == content[100:200]
    s3.copy({"Bucket": bucket, "Key": "a/large"}, bucket, "a/copy", Config=parts)
    keys = [each["Key"] for page in s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix="a/", PaginationConfig={"PageSize": 1}) for each in page["Contents"]]
    assert keys == ["a/copy", "a/large"], keys
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in keys]})
    disposition = 'attachment; filename="Zürich ✓.txt"'
    s3.put_object(Bucket=bucket, Key="ü ✓", Body=b"x", ContentDisposition=disposition)
    returned = s3.head_object(Bucket=bucket, Key="ü ✓")["ContentDisposition"]
    assert returned.encode("latin-1").decode() == disposition, returned
    expect_error("404", s3.head_object, Bucket=bucket, Key="a/large")
    expect_error("NoSuchKey", s3.get_object, Bucket=bucket, Key="a/large")


def low_level_upload():
    """As s3fs does: no algorithm is named, and today's boto3 sends checksums all the same."""
    s3, place = client("s3"), {"Bucket": "nextstrain-jobs", "Key": "in/parts"}
    place["UploadId"] = s3.create_multipart_upload(**place)["UploadId"]
    sizes = (5 * 1024 * 1024, 3)
    parts = [{"PartNumber": number, "ETag": s3.upload_part(**place, PartNumber=number, Body=b"x" * size)["ETag"]}
             for number, size in enumerate(sizes, start=1)]
    whole = {"Parts": parts}
    etags = [s3.complete_multipart_upload(**place, MultipartUpload=whole)["ETag"] for _ in range(2)]
    assert etags[0] == etags[1] and etags[0].endswith('-2"'), etags
    del place["UploadId"]
    assert s3.head_object(**place)["ContentLength"] == sum(sizes)


def logs():
    logs, group, stream = client("logs"), "boto3/group", "a/stream"
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    expect_error("ResourceAlreadyExistsException", logs.create_log_group, logGroupName=group)
    now = int(time.time() * 1000)
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=[
        {"timestamp": now + number, "message": f"line {number} ✓"} for number in range(250)])
    seen, token = [], {}
    while True:
        page = logs.get_log_events(
            logGroupName=group, logStreamName=stream, startFromHead=True, limit=100, **token)
        seen += [event["message"] for event in page["events"]]
        if token.get("nextToken") == page["nextForwardToken"]:
            break
        token = {"nextToken": page["nextForwardToken"]}
    assert seen == [f"line {number} ✓" for number in range(250)]
    found = [event["message"] for page in logs.get_paginator("filter_log_events").paginate(
        logGroupName=group, filterPattern="7 -17", PaginationConfig={"PageSize": 10}) for event in page["events"]]
    assert found == [text for text in seen if "7" in text and "17" not in text], found
    logs.put_retention_policy(logGroupName=group, retentionInDays=30)
    described = logs.describe_log_groups(logGroupNamePrefix="boto3")["logGroups"]
    assert [each.get("retentionInDays") for each in described] == [30]
    streams = logs.describe_log_streams(logGroupName=group, orderBy="LastEventTime")["logStreams"]
    assert streams[0]["lastEventTimestamp"] == now + 249
    expect_error("ResourceNotFoundException", logs.get_log_events, logGroupName=group, logStreamName="none")
    expect_error("InvalidParameterException", logs.get_log_events, logGroupName=group, logStreamName=stream,
                 nextToken="f/1/s")
    logs.delete_log_group(logGroupName=group)
    expect_error("ResourceNotFoundException", logs.describe_log_streams, logGroupName=group)


def jobs():
    batch = client("batch")
    overrides = {"command": ["sh", "-c", "echo out; exit 0"], "environment": [{"name": "GREETING", "value": "hi"}]}
    job = batch.submit_job(jobName="boto3", jobQueue="nextstrain-job-queue", jobDefinition="nextstrain-job",
                           containerOverrides=overrides)["jobId"]
    while (described := batch.describe_jobs(jobs=[job])["jobs"][0])["status"] not in ("SUCCEEDED", "FAILED"):
        time.sleep(0.1)
    assert described["status"] == "SUCCEEDED" and described["container"]["exitCode"] == 0, described
    listed = batch.list_jobs(jobQueue="nextstrain-job-queue", jobStatus="SUCCEEDED")["jobSummaryList"]
    assert job in [each["jobId"] for each in listed]
    expect_error("ClientException", batch.submit_job, jobName="x", jobQueue="none", jobDefinition="nextstrain-job")


identity()
objects()
low_level_upload()
logs()
jobs()
print("all is well")
