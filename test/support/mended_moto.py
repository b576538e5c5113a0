"""moto_server, with what its CloudFormation leaves out and the set-up needs. Its arguments are moto_server's.

CloudFormation's own part (parameters, conditions, references, order, change sets, events) stays the mock's. Mended are single
resources: bucket settings and policies, IAM groups, the policies of roles, compute environments without a service role,
time limits, updates in place and removals of what Batch has, and the newer deletion policy RetainExceptOnCreate.
"""

import json
import os

os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")

from moto.batch import models as batch
from moto.batch.utils import lowercase_first_key
from moto.cloudformation import parsing
from moto.core.common_models import CloudFormationModel
from moto.ec2.models import security_groups as ec2
from moto.efs import models as efs
from moto.iam import models as iam
from moto.s3 import models as s3
from moto.server import main
from moto.utilities.utils import get_partition


def policies_of(properties):
    """The ARNs, without those that are !Ref AWS::NoValue: the mock leaves them in a list as nothings."""
    return [arn for arn in properties.get("ManagedPolicyArns", []) if arn]


def iam_backend(account_id, region_name):
    return iam.iam_backends[account_id][get_partition(region_name)]


def mend(model, **methods):
    """Replaces class methods of a model. Each is given the one that it replaces."""
    for name, method in methods.items():
        original = model.__dict__[name].__func__ if name in model.__dict__ else None

        def replaced(cls, *args, _method=method, _original=original, **kwargs):
            previous = None if _original is None else (lambda *a, **k: _original(cls, *a, **k))
            return _method(previous, *args, **kwargs)

        setattr(model, name, classmethod(replaced))


# --- S3: AWS::S3::Bucket knows encryption only -----------------------------------------------------------------------


def configure_bucket(bucket, properties):
    rules = []
    for rule in properties.get("LifecycleConfiguration", {}).get("Rules", []):
        made = {"ID": rule["Id"], "Status": rule["Status"], "Filter": {"Prefix": ""}}
        if "ExpirationInDays" in rule:
            made["Expiration"] = {"Days": int(rule["ExpirationInDays"])}
        if "AbortIncompleteMultipartUpload" in rule:
            made["AbortIncompleteMultipartUpload"] = rule["AbortIncompleteMultipartUpload"]
        rules.append(made)
    if rules:
        bucket.set_lifecycle(rules)
    block = properties.get("PublicAccessBlockConfiguration")
    if block:
        bucket.public_access_block = s3.PublicAccessBlock(
            block["BlockPublicAcls"],
            block["IgnorePublicAcls"],
            block["BlockPublicPolicy"],
            block["RestrictPublicBuckets"],
        )
    return bucket


mend(
    s3.FakeBucket,
    create_from_cloudformation_json=lambda previous, name, given, *rest, **more: configure_bucket(
        previous(name, given, *rest, **more), given["Properties"]
    ),
    update_from_cloudformation_json=lambda previous, original_resource, new_resource_name, cloudformation_json, **more: (
        configure_bucket(
            previous(original_resource, new_resource_name, cloudformation_json, **more),
            cloudformation_json["Properties"],
        )
    ),
)


class BucketPolicy(CloudFormationModel):
    __module__ = "moto.s3.models"  # the mock files its models by service

    def __init__(self, bucket):
        self.bucket = bucket

    @property
    def physical_resource_id(self):
        return self.bucket

    @staticmethod
    def cloudformation_name_type():
        return ""

    @staticmethod
    def cloudformation_type():
        return "AWS::S3::BucketPolicy"

    @classmethod
    def create_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name, **_):
        properties = cloudformation_json["Properties"]
        backend = s3.s3_backends[account_id][get_partition(region_name)]
        backend.put_bucket_policy(properties["Bucket"], json.dumps(properties["PolicyDocument"]).encode())
        return cls(properties["Bucket"])

    @classmethod
    def update_from_cloudformation_json(
        cls, original_resource, new_resource_name, cloudformation_json, account_id, region_name
    ):
        return cls.create_from_cloudformation_json(new_resource_name, cloudformation_json, account_id, region_name)

    @classmethod
    def delete_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name):
        s3.s3_backends[account_id][get_partition(region_name)].delete_bucket_policy(resource_name)


