"""mended_moto.py, with what CloudFormation tells of a stack and the mock leaves out. Its arguments are moto_server's.

Mended are: conditions and changed parameters in change sets, events of single resources, outputs and parameters of
stacks that were made by change sets, lists as parameters. Bucket policies are left out: the set-up's demands TLS, which the
mock does not speak, by a condition, which it does not heed.
"""

import json
import re

import mended_moto
from moto.cloudformation import models, parsing
from moto.server import main


def existing(resource_map):
    """The resources that there are, by name: those whose condition is false are nothing."""
    return {
        name: resource_map._parsed_resources[name]
        for name in resource_map._resource_json_map
        if resource_map._parsed_resources.get(name) is not None
    }


def mentions(part, names):
    text = json.dumps(part)
    return any(re.search(rf"\b{name}\b", text) for name in names)


def changes_of(self):
    """Those that happen: conditions are heeded, and so are parameters that have changed."""
    template = self.template_dict
    stack = self.stack
    wanted = parsing.ResourceMap(
        stack.stack_id, stack.name, self.parameters, {}, stack.region_name, stack.account_id, template, {}
    )
    wanted.load()
    there = existing(stack.resource_map)
    will_be = {
        name: resource
        for name, resource in template["Resources"].items()
        if "Condition" not in resource or wanted.lazy_condition_map[resource["Condition"]]
    }
    before = stack.resource_map.input_parameters
    changed = {name for name, value in self.parameters.items() if before.get(name) != value}
    affected = changed | {
        name for name, condition in template.get("Conditions", {}).items() if mentions(condition, changed)
    }
    old = stack.resource_map._resource_json_map
    actions = {
        "Add": {name: will_be[name]["Type"] for name in will_be if name not in there},
        "Modify": {
            name: will_be[name]["Type"]
            for name in will_be
            if name in there and (old.get(name) != will_be[name] or (affected and mentions(will_be[name], affected)))
        },
        "Remove": {name: old[name]["Type"] for name in there if name not in will_be},
    }
    return [
        models.Change(action=action, logical_resource_id=name, resource_type=type_)
        for action, resources in actions.items()
        for name, type_ in resources.items()
    ]


models.ChangeSet.diff = changes_of


def tell(stack, name, type_, physical, status):
    """An event of a resource, before the stack's own last."""
    event = models.Event(stack.stack_id, stack.name, name, physical or "", type_, status, None, None)
    stack.events.insert(len(stack.events) - 1, event)


execute = models.CloudFormationBackend.execute_change_set
WORDS = {"Add": "CREATE", "Modify": "UPDATE", "Remove": "DELETE"}


def execute_change_set(self, change_set_name, stack_name=None):
    change_set = self.describe_change_set(change_set_name)
    stack = change_set.stack
    before = existing(stack.resource_map)
    execute(self, change_set_name, stack_name)
    there = {**before, **existing(stack.resource_map)}
    for change in change_set.changes:
        name, word = change.logical_resource_id, WORDS[change.action]
        physical = getattr(there.get(name), "physical_resource_id", None)
        for state in ("IN_PROGRESS", "COMPLETE"):
            tell(stack, name, change.resource_type, physical, f"{word}_{state}")
    stack.template_dict = change_set.template_dict
    stack.parameters = change_set.parameters
    conditions = stack.resource_map.lazy_condition_map
    outputs = {
        name: output
        for name, output in stack.template_dict.get("Outputs", {}).items()
        if "Condition" not in output or conditions[output["Condition"]]
    }
    stack.output_map = parsing.OutputMap(stack.resource_map, {"Outputs": outputs}, stack.stack_id)


models.CloudFormationBackend.execute_change_set = execute_change_set

delete = models.Stack.delete


def delete_stack(self):
    there = {
        name: (resource.physical_resource_id, self.resource_map._resource_json_map[name])
        for name, resource in existing(self.resource_map).items()
    }
    delete(self)
    for name, (physical, resource) in there.items():
        kept = "DeletionPolicy" in resource
        tell(self, name, resource["Type"], physical, "DELETE_SKIPPED" if kept else "DELETE_COMPLETE")


models.Stack.delete = delete_stack
models.Stack.stack_resources = property(lambda self: list(existing(self.resource_map).values()))

parameter_list = models.Stack.parameter_list.fget
models.Stack.parameter_list = property(
    lambda self: [
        {**one, "ParameterValue": ",".join(one["ParameterValue"])}
        if isinstance(one["ParameterValue"], list)
        else {**one, "ParameterValue": str(one["ParameterValue"])}
        for one in parameter_list(self)
    ]
)


def no_policy(cls, resource_name, cloudformation_json, account_id, region_name, **_):
    return cls(cloudformation_json["Properties"]["Bucket"])


mended_moto.BucketPolicy.create_from_cloudformation_json = classmethod(no_policy)
mended_moto.BucketPolicy.delete_from_cloudformation_json = classmethod(lambda cls, *_, **__: None)

if __name__ == "__main__":
    main()
