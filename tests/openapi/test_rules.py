#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The OpenAPI document keeps the rules that generators of clients need. See rules.py.

usage: test_rules.py OPENAPI
"""

import json
import pathlib
import sys
import unittest

import rules

OPENAPI = pathlib.Path(sys.argv.pop())


def reference(name):
    return {"$ref": f"#/components/schemas/{name}"}


def members(*names, **more):
    return {"type": "object", "required": list(names),
            "properties": {name: {"type": "string"} for name in names}, **more}


EXCLUDING = {"anyOf": [{"required": ["a", "b"]}, {"not": {"required": ["a"]}}]}


def document(answer=None, servers=".", **schemas):
    """A request with the schema Asked, and an answer with the schema Told."""
    named = {"Asked": members("a", "b", additionalProperties=False, **{"not": EXCLUDING}),
             "Told": members("x"), **schemas}
    body = {"content": {"application/json": {"schema": reference("Asked")}}}
    told = {"content": {"application/json": {"schema": answer or reference("Told")}}}
    return {"servers": [{"url": servers}],
            "paths": {"/": {"post": {"requestBody": body, "responses": {"200": told}}}},
            "components": {"schemas": named}}


def told(**member):
    return document(Told={"type": "object", "properties": {"x": member}})


# Each breaks the rule beside it, at least once, and no other.
BAD = (
    ("no_schema_is_a_boolean", document(Told={"type": "object", "properties": {"x": False}})),
    ("no_schema_is_a_boolean", document(Told={"type": "object", "additionalProperties": True})),
    ("every_reference_names_a_component",
     told(**{"$ref": "#/components/schemas/Asked/properties/a"})),
    ("every_reference_names_a_component", told(**reference("Unknown"))),
    ("every_object_and_item_is_a_component", told(**members("y"))),
    ("every_object_and_item_is_a_component", document(answer={"type": "object"})),
    ("every_object_and_item_is_a_component", told(type="array", items={"type": "string"})),
    ("no_boolean_is_constant", told(type="boolean", const=True)),
    ("no_boolean_is_constant", told(type="boolean", enum=[False])),
    ("a_choice_is_between_components",
     told(type="string", anyOf=[{"format": "ipv4"}, {"format": "ipv6"}])),
    ("a_choice_is_between_components",
     document(Told={"allOf": [reference("Part")]}, Part=members("x"))),
    ("a_choice_is_between_components", document(Asked={"oneOf": [{"required": ["a"]}]})),
    ("each_choice_requires_what_no_other_has",
     document(Told={"oneOf": [reference("One"), reference("Other")]},
              One=members("x"), Other=members("x", "y"))),
    ("only_requests_exclude_members", document(Told=members("a", "b", **{"not": EXCLUDING}))),
    ("only_requests_exclude_members",
     document(Asked=members("a", **{"not": {"properties": {"a": {"type": "null"}}}}))),
    ("no_member_has_a_default", told(type="string", default="x")),
    ("no_member_has_a_default", told(**reference("Told"), default={})),
    ("no_member_has_a_default", document(Word={"type": "string", "default": "x"})),
    ("every_integer_has_its_width", told(type="integer")),
    ("every_integer_has_its_width", told(type=["integer", "null"], maximum=2**31)),
    ("answers_are_open", document(Told=members("x", additionalProperties=False))),
    ("every_server_is_relative", document(servers="/")),
    ("every_server_is_relative", document(servers="https://example.org")),
)


class Rules(unittest.TestCase):
    def test_the_document_breaks_no_rule(self):
        self.assertEqual(rules.broken(json.loads(OPENAPI.read_text())), [])

    def test_a_good_document_breaks_no_rule(self):
        self.assertEqual(rules.broken(document()), [])

    def test_each_bad_document_breaks_its_own_rule(self):
        for rule, bad in BAD:
            with self.subTest(rule, bad=bad):
                self.assertEqual({name for name, _ in rules.broken(bad)}, {rule})

    def test_each_rule_has_a_bad_document(self):
        self.assertEqual({rule for rule, _ in BAD}, {rule.__name__ for rule in rules.RULES})


if __name__ == "__main__":
    unittest.main()