# --- IAM: there are no groups, and roles get no managed policies -----------------------------------------------------


class Group(CloudFormationModel):
    __module__ = "moto.iam.models"

    def __init__(self, name):
        self.name = name

    @property
    def physical_resource_id(self):
        return self.name

    @staticmethod
    def cloudformation_name_type():
        return "GroupName"

    @staticmethod
    def cloudformation_type():
        return "AWS::IAM::Group"

    @classmethod
    def create_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name, **_):
        backend = iam_backend(account_id, region_name)
        backend.create_group(resource_name)
        for arn in policies_of(cloudformation_json["Properties"]):
            backend.attach_group_policy(arn, resource_name)
        return cls(resource_name)

    @classmethod
    def update_from_cloudformation_json(
        cls, original_resource, new_resource_name, cloudformation_json, account_id, region_name
    ):
        backend = iam_backend(account_id, region_name)
        have = set(backend.get_group(original_resource.name).managed_policies)
        want = set(policies_of(cloudformation_json["Properties"]))
        for arn in want - have:
            backend.attach_group_policy(arn, original_resource.name)
        for arn in have - want:
            backend.detach_group_policy(arn, original_resource.name)
        return original_resource

    @classmethod
    def delete_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name):
        backend = iam_backend(account_id, region_name)
        for arn in list(backend.get_group(resource_name).managed_policies):
            backend.detach_group_policy(arn, resource_name)
        backend.delete_group(resource_name)


def create_role(previous, resource_name, cloudformation_json, account_id, region_name, **more):
    role = previous(resource_name, cloudformation_json, account_id, region_name, **more)
    for arn in policies_of(cloudformation_json["Properties"]):
        iam_backend(account_id, region_name).attach_role_policy(arn, role.name)
    return role


def delete_role(previous, resource_name, cloudformation_json, account_id, region_name):
    backend = iam_backend(account_id, region_name)
    for arn in list(backend.get_role(resource_name).managed_policies):
        backend.detach_role_policy(arn, resource_name)
    return previous(resource_name, cloudformation_json, account_id, region_name)


mend(
    iam.Role,
    create_from_cloudformation_json=create_role,
    update_from_cloudformation_json=lambda previous, original_resource, **_: original_resource,
    delete_from_cloudformation_json=delete_role,
)
mend(
    iam.InstanceProfile,
    update_from_cloudformation_json=lambda previous, original_resource, **_: original_resource,
)


def update_policy(previous, original_resource, new_resource_name, cloudformation_json, account_id, region_name):
    document = json.dumps(cloudformation_json["Properties"]["PolicyDocument"])
    if all(document != version.document for version in original_resource.versions if version.is_default):
        iam_backend(account_id, region_name).create_policy_version(original_resource.arn, document, True)
    return original_resource


def delete_policy(previous, resource_name, cloudformation_json, account_id, region_name):
    backend = iam_backend(account_id, region_name)
    for group in backend.groups.values():
        if resource_name in group.managed_policies:
            backend.detach_group_policy(resource_name, group.name)
    for role in backend.roles.values():
        if resource_name in role.managed_policies:
            backend.detach_role_policy(resource_name, role.name)
    backend.delete_policy(resource_name)


mend(
    iam.ManagedPolicy,
    update_from_cloudformation_json=update_policy,
    delete_from_cloudformation_json=delete_policy,
)


# --- Batch -----------------------------------------------------------------------------------------------------------


def compute_resources(properties):
    resources = lowercase_first_key(properties["ComputeResources"])
    lists = {
        # The mock doesn't split the default of a parameter that is a list.
        name: value.split(",")
        for name, value in resources.items()
        if name in ("instanceTypes", "subnets") and isinstance(value, str)
    }
    numbers = {name: int(resources[name]) for name in ("minvCpus", "maxvCpus")}
    return {**resources, **lists, **numbers}


def service_linked_role(account_id, region_name):
    """What AWS makes by itself where an environment has no service role of its own."""
    backend = iam_backend(account_id, region_name)
    for role in backend.roles.values():
        if role.name.lower() == "awsserviceroleforbatch":
            return role.arn
    return backend.create_service_linked_role("batch.amazonaws.com", "", "").arn


