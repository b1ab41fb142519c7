#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The image that docker/Dockerfile makes, with BuildKit and without: test_image.py [--base IMAGE]

Takes some minutes and needs the network. At the end docker/compose.yaml runs with the image.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile
import unittest

import engine
import stage
from engine import docker

BYTES_MAX = 40 * 10 ** 6
DOCKERFILE = stage.TREE / "docker/Dockerfile"
# All that is in it, and empty files where the engine mounts its own.
CONTENT = re.compile(r"usr/local/bin/sluice|(usr/)?lib(64)?/(\S+/)?(lib|ld-)\S+\.so\.\d\S*"
                     r"|usr/share/doc/[^/]+/copyright|usr/share/common-licenses/[^/]+"
                     r"|usr/share/zoneinfo/(?!posix/|right/)\S+")


class Image:
    """What holds for the image of either kit; a class below names each."""

    @classmethod
    def setUpClass(cls):
        if cls.KIT not in engine.kits():
            raise unittest.SkipTest("this docker cannot build like that")
        cls.image = stage.tag(f"image-{cls.KIT['DOCKER_BUILDKIT']}")
        docker("build", "--network", "host", "--build-arg", f"BASE={BASE}", "-f", DOCKERFILE,
               "-t", cls.image, stage.TREE, env={**os.environ, **cls.KIT})
        cls.directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.directory.cleanup)
        cls.addClassCleanup(docker, "rmi", cls.image)
        container = docker("create", cls.image)
        docker("export", "-o", cls.directory.name + "/files", container)
        docker("rm", "-v", container)
        with tarfile.open(cls.directory.name + "/files") as archive:
            cls.members = archive.getmembers()

    def test_it_is_small(self):
        size = int(docker("image", "inspect", "-f", "{{.Size}}", self.image))
        print(f"{size / 10 ** 6:.1f} MB", flush=True)
        self.assertLessEqual(size, BYTES_MAX)

    def test_it_holds_the_binary_what_it_loads_and_their_licences(self):
        files = [member for member in self.members if member.isfile() and member.size > 0]
        strange = [member.name for member in files if not CONTENT.fullmatch(member.name)]
        names = {member.name for member in files}

        self.assertEqual(strange, [])
        self.assertIn("usr/share/doc/sluice/copyright", names)
        self.assertIn("usr/share/doc/libc6/copyright", names)
        self.assertIn("usr/share/zoneinfo/tzdata.zi", names)
        self.assertIn("usr/share/zoneinfo/Europe/Berlin", names)

    def test_it_has_no_shell(self):
        for shell in ("sh", "/bin/sh", "/bin/bash"):
            done = self.run_image("--entrypoint", shell, self.image, "-c", "true")
            self.assertIn(done.returncode, (126, 127))

    def test_the_binary_finds_all_that_it_loads(self):
        done = self.run_image(self.image, "version")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertRegex(done.stdout, r"^sluice \d")

    def test_only_its_user_reads_its_data(self):
        data = next(each for each in self.members if each.name.rstrip("/") == "var/lib/sluice")
        configuration = json.loads(docker("image", "inspect", "-f", "{{json .Config}}",
                                          self.image))

        self.assertEqual((data.uid, data.gid, data.mode & 0o777), (stage.USER, stage.USER, 0o700))
        self.assertEqual(configuration["User"], f"{stage.USER}:{stage.USER}")
        self.assertIn("/var/lib/sluice", configuration["Volumes"])
        self.assertIn("healthcheck", configuration["Healthcheck"]["Test"])

    def test_two_instances_of_it_share_a_redis(self):
        archive = self.directory.name + "/image"
        docker("save", "-o", archive, self.image)
        tested = subprocess.run(
            [sys.executable, "-B", pathlib.Path(__file__).with_name("test_containers.py"),
             "Compose"], env={**engine.elsewhere(), "SLUICE_IMAGE": archive})
        self.assertEqual(tested.returncode, 0)

    def run_image(self, *arguments):
        return subprocess.run([engine.DOCKER, "run", "--rm", "--network", "none", *arguments],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


class WithoutBuildKit(Image, unittest.TestCase):
    KIT = {"DOCKER_BUILDKIT": "0"}


class WithBuildKit(Image, unittest.TestCase):
    KIT = {"DOCKER_BUILDKIT": "1"}


def base():
    """The Dockerfile's base. Where no registry can be reached, one of our own."""
    pinned = re.search(r"^ARG BASE=(\S+)$", DOCKERFILE.read_text(), re.MULTILINE)[1]
    if engine.succeeds(engine.DOCKER, "pull", "-q", pinned):
        return pinned
    print(f"{pinned} cannot be pulled, so debootstrap makes a base", flush=True)
    own = stage.tag("base")
    subprocess.run([stage.TREE / "docker/debian-base", own], check=True)
    return own


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--base")
    options = parser.parse_args()
    engine.begin(network=True)
    BASE = options.base or base()
    unittest.main(argv=sys.argv[:1], verbosity=2)
