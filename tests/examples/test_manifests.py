#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What the compose and Kubernetes files say, held against the binary and its contract.

The environment that a file gives to Sluice is given to the real binary's check-config, whose output
names each setting; paths of probes must be in the OpenAPI document, files and secrets must exist.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import yaml

import stage

TREE = stage.EXAMPLES.parent
BINARY = os.environ["SLUICE_BINARY"]
IMAGE = (TREE / "docker/Dockerfile").read_text()
CONTRACT = json.loads((TREE / "src/api/openapi.json").read_text())
SECRET = "0123456789abcdef0123456789abcdef"
AFTER_DRAINING_S = 6
SECRETS = "/run/secrets/sluice"
SIDECARS = [["compose.yaml"], ["compose.yaml", "compose.redis.yaml"],
            ["compose.yaml", "compose.socket.yaml"]]
TOGETHER = [*([stage.EXAMPLES / "sidecar" / name for name in names] for names in SIDECARS),
            [TREE / "docker/compose.yaml"]]


def documents(path):
    return list(yaml.safe_load_all((stage.EXAMPLES / path).read_text()))


def settings():
    """The names of all settings, as `serve --help` lists them as flags."""
    help_text = subprocess.run([BINARY, "serve", "--help"], capture_output=True, text=True)
    flags = re.findall(r"--([a-z][a-z-]+)", help_text.stdout + help_text.stderr)
    return {flag.replace("-", "_") for flag in flags}


def key():
    return subprocess.check_output([BINARY, "generate-key"], text=True).strip()


def seconds(text):
    return int(re.fullmatch(r"(\d+)s", text)[1])


class Manifests(unittest.TestCase):
    def are_settings(self, names):
        known = settings()
        self.assertIn("drain_timeout_s", known)
        for name in names:
            if name.startswith("SLUICE_"):
                self.assertIn(re.sub("^SLUICE_|_FILE$", "", name).lower(), known)

    def is_valid(self, environment, configuration=None):
        """check-config takes it, as the settings of the image and those of a file do."""
        with tempfile.TemporaryDirectory() as directory:
            arguments = [BINARY, "check-config"]
            if configuration is not None:
                path = pathlib.Path(directory, "sluice.yaml")
                path.write_text(configuration)
                arguments += ["--config", path]
            checked = subprocess.run(
                arguments, capture_output=True, text=True, cwd=directory,
                env={**os.environ, **environment, "SLUICE_DATA_DIR": directory})
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)


class Compose(Manifests):
    def services(self, *names):
        merged = {}
        for name in names:
            for service, more in documents(f"sidecar/{name}")[0]["services"].items():
                known = merged.setdefault(service, {})
                environment = {**known.get("environment", {}), **more.get("environment", {})}
                known.update(more, environment=environment)
        return merged

    def environment(self, service):
        made = {"SLUICE_API_KEY": key(), "SLUICE_KEY_PEPPER": SECRET}
        return {name: re.sub(r"\$\{(\w+):\?[^}]*\}", lambda m: made[m[1]], value)
                for name, value in service["environment"].items()}

    def test_the_service_starts_from_each(self):
        configuration = (stage.EXAMPLES / "sidecar/sluice.yaml").read_text()
        for names in SIDECARS:
            with self.subTest(names=names):
                service = self.services(*names)["sluice"]

                self.are_settings(service["environment"])
                self.is_valid(self.environment(service), configuration)

    def test_the_api_knows_its_neighbour_and_its_key(self):
        services = self.services("compose.yaml")
        api, sluice = services["api"], services["sluice"]
        port = re.search(r"SLUICE_LISTEN=0\.0\.0\.0:(\d+)", IMAGE)[1]

        self.assertEqual(api["environment"]["SLUICE_URL"], f"http://sluice:{port}")
        self.assertEqual(api["environment"]["SLUICE_API_KEY"], sluice["environment"]["API_KEY"])
        self.assertEqual(api["networks"], sluice["networks"])
        self.assertNotIn("ports", sluice)

    def test_a_socket_file_is_where_both_look(self):
        services = self.services("compose.yaml", "compose.socket.yaml")
        api, sluice = services["api"], services["sluice"]
        url = api["environment"]["SLUICE_URL"]
        directory = os.path.dirname(url.removeprefix("unix:"))

        self.assertEqual(url, sluice["environment"]["SLUICE_LISTEN"])
        self.assertEqual(api["volumes"], sluice["volumes"])
        self.assertTrue(api["volumes"][0].endswith(":" + directory))
        # A new volume takes its owner from the image.
        self.assertIn(f"-o 65532 -g 65532 /image{directory} ", IMAGE)

    def test_what_is_mounted_exists(self):
        for service in self.services("compose.yaml").values():
            for volume in service["volumes"]:
                if volume.startswith("."):
                    self.assertTrue((stage.EXAMPLES / "sidecar" / volume.split(":")[0]).exists())

    def test_the_end_is_waited_for(self):
        service = self.services("compose.yaml")["sluice"]
        drain_s = yaml.safe_load((TREE / "config/sluice.yaml").read_text())["drain_timeout_s"]

        self.assertGreater(seconds(service["stop_grace_period"]), drain_s + AFTER_DRAINING_S)

    def test_version_1_takes_them(self):
        for path in {path for paths in TOGETHER for path in paths}:
            with self.subTest(path=path):
                self.assertNotIn("name", yaml.safe_load(path.read_text()))

    def test_every_installed_compose_reads_them(self):
        environment = {**os.environ, "SLUICE_API_KEY": key(), "SLUICE_KEY_PEPPER": SECRET,
                       "SLUICE_ADMIN_TOKEN": SECRET}
        composes = [one for one in (["docker", "compose"], ["docker-compose"])
                    if shutil.which(one[0]) and subprocess.run(
                        [*one, "version"], capture_output=True).returncode == 0]
        if not composes:
            self.skipTest("no compose is installed")

        for compose in composes:
            for paths in TOGETHER:
                files = [word for path in paths for word in ("-f", path)]
                read = subprocess.run([*compose, *files, "config", "--quiet"],
                                      capture_output=True, text=True, env=environment)
                self.assertEqual(read.returncode, 0, read.stderr)


