"""The test bed says why it did not come up, and leaves nothing behind when it goes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import psutil
import pytest
from testbed.build import program
from testbed.control_plane import ControlPlane, ControlPlaneError, _etcd_flags, _free_ports

pytestmark = [pytest.mark.enable_socket, pytest.mark.timeout(300)]


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """Return a program of which the API server ends at once."""
    script = tmp_path / "control-plane"
    script.write_text('#!/bin/sh\n[ "$1" = etcd ] && exec sleep 60\necho "the disk is full" >&2\nexit 3\n')
    script.chmod(0o755)
    return script


def children() -> list[str]:
    return [" ".join(each.cmdline()[:2]) for each in psutil.Process(os.getpid()).children(recursive=True)]


def test_what_does_not_come_up_says_why_and_keeps_its_log(broken: Path) -> None:
    with pytest.raises(ControlPlaneError) as wrong, ControlPlane(broken):
        pass
    said = re.match(r"(.*); its log is (\S+):\n(.*)", str(wrong.value))
    assert said
    assert (said[1], said[3]) == ("kube-apiserver ended with status 3", "the disk is full")
    assert Path(said[2]).read_text() == "the disk is full\n"
    shutil.rmtree(Path(said[2]).parent)


def test_what_does_not_come_up_is_stopped(broken: Path) -> None:
    before = children()
    with pytest.raises(ControlPlaneError, match="its log is") as wrong, ControlPlane(broken):
        pass
    assert children() == before
    found = re.search(r"its log is (\S+)/kube-apiserver.log", str(wrong.value))
    assert found
    shutil.rmtree(found[1])


def test_a_server_ends_when_whoever_started_it_does(tmp_path: Path) -> None:
    client, peer = _free_ports(2)
    command = [str(program()), "etcd", *_etcd_flags(client, peer, tmp_path / "data")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as etcd:
        assert etcd.stdin is not None
        etcd.stdin.close()
        try:
            assert etcd.wait(60) == 0
        finally:
            etcd.kill()
