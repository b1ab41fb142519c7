# SPDX-License-Identifier: MIT
"""Rules for the OpenAPI document that generators of clients need, beyond those of OpenAPI.

A generator makes a type of each schema. What it has no type for, it leaves out, or it makes code
that does not compile. Each rule below is about something that some generator cannot do.
"""

import re

from document import CHOICES, Document, parts_of, within

INT32_MAX = 2**31 - 1


def excluded(schema):
    """The parts of what a schema's `not` excludes."""
    if "not" in schema:
        for _, part in within("", schema["not"]):
            yield part
            yield from excluded(part)


def no_schema_is_a_boolean(document):
    for place, schema in document.schemas():
        for step, part in parts_of(schema):
            closes = step == "additionalProperties" and part is False
            if isinstance(part, bool) and not closes:
                yield f"{place}/{step}"


def every_reference_names_a_component(document):
    for place, schema in document.schemas():
        reference = schema.get("$ref", "#/components/schemas/X")
        if not re.fullmatch(r"#/components/schemas/\w+", reference):
            yield f"{place}: {reference}"
        elif "$ref" in schema and document.target(schema) is None:
            yield f"{place}: there is no {reference}"


def every_object_and_item_is_a_component(document):
    for place, schema in document.schemas():
        is_object = (schema.get("type") == "object" or "properties" in schema)
        if is_object and not re.fullmatch(r"schemas/\w+", place):
            yield place
        elif place.endswith("/items") and "$ref" not in schema:
            yield place


def no_boolean_is_constant(document):
    for place, schema in document.schemas():
        values = [schema.get("const"), *schema.get("enum", [])]
        if any(isinstance(value, bool) for value in values):
            yield place


def a_choice_is_between_components(document):
    for place, schema in document.schemas():
        choices = [key for key in CHOICES if key in schema]
        parts = [part for key in choices for part in schema[key]]
        is_plain = choices == ["oneOf"] and "type" not in schema
        if choices and not (is_plain and all("$ref" in part for part in parts)):
            yield place


def each_choice_requires_what_no_other_has(document):
    """Or is of a type that no other is."""
    for place, schema in document.schemas():
        parts = [document.target(part) or {} for part in schema.get("oneOf", [])]
        types = [part.get("type", "object") for part in parts]
        for part in parts:
            if types.count(part.get("type", "object")) == 1:
                continue
            others = {name for other in parts if other is not part
                      for name in other.get("properties", {})}
            if set(part.get("required", [])) <= others:
                yield place


def only_requests_exclude_members(document):
    answers = document.of_answers()
    for place, schema in document.schemas():
        keys = {key for part in excluded(schema) for key in part}
        if keys - {"not", "anyOf", "required"} or keys and place in answers:
            yield place


def no_member_has_a_default(document):
    """Some clients send it, even beside a member that excludes it. Others require the member."""
    for place, schema in document.schemas():
        if place.startswith("schemas/") and "default" in schema:
            yield place


def every_integer_has_its_width(document):
    """Without a format it has 32 bits in many languages."""
    for place, schema in document.schemas():
        is_integer = "integer" in schema.get("type", "") and "enum" not in schema
        is_small = schema.get("maximum", INT32_MAX + 1) <= INT32_MAX
        if is_integer and not is_small and schema.get("format") != "int64":
            yield place


def answers_are_open(document):
    """So a later version may add members."""
    answers = document.of_answers()
    for place, schema in document.schemas():
        if place in answers and schema.get("additionalProperties") is False:
            yield place


def every_server_is_relative(document):
    """So the document is true behind a proxy that gives a prefix. Paths bring their own slash."""
    for i, server in enumerate(document.json.get("servers", [{"url": "/"}])):
        if re.match(r"/|\w+:", server["url"]) or server["url"].endswith("/"):
            yield f"servers/{i}: {server['url']}"


RULES = (
    no_schema_is_a_boolean,
    every_reference_names_a_component,
    every_object_and_item_is_a_component,
    no_boolean_is_constant,
    a_choice_is_between_components,
    each_choice_requires_what_no_other_has,
    only_requests_exclude_members,
    no_member_has_a_default,
    every_integer_has_its_width,
    answers_are_open,
    every_server_is_relative,
)


def broken(json):
    """What breaks a rule: pairs of the rule's name and the place."""
    document = Document(json)
    return [(rule.__name__, place) for rule in RULES for place in rule(document)]
