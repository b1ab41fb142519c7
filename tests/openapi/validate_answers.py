#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Compares the OpenAPI document with the service's real answers.

usage: validate_answers.py OPENAPI FOLDER

The folder has transcripts. Each line is one exchange, as the system tests' client writes it:
{"method", "path", "status", "headers", "body"}. Every answer must be a documented response of its
operation: its status (or `default`), its media type, each header field of the contract, and its
body, which must satisfy the JSON Schema. Of server-sent events the data must do so. A later version
may add members and words, so the schemas are open. But an answer of this version has none that the
document does not name. The document's own examples must satisfy their schemas too. `x-on-accept`
has the media types of a response that only those get who ask for them: if they were in `content`,
generated clients would have to tell them apart from what they have always got. At the end, the
documented responses that no exchange has shown are listed.
"""

import json
import pathlib
import sys

import jsonschema

CONTRACT_FIELDS = {
    "ratelimit-policy", "ratelimit", "x-ratelimit-limit", "x-ratelimit-remaining",
    "x-ratelimit-reset", "retry-after", "www-authenticate", "allow", "etag",
}
EVENTS = {"decision": "LogEntry", "gap": "LogGap"}   # the schema of each one's data
METHODS = {"get", "post", "put", "delete", "patch"}


def closed(schema):
    """The schema for what this version answers."""
    schema = {"additionalProperties": False, **schema} if "properties" in schema else dict(schema)
    words = schema.get("x-extensible-enum")
    if words:
        schema["enum"] = [*words, None] if "null" in schema["type"] else words
    if "properties" in schema:
        schema["properties"] = {name: closed(part) for name, part in schema["properties"].items()}
    return schema


class Contract:
    def __init__(self, document):
        schemas = document["components"]["schemas"]
        schemas.update({name: closed(schema) for name, schema in schemas.items()})
        self.document = document
        self.resolver = jsonschema.RefResolver.from_schema(document)

    def resolve(self, node):
        while "$ref" in node:
            node = self.resolver.resolve(node["$ref"])[1]
        return node

    def operations(self):
        for path, methods in self.document["paths"].items():
            for method, operation in methods.items():
                if method in METHODS:
                    yield method, path, operation

    def faults_of_value(self, schema, value):
        validator = jsonschema.Draft202012Validator(schema, resolver=self.resolver)
        return [f"/{'/'.join(map(str, e.absolute_path))}: {e.message[:200]}"
                for e in validator.iter_errors(value)]

    def response_of(self, exchange):
        """The documented response and its key ("429"); or None and the reason."""
        path = exchange["path"].split("?")[0]
        method = exchange["method"].lower()
        methods = self.document["paths"].get(path, {})
        operation = methods.get("get" if method == "head" else method)
        if operation is None:
            return None, None
        for key in (str(exchange["status"]), "default"):
            if key in operation["responses"]:
                return self.resolve(operation["responses"][key]), key
        return None, f"status {exchange['status']} is not documented"

    def faults_of_exchange(self, exchange):
        response, key = self.response_of(exchange)
        if response is None:
            return [key] if key else []
        fields = {name.lower(): value for name, value in exchange["headers"].items()}
        documented = {name.lower() for name in response.get("headers", {})}
        faults = [f"field {name} is not documented"
                  for name in sorted(CONTRACT_FIELDS & fields.keys() - documented)]
        return faults + self.faults_of_body(response, fields, exchange)

    def faults_of_body(self, response, fields, exchange):
        if exchange["method"] == "HEAD" or exchange["body"] in ("", None):
            return []
        media_type = fields.get("content-type", "").split(";")[0]
        content = {**response.get("content", {}), **response.get("x-on-accept", {})}
        if media_type not in content:
            return [f"media type {media_type!r} is not documented"]
        if media_type == "text/event-stream":
            return list(self.faults_of_events(exchange["body"]))
        if not media_type.endswith("json") or "schema" not in content[media_type]:
            return []
        return self.faults_of_value(content[media_type]["schema"], exchange["body"])

    def faults_of_events(self, text):
        for event in filter(None, text.split("\n\n")):
            lines = [line for line in event.split("\n") if line[:1] != ":"]
            fields = dict(line.split(": ", 1) for line in lines)
            if "event" not in fields:
                continue
            if fields["event"] not in EVENTS:
                yield f"event {fields['event']} is not documented"
                continue
            data = json.loads(fields["data"])
            if fields.get("id") != data.get("id"):
                yield f"the id of the event {fields['event']} is not that of its data"
            schema = {"$ref": f"#/components/schemas/{EVENTS[fields['event']]}"}
            yield from self.faults_of_value(schema, data)

    def faults_of_examples(self):
        for method, path, operation in self.operations():
            bodies = {key: self.resolve(r) for key, r in operation["responses"].items()}
            if "requestBody" in operation:
                bodies["request"] = self.resolve(operation["requestBody"])
            for key, body in bodies.items():
                for media in body.get("content", {}).values():
                    examples = [e["value"] for e in media.get("examples", {}).values()]
                    examples += [media["example"]] if "example" in media else []
                    for example in examples if "schema" in media else []:
                        for fault in self.faults_of_value(media["schema"], example):
                            yield f"example of {method} {path} {key}: {fault}"


def main(document_path, folder):
    with open(document_path, encoding="utf-8") as file:
        contract = Contract(json.load(file))
    faults = list(contract.faults_of_examples())
    shown = set()
    count = 0
    for transcript in pathlib.Path(folder).glob("*.jsonl"):
        with open(transcript, encoding="utf-8") as lines:
            for line in lines:
                exchange = json.loads(line)
                count += 1
                what = f"{exchange['method']} {exchange['path']} {exchange['status']}"
                faults += [f"{what}: {fault}" for fault in contract.faults_of_exchange(exchange)]
                _, key = contract.response_of(exchange)
                shown.add((exchange["method"].lower(), exchange["path"].split("?")[0], key))

    for fault in sorted(set(faults))[:50]:
        print(fault)
    unseen = [f"{method} {path} {key}" for method, path, operation in contract.operations()
              for key in operation["responses"] if (method, path, key) not in shown]
    print(f"{count} answers compared with the document, {len(set(faults))} faults; "
          f"shown by no answer: {', '.join(unseen) or 'none'}")
    if count == 0:
        sys.exit("no transcript: run the contract tests first")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])
