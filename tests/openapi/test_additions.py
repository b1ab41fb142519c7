#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The OpenAPI document only adds to that of each release. See additions.py.

usage: test_additions.py OPENAPI RELEASES
"""

import copy
import json
import pathlib
import sys
import unittest

from additions import lost

RELEASES = pathlib.Path(sys.argv.pop())
OPENAPI = pathlib.Path(sys.argv.pop())

EITHER = [{"required": ["a"]}, {"required": ["b"]}]
DOCUMENT = {
    "paths": {"/ask": {"post": {
        "operationId": "ask",
        "security": [],
        "parameters": [
            {"name": "p", "in": "query", "schema": {"type": "integer", "maximum": 9, "default": 1}},
        ],
        "requestBody": {"content": {"application/json": {
            "schema": {"$ref": "#/components/schemas/Asked"}}}},
        "responses": {"200": {
            "headers": {"Field": {"schema": {"type": "string"}}},
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Told"}}}}},
    }}},
    "components": {"schemas": {
        "Asked": {
            "type": "object",
            "required": ["a"],
            "additionalProperties": False,
            "not": {"anyOf": [{"required": ["a", "c"]}, {"not": {"anyOf": EITHER}}]},
            "properties": {
                "a": {"type": "string", "enum": ["x", "y"]},
                "b": {"$ref": "#/components/schemas/Kind"},
                "c": {"type": ["string", "null"], "maxLength": 9, "pattern": "^.$"},
            }},
        "Told": {
            "type": "object",
            "required": ["r"],
            "properties": {
                "r": {"type": "string", "enum": ["x", "y"]},
                "s": {"type": "integer", "minimum": 1, "maximum": 9},
                "k": {"$ref": "#/components/schemas/Kind"},
                "w": {"type": "string", "x-extensible-enum": ["x"]},
                "list": {"type": "array", "items": {"$ref": "#/components/schemas/Choice"}},
            }},
        "Kind": {"type": "string", "enum": ["k"]},
        "Choice": {"oneOf": [{"$ref": "#/components/schemas/One"}]},
        "One": {"type": "object", "required": ["o"], "properties": {"o": {"type": "boolean"}}},
    }},
}
OPERATION = ("paths", "/ask", "post")
PARAMETER = (*OPERATION, "parameters", 0)
ANSWER = (*OPERATION, "responses", "200")
ASKED = ("components", "schemas", "Asked")
TOLD = ("components", "schemas", "Told")
EXCLUDED = (*ASKED, "not", "anyOf")

# The place, the new value (None: it is gone), and what must be said about it.
LOSSES = (
    (OPERATION[:2], None, "post /ask is gone"),
    (OPERATION, None, "post /ask is gone"),
    ((*OPERATION, "operationId"), "other", "its operationId is another one"),
    ((*OPERATION, "security"), None, "needs a key"),
    ((*OPERATION, "parameters"), [], "the parameter p is gone"),
    ((*PARAMETER, "required"), True, "the parameter p is required"),
    ((*PARAMETER, "schema", "maximum"), 8, "its maximum is 9 beside 8"),
    ((*PARAMETER, "schema", "default"), 2, "its default is another one"),
    ((*OPERATION, "requestBody", "required"), True, "a body is required"),
    ((*ASKED, "required"), ["a", "c"], "only one of both requires c"),
    ((*ASKED, "properties", "c"), None, "the member c is gone"),
    ((*ASKED, "properties", "a", "enum"), ["x"], "has the word y"),
    ((*ASKED, "properties", "c", "type"), "string", "its type is"),
    ((*ASKED, "properties", "c", "maxLength"), 8, "its maxLength is 9 beside 8"),
    ((*ASKED, "properties", "c", "minLength"), 1, "its minLength is None beside 1"),
    ((*ASKED, "properties", "c", "pattern"), "^..$", "its pattern is another one"),
    ((*ASKED, "properties", "c", "format"), "date", "its format is another one"),
    ((*EXCLUDED, 0), {"required": ["b", "c"]}, "b and c may not come together"),
    ((*EXCLUDED, 1, "not", "anyOf"), EITHER[:1], "must come"),
    (ANSWER, None, "the answer 200 is gone"),
    ((*ANSWER, "headers"), None, "the field Field is gone"),
    ((*ANSWER, "content"), {}, "the media type application/json is gone"),
    ((*TOLD, "required"), [], "only one of both requires r"),
    ((*TOLD, "properties", "s"), None, "the member s is gone"),
    ((*TOLD, "properties", "r", "enum"), ["x", "y", "z"], "has the word z"),
    ((*TOLD, "properties", "r", "enum"), None, "has the word (any)"),
    ((*TOLD, "properties", "s", "type"), ["integer", "null"], "its type is"),
    ((*TOLD, "properties", "s", "minimum"), 0, "its minimum is 0 beside 1"),
    ((*TOLD, "properties", "s", "maximum"), None, "its maximum is None beside 9"),
    ((*TOLD, "properties", "w", "x-extensible-enum"), ["z"], "the word x is gone"),
    (("components", "schemas", "Kind", "enum"), ["l"], "has the word k"),
    (("components", "schemas", "Choice", "oneOf"),
     [{"$ref": "#/components/schemas/One"}, {"$ref": "#/components/schemas/Told"}], "differs by"),
    (("components", "schemas", "One", "required"), [], "only one of both requires o"),
    (("components", "schemas", "One"), None, "schemas/One is gone"),
)

ADDITIONS = (
    (("paths", "/new"), DOCUMENT["paths"]["/ask"]),
    ((*OPERATION, "description"), "Asks."),
    ((*PARAMETER, "schema", "maximum"), 10),
    ((*OPERATION, "responses", "404"), {}),
    ((*ANSWER, "headers", "Other"), {"schema": {"type": "string"}}),
    ((*ASKED, "required"), []),
    ((*ASKED, "properties", "d"), {"type": "string"}),
    ((*ASKED, "properties", "a", "enum"), ["x", "y", "z"]),
    ((*ASKED, "properties", "c", "pattern"), None),
    ((*EXCLUDED, 0), {"required": ["a", "new"]}),
    ((*EXCLUDED, 1, "not", "anyOf"), [*EITHER, {"required": ["new"]}]),
    ((*TOLD, "required"), ["r", "s"]),
    ((*TOLD, "properties", "new"), {"type": "string"}),
    ((*TOLD, "properties", "r", "enum"), ["x"]),
    ((*TOLD, "properties", "w", "x-extensible-enum"), ["x", "z"]),
    (("components", "schemas", "Kind", "enum"), ["k", "l"]),
    (("components", "schemas", "New"), {"type": "object"}),
)


def with_change(place, value):
    document = copy.deepcopy(DOCUMENT)
    node = document
    for step in place[:-1]:
        node = node[step]
    if value is None:
        del node[place[-1]]
    else:
        node[place[-1]] = value
    return document


class Additions(unittest.TestCase):
    def test_the_document_only_adds_to_that_of_each_release(self):
        now = json.loads(OPENAPI.read_text())
        releases = sorted(RELEASES.glob("*.json"))
        self.assertTrue(releases)
        for release in releases:
            with self.subTest(release.stem):
                before = json.loads(release.read_text())
                self.assertEqual(before["info"]["version"], release.stem)
                self.assertEqual(lost(before, now), [])

    def test_what_a_client_would_miss_is_said(self):
        for place, value, sentence in LOSSES:
            with self.subTest(place=place, value=value):
                self.assertIn(sentence, "\n".join(lost(DOCUMENT, with_change(place, value))))

    def test_an_addition_is_no_loss(self):
        for place, value in ADDITIONS:
            with self.subTest(place=place, value=value):
                self.assertEqual(lost(DOCUMENT, with_change(place, value)), [])


if __name__ == "__main__":
    unittest.main()