class Kubernetes:
    """What holds for both files; a class below names each."""

    def setUp(self):
        self.text = (stage.EXAMPLES / self.PATH).read_text()
        self.found = {document["kind"]: document for document in documents(self.PATH)}
        self.pod = self.found["Deployment"]["spec"]["template"]["spec"]
        self.sluice = next(one for one in self.pod["containers"] if one["name"] == "sluice")
        self.environment = {each["name"]: each["value"] for each in self.sluice["env"]}
        # The keys of the secret that the head of the file tells how to make.
        self.secrets = set(re.findall(r"--from-literal=([a-z-]+)=", self.text))

    def test_the_service_starts_from_it(self):
        values = {"api-key": key(), "redis-url": "redis://redis:6379/0"}
        with tempfile.TemporaryDirectory() as directory:
            for name in self.secrets:
                secret = pathlib.Path(directory, name)
                secret.write_text(values.get(name, SECRET))
                secret.chmod(0o440)
            environment = {name: value.replace(SECRETS, directory)
                           for name, value in self.environment.items()}
            configuration = self.found.get("ConfigMap", {}).get("data", {}).get("sluice.yaml")
            if configuration is not None:
                configuration = configuration.replace(SECRETS, directory)

            self.are_settings(environment)
            self.is_valid(environment, configuration)

    def test_no_secret_is_asked_for_that_is_not_made(self):
        asked = set(re.findall(SECRETS + r"/([a-z-]+)", self.text))
        asked |= set(re.findall(r"key: ([a-z-]+)\}", self.text))

        self.assertEqual(asked, self.secrets)

    def test_probes_ask_paths_and_ports_that_exist(self):
        figures = int(re.search(r"SLUICE_METRICS_LISTEN=0\.0\.0\.0:(\d+)", IMAGE)[1])
        ports = {port["name"]: port["containerPort"] for port in self.sluice["ports"]}
        for probe, wanted in (("readinessProbe", "/readyz"), ("livenessProbe", "/livez")):
            get = self.sluice[probe]["httpGet"]

            self.assertEqual(get["path"], wanted)
            self.assertIn(get["path"], CONTRACT["paths"])
            self.assertEqual(ports[get["port"]], figures)

    def test_the_end_is_waited_for(self):
        before_s = int(self.sluice["lifecycle"]["preStop"]["exec"]["command"][1])
        drain_s = int(self.environment["SLUICE_DRAIN_TIMEOUT_S"])

        self.assertGreater(self.pod["terminationGracePeriodSeconds"],
                           before_s + drain_s + AFTER_DRAINING_S)

    def test_it_runs_as_the_image_does_and_writes_where_its_data_is(self):
        user = int(re.search(r"USER (\d+):", IMAGE)[1])
        data = re.search(r"SLUICE_DATA_DIR=(\S+)", IMAGE)[1]
        mounts = {mount["mountPath"]: mount["name"] for mount in self.sluice["volumeMounts"]}
        volumes = {volume["name"]: volume for volume in self.pod["volumes"]}

        self.assertEqual(self.pod["securityContext"]["runAsUser"], user)
        self.assertTrue(self.pod["securityContext"]["runAsNonRoot"])
        self.assertTrue(self.sluice["securityContext"]["readOnlyRootFilesystem"])
        self.assertFalse(self.sluice["securityContext"]["allowPrivilegeEscalation"])
        self.assertEqual(set(mounts.values()), set(volumes))
        self.assertIn("emptyDir", volumes[mounts[data]])

    def test_selectors_find_the_pods(self):
        deployment = self.found["Deployment"]["spec"]
        labels = deployment["template"]["metadata"]["labels"]

        self.assertEqual(deployment["selector"]["matchLabels"], labels)
        if "Service" in self.found:
            service = self.found["Service"]["spec"]
            self.assertEqual(service["selector"], labels)
            self.assertIn(service["ports"][0]["targetPort"],
                          [port["name"] for port in self.sluice["ports"]])

    def test_the_cluster_adds_no_variable_that_looks_like_a_setting(self):
        self.assertIs(self.pod["enableServiceLinks"], False)


class KubernetesService(Kubernetes, Manifests):
    PATH = "kubernetes/service.yaml"


class KubernetesSidecar(Kubernetes, Manifests):
    PATH = "kubernetes/sidecar.yaml"


if __name__ == "__main__":
    unittest.main(verbosity=2)
