# SPDX-License-Identifier: MIT
"""Whether a later OpenAPI document only adds to an earlier one.

Then a client of the earlier one can go on: what it sends is taken, and it understands what it gets.
Of two schemas, the wide one must admit all that the narrow one admits. In a request the later one
is the wide one, and in an answer the earlier one is.
"""

from document import CHOICES, Document

NOTHING = {}
LOWER = ("minimum", "minLength", "minItems")
UPPER = ("maximum", "maxLength", "maxItems")


def lost(before, after):
    """What a client of the document `before` would miss in `after`: a list of sentences."""
    return list(Comparison(Document(before), Document(after)).faults())


def types(schema):
    listed = schema.get("type", [])
    return {listed} if isinstance(listed, str) else set(listed)


def words(schema):
    """The only values that are possible, or None if others are, too."""
    return schema.get("enum", [schema["const"]] if "const" in schema else None)


def missing(names, others):
    return [name for name in names if name not in others]


class Comparison:
    def __init__(self, before, after):
        self.before = before
        self.after = after
        # A client gets back such a word only if somebody has sent it.
        self.sent = after.of_requests()
        self.seen = set()

    def faults(self):
        after = dict(self.after.operations())
        kept = self.before.json["components"].get("schemas", NOTHING)
        for name in missing(kept, self.after.json["components"].get("schemas", NOTHING)):
            yield f"schemas/{name} is gone"
        for name, operation in self.before.operations():
            if name not in after:
                yield f"{name} is gone"
            else:
                yield from self.of_operation(name, operation, after[name])

    def of_operation(self, name, before, after):
        if before.get("operationId") != after.get("operationId"):
            yield f"{name}: its operationId is another one"
        if before.get("security") == [] != after.get("security"):
            yield f"{name} needs a key"
        yield from self.of_parameters(name, before, after)
        yield from self.of_body(name, before.get("requestBody"), after.get("requestBody"))
        answers = after["responses"]
        for status, answer in before["responses"].items():
            if status not in answers:
                yield f"{name}: the answer {status} is gone"
            else:
                yield from self.of_answer(f"{name} {status}", answer, answers[status])

    def of_parameters(self, name, before, after):
        old, new = ({(one["in"], one["name"]): one for one in map(document.target, listed)}
                    for document, listed in ((self.before, before.get("parameters", [])),
                                             (self.after, after.get("parameters", []))))
        for key in missing(old, new):
            yield f"{name}: the parameter {key[1]} is gone"
        for key, parameter in new.items():
            was = old.get(key, NOTHING)
            if parameter.get("required") and not was.get("required"):
                yield f"{name}: the parameter {key[1]} is required"
            if was:
                place = f"{name} {key[1]}"
                yield from self.of_request(place, was["schema"], parameter["schema"])

    def of_body(self, name, before, after):
        if after and after.get("required") and not (before and before.get("required")):
            yield f"{name}: a body is required"
        if before:
            yield from self.of_content(f"{name} body", before, after or NOTHING, self.of_request)

    def of_answer(self, place, before, after):
        before, after = self.before.target(before), self.after.target(after)
        for field in missing(before.get("headers", NOTHING), after.get("headers", NOTHING)):
            yield f"{place}: the field {field} is gone"
        yield from self.of_content(place, before, after, self.of_told)

    def of_content(self, place, before, after, compare):
        contents = after.get("content", NOTHING)
        for media_type, content in before.get("content", NOTHING).items():
            if media_type not in contents:
                yield f"{place}: the media type {media_type} is gone"
            elif "schema" in content:
                yield from compare(place, content["schema"], contents[media_type]["schema"])

    def of_request(self, place, before, after):
        yield from self.of_schema(place, before, after, is_request=True)

    def of_told(self, place, before, after):
        yield from self.of_schema(place, before, after, is_request=False)

    def of_schema(self, place, before, after, is_request):
        names = (before.get("$ref"), after.get("$ref"))
        if any(names):
            if (*names, is_request) in self.seen:
                return
            self.seen.add((*names, is_request))
            place = (names[0] or place).removeprefix("#/components/")
        before, after = self.before.target(before), self.after.target(after) or NOTHING
        wide, narrow = (after, before) if is_request else (before, after)
        is_sent = not is_request and place in self.sent
        yield from (f"{place}: {fault}" for fault in narrower(wide, narrow, is_sent))
        yield from (f"{place}: {fault}" for fault in changed(before, after))
        if is_request:
            yield from (f"{place}: {fault}" for fault in excluding(before, after))
        yield from self.of_parts(place, before, after, is_request)

    def of_parts(self, place, before, after, is_request):
        members = after.get("properties", NOTHING)
        for name, member in before.get("properties", NOTHING).items():
            if name not in members:
                yield f"{place}: the member {name} is gone"
            else:
                yield from self.of_schema(f"{place}/{name}", member, members[name], is_request)
        if "items" in before and "items" in after:
            yield from self.of_schema(f"{place}/items", before["items"], after["items"], is_request)
        for key in CHOICES:
            old, new = before.get(key, []), after.get(key, [])
            for part in missing(old, new) if is_request else missing(new, old):
                yield f"{place}: {key} differs by {part}"
            for part in old:
                yield from self.of_schema(place, part, part, is_request) if part in new else ()


def narrower(wide, narrow, is_sent):
    """Where `wide` does not admit what `narrow` does."""
    if types(wide) and not types(narrow) or types(narrow) - types(wide):
        yield f"its type is {sorted(types(narrow))} beside {sorted(types(wide))}"
    if words(wide) is not None and not is_sent:
        for word in missing(words(narrow) or ["(any)"], words(wide)):
            yield f"only one of both has the word {word}"
    for name in missing(wide.get("required", []), narrow.get("required", [])):
        yield f"only one of both requires {name}"
    if wide.get("additionalProperties") is False is not narrow.get("additionalProperties"):
        yield "only one of both is closed"
    for sign, keys in ((1, LOWER), (-1, UPPER)):
        for key in keys:
            if key in wide and (key not in narrow or sign * wide[key] > sign * narrow[key]):
                yield f"its {key} is {narrow.get(key)} beside {wide[key]}"
    for key in ("pattern", "format"):
        if key in wide and wide[key] != narrow.get(key):
            yield f"its {key} is another one"


def changed(before, after):
    """What may change in neither direction."""
    if "default" in before and before["default"] != after.get("default"):
        yield "its default is another one"
    listed = "x-extensible-enum"
    for word in missing(before.get(listed, []), after.get(listed, [])):
        yield f"the word {word} is gone"


def excluding(before, after):
    """What the later request excludes, and the earlier one does not."""
    known = before.get("properties", NOTHING)
    old, new = exclusions(before), exclusions(after)
    for part in new:
        names = part.get("required")
        if names is not None and part not in old and not missing(names, known):
            yield f"{' and '.join(names)} may not come together"
        if "not" in part and not any(admits(part, other) for other in old):
            yield f"one of {alternatives(part)} must come"


def exclusions(schema):
    return schema.get("not", NOTHING).get("anyOf", [])


def alternatives(part):
    return [one["required"] for one in part["not"]["anyOf"]]


def admits(part, other):
    return "not" in other and not missing(alternatives(other), alternatives(part))
