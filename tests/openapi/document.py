# SPDX-License-Identifier: MIT
"""A walk through an OpenAPI document."""

CHOICES = ("oneOf", "anyOf", "allOf")
METHODS = ("get", "post", "put", "delete", "patch")


class Document:
    def __init__(self, json):
        self.json = json

    def target(self, node):
        """The node, or what it refers to."""
        while isinstance(node, dict) and "$ref" in node:
            reference, node = node["$ref"], self.json
            for step in reference.removeprefix("#/").split("/"):
                node = node.get(step) if node is not None else None
        return node

    def operations(self):
        for path, methods in self.json["paths"].items():
            for method in METHODS:
                if method in methods:
                    yield f"{method} {path}", methods[method]

    def schemas(self):
        """Each schema, and each part of one, with its place."""
        for name, schema in self.json["components"].get("schemas", {}).items():
            yield from within(f"schemas/{name}", schema)
        for place, part in self.parts("components", self.json["components"]):
            yield from within(place, part)
        for name, operation in self.operations():
            for place, part in self.parts(name, operation):
                yield from within(place, part)

    def parts(self, place, node):
        """The schemas that are the member `schema` of something: a parameter, a body, a field."""
        for key, child in children(node):
            if key == "schema":
                yield f"{place}/schema", child
            elif key not in ("example", "examples", "schemas"):
                yield from self.parts(f"{place}/{key}", child)

    def of_answers(self):
        """The places of the named schemas that answers have."""
        return self.named("responses")

    def of_requests(self):
        return self.named("parameters", "requestBody")

    def named(self, *members):
        found = set()
        for name, operation in self.operations():
            for key in members:
                for _, part in self.parts(name, self.resolved(operation.get(key, {}))):
                    self.collect(part, found)
        return found

    def resolved(self, node):
        return [self.target(child) for _, child in children(self.target(node))]

    def collect(self, schema, found):
        for _, part in within("", schema):
            name = part.get("$ref", "").removeprefix("#/components/")
            if name and name not in found:
                found.add(name)
                self.collect(self.target(part), found)


def children(node):
    pairs = node.items() if isinstance(node, dict) else enumerate(node)
    return [(key, child) for key, child in pairs if isinstance(child, (dict, list))]


def parts_of(schema):
    """What a schema is made of, but for `not`, which makes no type."""
    for name, part in schema.get("properties", {}).items():
        yield f"properties/{name}", part
    for key in CHOICES:
        for i, part in enumerate(schema.get(key, [])):
            yield f"{key}/{i}", part
    for key in ("items", "additionalProperties"):
        if key in schema:
            yield key, schema[key]


def within(place, schema):
    """The schema and all schemas inside it."""
    if isinstance(schema, dict):
        yield place, schema
        for step, part in parts_of(schema):
            yield from within(f"{place}/{step}", part)
