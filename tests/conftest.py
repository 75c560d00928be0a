"""Fixtures of the black-box tests. Each test has network and mount namespaces of its own."""
import os
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import pytest

from harness import namespace
from harness.peers import Nsd, PeersRoot, Postfix
from harness.server import BINARY, Malleposte
from harness.sink import Sink


def pytest_configure(config):
    if os.geteuid() != 0:
        raise pytest.UsageError("these tests make namespaces and run neighbours as root: "
                                "use ./dev test")


@pytest.fixture(autouse=True)
def own_namespaces():
    namespace.enter_new()


@pytest.fixture
def malleposte(tmp_path, request):
    """malleposte(**properties) starts a server and returns it; started=False only prepares it. Its
    segments are small unless a test says otherwise: of the usual ones each server would write some
    200 MB, and they would lie there until the last test has ended."""
    assert os.access(BINARY, os.X_OK), f"{BINARY} is missing: ./dev build"
    servers = []

    def make(started=True, name=None, **properties):
        server = Malleposte(tmp_path / (name or f"malleposte{len(servers)}"),
                            **{"segment_size": "4MB", **properties})
        servers.append(server)
        return server.start() if started else server

    yield make
    failures = []
    for server in servers:
        try:
            server.end()
        except AssertionError as failure:
            failures.append(failure)
        if server.said.exists():
            print(f"--- what {server.directory.name} said\n{server.output()}")
        shutil.rmtree(server.data)
    assert not failures, failures[0]


@pytest.fixture
def malleposte_towards(malleposte, tmp_path):
    """malleposte_towards(port): a server whose next hop for example.com is at that port of
    127.0.0.1; all else goes to 127.0.0.1:2600, the sink's."""
    def make(port, **properties):
        routes = tmp_path / "routes"
        routes.write_text(f"example.com [127.0.0.1]:{port}\n* [127.0.0.1]:2600\n")
        return malleposte(**{"routes": routes, "message_size_limit": "50MB", **properties})

    return make


@pytest.fixture
def sink():
    """sink(**options) opens a next hop on 127.0.0.1:2600, or where the options say."""
    sinks = []

    def make(**options):
        sinks.append(Sink(**options))
        return sinks[-1]

    yield make
    for one in sinks:
        one.close()


@pytest.fixture
def peers_root(tmp_path):
    root = PeersRoot(tmp_path / "peers")
    yield root
    root.close()


@pytest.fixture
def postfix(peers_root):
    """postfix(**settings) starts Postfix on 127.0.0.1:2700."""
    started = []

    def make(**settings):
        started.append(Postfix(peers_root, **settings))
        return started[-1]

    yield make
    for one in started:
        print(f"--- Postfix's log\n{one.log()[-8000:]}")


@pytest.fixture
def dns(peers_root):
    """dns({zone: lines}) starts NSD on 127.0.0.1:53 with these zones."""
    return lambda zones: Nsd(peers_root, zones)
