#!/usr/bin/env python3
"""The list of what Sluice contains is valid SPDX 2.3, and says what the binary says.

usage: sbom.py SBOM BINARY PACKAGE-LOCK

The rules are those of the specification for the members that are used.
"""
import base64
import json
import re
import subprocess
import sys
import unittest

SBOM, BINARY, LOCK = sys.argv[1:4]
HEX_DIGITS = {"SHA1": 40, "SHA256": 64, "SHA512": 128}


def needed():
    """The libraries that the binary names."""
    text = subprocess.run(["readelf", "-d", BINARY], capture_output=True, text=True, check=True)
    return set(re.findall(r"\(NEEDED\).*\[(.*)\]", text.stdout))


class Sbom(unittest.TestCase):
    def setUp(self):
        with open(SBOM, encoding="utf-8") as file:
            self.text = file.read()
        self.document = json.loads(self.text)
        self.packages = self.document["packages"]
        self.elements = [self.document, *self.packages, *self.document["files"]]

    def related(self, relationship):
        """The names of the packages in this relationship to Sluice."""
        names = {package["SPDXID"]: package["name"] for package in self.packages}
        return {names[row["relatedSpdxElement"]] for row in self.document["relationships"]
                if row["relationshipType"] == relationship
                and row["spdxElementId"] == "SPDXRef-sluice"}

    def test_the_document_has_what_spdx_requires(self):
        self.assertEqual(self.document["spdxVersion"], "SPDX-2.3")
        self.assertEqual(self.document["dataLicense"], "CC0-1.0")
        self.assertEqual(self.document["SPDXID"], "SPDXRef-DOCUMENT")
        self.assertTrue(self.document["name"])
        self.assertRegex(self.document["documentNamespace"], r"^https://[^#\s]+$")
        self.assertRegex(self.document["creationInfo"]["created"],
                         r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        for creator in self.document["creationInfo"]["creators"]:
            self.assertRegex(creator, r"^(Tool|Organization|Person): \S")

    def test_every_package_has_what_spdx_requires(self):
        for package in self.packages:
            with self.subTest(package["name"]):
                self.assertRegex(package["downloadLocation"], r"^(NOASSERTION|NONE|https://\S+)$")
                self.assertIs(package["filesAnalyzed"], False)
                self.assertNotIn("packageVerificationCode", package)
                self.assertRegex(package["supplier"], r"^(NOASSERTION|Organization: \S.*)$")
                for member in ("licenseConcluded", "licenseDeclared"):
                    self.assertRegex(package[member], r"^(NOASSERTION|[A-Za-z0-9.-]+)$")
                for reference in package.get("externalRefs", []):
                    self.assertEqual(reference["referenceCategory"], "PACKAGE-MANAGER")
                    self.assertEqual(reference["referenceType"], "purl")
                    self.assertRegex(reference["referenceLocator"],
                                     r"^pkg:(deb/[a-z]+|npm)/[^@+\s]+@[^+\s?]+(\?[^+\s]+)?$")

    def test_every_file_has_a_name_and_a_sha1(self):
        for file in self.document["files"]:
            self.assertRegex(file["fileName"], r"^\./\S")
            self.assertIn("SHA1", [row["algorithm"] for row in file["checksums"]])

    def test_every_checksum_has_the_length_of_its_algorithm(self):
        rows = [row for element in self.elements for row in element.get("checksums", [])]
        self.assertTrue(rows)
        for row in rows:
            self.assertRegex(row["checksumValue"],
                             f"^[0-9a-f]{{{HEX_DIGITS[row['algorithm']]}}}$")

    def test_every_id_is_valid_and_used_once(self):
        identifiers = [element["SPDXID"] for element in self.elements]
        self.assertEqual(len(identifiers), len(set(identifiers)))
        for identifier in identifiers:
            self.assertRegex(identifier, r"^SPDXRef-[A-Za-z0-9.-]+$")

    def test_every_relationship_joins_elements_that_exist(self):
        identifiers = {element["SPDXID"] for element in self.elements}
        types = {"DESCRIBES", "DYNAMIC_LINK", "STATIC_LINK", "CONTAINS", "EXPANDED_FROM_ARCHIVE"}
        for row in self.document["relationships"]:
            self.assertIn(row["spdxElementId"], identifiers)
            self.assertIn(row["relatedSpdxElement"], identifiers)
            self.assertIn(row["relationshipType"], types)
        joined = {row["relatedSpdxElement"] for row in self.document["relationships"]}
        self.assertEqual({package["SPDXID"] for package in self.packages} - joined, set())

    def test_what_the_binary_loads_is_listed_and_nothing_else(self):
        loaded = {library for package in self.packages
                  for library in package.get("comment", "").removeprefix("loaded:").split()}
        self.assertEqual(loaded, needed())

    def test_versions_are_those_of_the_installed_packages(self):
        for name in self.related("DYNAMIC_LINK"):
            package = next(row for row in self.packages if row["name"] == name)
            if "versionInfo" in package:
                installed = subprocess.run(["dpkg-query", "-W", "-f", "${Version}\n", name],
                                           capture_output=True, text=True, check=True)
                self.assertIn(package["versionInfo"], installed.stdout.split())

    def test_a_library_of_the_build_is_either_loaded_or_contained(self):
        for name, library in (("libmicrohttpd", "libmicrohttpd.so"), ("hiredis", "libhiredis.so")):
            loaded = any(needed_library.startswith(library) for needed_library in needed())
            self.assertNotEqual(loaded, name in self.related("STATIC_LINK"), name)

    def test_contained_packages_are_pinned_by_a_hash(self):
        contained = self.related("STATIC_LINK") | self.related("CONTAINS")
        for package in self.packages:
            if package["name"] in contained:
                self.assertTrue(package["checksums"], package["name"])
                self.assertNotEqual(package["licenseDeclared"], "NOASSERTION", package["name"])

    def test_the_packages_from_npm_are_those_of_the_lock_file(self):
        with open(LOCK, encoding="utf-8") as file:
            locked = json.load(file)["packages"]
        for name in ("swagger-ui-dist", "uplot"):
            with self.subTest(name):
                row = locked[f"node_modules/{name}"]
                package = next(each for each in self.packages if each["name"] == name)
                algorithm, value = row["integrity"].split("-", 1)
                self.assertEqual(package["versionInfo"], row["version"])
                self.assertEqual(package["checksums"], [{
                    "algorithm": algorithm.upper(),
                    "checksumValue": base64.b64decode(value).hex()}])

    def test_it_names_no_machine(self):
        hosts = set(re.findall(r"https?://([^/\"]+)", self.text))
        self.assertLessEqual(hosts, {"spdx.org"})
        self.assertNotRegex(self.text, r"[\" ]/(home|root|tmp|src|build|work)\b")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
