"""The manifests for Kubernetes name commands, settings, keys and ports that exist."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # its stubs would be for a few tests alone

from reading_club.app.bootstrap.web import DRAIN
from reading_club.app.healthcheck import DEFAULT_PORT
from reading_club.app.processes.web import SHUTDOWN
from reading_club.app.supervision.supervisor import STOP_DEADLINE
from reading_club.app.testing import deployment
from reading_club.app.web.middleware import HEALTH
from reading_club.service.subscribers import SUBSCRIBERS

FOLDER = Path(__file__).parents[3] / deployment.FOLDER / "kubernetes"
MANIFESTS: list[Mapping[str, Any]] = [
    document
    for path in sorted(FOLDER.glob("*.yaml"))
    for document in yaml.safe_load_all(path.read_text(encoding="utf-8"))
]
MOUNT = "/run/secrets/reading-club"


def named(kind: str) -> dict[str, Mapping[str, Any]]:
    """Return the manifests of a kind, by the names without the club's."""
    found = [m for m in MANIFESTS if m["kind"] == kind]
    return {m["metadata"]["name"].removeprefix("reading-club-"): m for m in found}


WORKLOADS = {**named("Deployment"), **named("Job")}
every_workload = pytest.mark.parametrize("name", WORKLOADS)


def pod(name: str) -> Mapping[str, Any]:
    """Return the Pod of a workload."""
    spec: Mapping[str, Any] = WORKLOADS[name]["spec"]["template"]["spec"]
    return spec


def container(name: str) -> Mapping[str, Any]:
    """Return the one container of a workload."""
    found: Mapping[str, Any]
    (found,) = pod(name)["containers"]
    return found


def test_the_club_has_all_of_its_processes() -> None:
    """Migration, web, relay, and one worker for each subscriber, each found by its labels."""
    workers = {f"worker-{s.name}": ["worker", "--subscriber", s.name] for s in SUBSCRIBERS}
    arguments = {name: container(name)["args"] for name in WORKLOADS}

    assert arguments == {"migrate": ["migrate"], "web": ["web"], "relay": ["relay"], **workers}
    for name, workload in named("Deployment").items():
        labels = workload["spec"]["template"]["metadata"]["labels"]
        assert workload["spec"]["selector"]["matchLabels"] == labels
        assert labels["app.kubernetes.io/component"] == name


@every_workload
def test_a_workload_has_settings_and_files_that_exist(name: str) -> None:
    """Each variable is a setting, and each file of a secret is a key of the example."""
    config = named("ConfigMap")["reading-club"]["data"]
    own = {variable["name"]: variable["value"] for variable in container(name).get("env", ())}
    (volume,) = [v["secret"] for v in pod(name)["volumes"] if "secret" in v]
    keys = named("Secret")[volume["secretName"].removeprefix("reading-club-")]["stringData"]
    files = [path for path in {**config, **own}.values() if path.startswith(MOUNT)]

    deployment.require_command(container(name)["args"])
    assert deployment.unknown_settings({**config, **own}) == []
    assert sorted(files) == sorted(f"{MOUNT}/{key}" for key in keys)
    assert MOUNT in [mount["mountPath"] for mount in container(name)["volumeMounts"]]


@every_workload
def test_a_service_cannot_set_a_setting(name: str) -> None:
    """Variables of Services are off: one for a Service ``reading-club`` is READING_CLUB_PORT."""
    assert pod(name)["enableServiceLinks"] is False


@every_workload
def test_a_workload_is_restricted(name: str) -> None:
    """It fulfils Kubernetes' standard "restricted", writes to memory alone, and has limits."""
    of_pod, of_container = pod(name)["securityContext"], container(name)["securityContext"]
    written = [v for v in pod(name)["volumes"] if "emptyDir" in v]

    assert of_pod["runAsNonRoot"]
    assert of_pod["runAsUser"] > 0
    assert of_pod["seccompProfile"] == {"type": "RuntimeDefault"}
    assert of_container["allowPrivilegeEscalation"] is False
    assert of_container["readOnlyRootFilesystem"]
    assert of_container["capabilities"] == {"drop": ["ALL"]}
    assert pod(name)["automountServiceAccountToken"] is False
    assert all(volume["emptyDir"]["sizeLimit"] for volume in written)
    assert container(name)["resources"].keys() == {"requests", "limits"}


def test_only_the_migration_owns_the_tables() -> None:
    """Each kind of process has a secret of its own."""
    used = {
        n: v["secret"]["secretName"] for n in WORKLOADS for v in pod(n)["volumes"] if "secret" in v
    }

    assert {n for n, secret in used.items() if secret == "reading-club-owner"} == {"migrate"}
    assert {n for n, secret in used.items() if secret == "reading-club-worker"} == {
        f"worker-{s.name}" for s in SUBSCRIBERS
    }


def test_secrets_have_no_values() -> None:
    """The example is filled in elsewhere."""
    assert {v for secret in named("Secret").values() for v in secret["stringData"].values()} == {""}


def test_web_is_probed_by_requests_on_its_port() -> None:
    """At the paths of the health pages: only readiness asks for database and schema."""
    web = container("web")
    probes = {n: web[f"{n}Probe"]["httpGet"] for n in ("startup", "liveness", "readiness")}

    assert web["ports"] == [{"name": "http", "containerPort": DEFAULT_PORT}]
    assert {probe["port"] for probe in probes.values()} == {"http"}
    assert {n: probe["path"] for n, probe in probes.items()} == {
        "startup": "/healthz",
        "liveness": "/healthz",
        "readiness": "/readyz",
    }
    assert {probe["path"] for probe in probes.values()} == HEALTH


@pytest.mark.parametrize("name", sorted(named("Deployment").keys() - {"web"}))
def test_relay_and_workers_are_probed_by_their_health_check(name: str) -> None:
    """The command of the check is that of the process; it has the time to start Python."""
    for probe in ("startupProbe", "livenessProbe"):
        argv = container(name)[probe]["exec"]["command"]
        deployment.require_check(argv)
        assert argv[2:] == container(name)["args"]
        assert container(name)[probe]["timeoutSeconds"] >= 10


def test_processes_have_the_time_to_stop() -> None:
    """The time to stop, with the pause before, is longer than a process needs at most."""
    for name in WORKLOADS:
        hook = container(name).get("lifecycle", {}).get("preStop", {"sleep": {"seconds": 0}})
        stops = max(STOP_DEADLINE, SHUTDOWN + DRAIN) + hook["sleep"]["seconds"]
        assert pod(name)["terminationGracePeriodSeconds"] > stops


def test_web_is_never_without_a_replica() -> None:
    """Releases add one before they remove one, and so do evictions."""
    spec = named("Deployment")["web"]["spec"]
    (budget,) = named("PodDisruptionBudget").values()

    assert spec["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert spec["replicas"] > budget["spec"]["minAvailable"] > 0
    assert budget["spec"]["selector"] == spec["selector"]


def test_only_web_is_reached() -> None:
    """By its Service, and by the ingress: every other Pod takes no connection."""
    policies = named("NetworkPolicy")
    labels = named("Deployment")["web"]["spec"]["selector"]["matchLabels"]
    (port,) = policies["web"]["spec"]["ingress"][0]["ports"]

    assert named("Service").keys() == {"web"}
    assert named("Service")["web"]["spec"]["selector"] == labels
    assert "Ingress" in policies["reading-club"]["spec"]["policyTypes"]
    assert "ingress" not in policies["reading-club"]["spec"]
    assert policies["web"]["spec"]["podSelector"]["matchLabels"] == labels
    assert port == {"protocol": "TCP", "port": DEFAULT_PORT}