def create_environment(previous, resource_name, cloudformation_json, account_id, region_name, **_):
    properties = cloudformation_json["Properties"]
    return batch.batch_backends[account_id][region_name].create_compute_environment(
        resource_name,
        properties["Type"],
        properties["State"],
        compute_resources(properties),
        properties.get("ServiceRole") or service_linked_role(account_id, region_name),
    )


def update_environment(previous, original_resource, new_resource_name, cloudformation_json, account_id, region_name):
    original_resource.compute_resources = compute_resources(cloudformation_json["Properties"])
    return original_resource


def delete_environment(previous, resource_name, cloudformation_json, account_id, region_name):
    backend = batch.batch_backends[account_id][region_name]
    if any(resource_name in str(queue.env_order_json) for queue in backend._job_queues.values()):
        raise RuntimeError("Cannot delete, found existing JobQueue relationship")
    backend.delete_compute_environment(resource_name)


mend(
    batch.ComputeEnvironment,
    create_from_cloudformation_json=create_environment,
    update_from_cloudformation_json=update_environment,
    delete_from_cloudformation_json=delete_environment,
)
mend(
    batch.JobQueue,
    update_from_cloudformation_json=lambda previous, original_resource, **_: original_resource,
    delete_from_cloudformation_json=lambda previous, name, given, account_id, region_name: batch.batch_backends[
        account_id
    ][region_name].delete_job_queue(name),
)


def create_definition(previous, resource_name, cloudformation_json, account_id, region_name, **_):
    properties = cloudformation_json["Properties"]
    container = lowercase_first_key(properties["ContainerProperties"])
    for requirement in container["resourceRequirements"]:
        requirement["value"] = str(requirement["value"])
    return batch.batch_backends[account_id][region_name].register_job_definition(
        def_name=resource_name,
        parameters={},
        _type="container",
        tags={},
        retry_strategy=lowercase_first_key(properties["RetryStrategy"]),
        container_properties=container,
        node_properties=None,
        eks_properties=None,
        timeout={"attemptDurationSeconds": int(properties["Timeout"]["AttemptDurationSeconds"])},
        platform_capabilities=properties["PlatformCapabilities"],
        propagate_tags=False,
    )


def update_definition(previous, original_resource, new_resource_name, cloudformation_json, account_id, region_name):
    made = create_definition(None, new_resource_name, cloudformation_json, account_id, region_name)
    original_resource.deregister()
    return made


mend(
    batch.JobDefinition,
    create_from_cloudformation_json=create_definition,
    update_from_cloudformation_json=update_definition,
    delete_from_cloudformation_json=lambda previous, name, given, account_id, region_name: batch.batch_backends[
        account_id
    ][region_name].deregister_job_definition(name),
)


# --- CloudFormation itself -------------------------------------------------------------------------------------------

# The mock replaces the group, whatever has changed.
mend(
    ec2.SecurityGroup,
    update_from_cloudformation_json=lambda previous, original_resource, **_: original_resource,
)

# Else a !Ref of the access point would be nothing.
if "physical_resource_id" not in efs.AccessPoint.__dict__:
    efs.AccessPoint.physical_resource_id = property(lambda self: self.access_point_id)

find_differences = parsing.ResourceMap.build_resource_diff


def build_resource_diff(self, other_template, parameters=None):
    """The mock misses parameters that a resource has through !Sub, !If, !GetAtt: with other parameters, look at everything."""
    found = find_differences(self, other_template, parameters)
    if parameters and any(self.input_parameters.get(name) != value for name, value in parameters.items()):
        found["Modify"] = [
            name
            for name in other_template["Resources"]
            if name in self._resource_json_map and self._parsed_resources.get(name) is not None
        ]
    return found


parsing.ResourceMap.build_resource_diff = build_resource_diff

delete_all = parsing.ResourceMap.delete


def delete(self):
    for resource in self._resource_json_map.values():
        if resource.get("DeletionPolicy") == "RetainExceptOnCreate":
            resource["DeletionPolicy"] = "Retain"
    return delete_all(self)


parsing.ResourceMap.delete = delete

if __name__ == "__main__":
    main()
