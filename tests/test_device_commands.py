"""`mocamba devices` and `mocamba simulate`, as a shell sees them."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from mocamba.capture.commands.app import build_app
from mocamba.devices.discovery import MORE_PORTS
from mocamba.devices.simulated.cast import Cast, Production
from typer.testing import CliRunner, Result

from .sensor_casts import needs_bus, needs_pty, pretend_bluez

ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "COLUMNS": "200"}


def run(*arguments: object, **environment: str) -> Result:
    return CliRunner(env=environment).invoke(
        build_app(), [str(argument) for argument in arguments], prog_name="mocamba"
    )


@contextmanager
def simulation(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "mocamba", "simulate", "--json", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT) as child:
        try:
            yield child
        finally:
            child.kill()


def first_line(child: subprocess.Popen[str]) -> dict[str, Any]:
    assert child.stdout is not None
    values: dict[str, Any] = json.loads(child.stdout.readline())
    return values


@needs_pty
def test_simulated_sensors_are_found_from_another_process() -> None:
    with simulation("--family", "witmotion", "--slot", "head", "--slot", "pelvis") as child:
        said = first_line(child)
        result = run("devices", "--json", "--seconds", "0.3", **said["environment"])
        found = [thing for thing in json.loads(result.output)["devices"] if thing["transport"] == "serial"]
        assert [(thing["family"], thing["usable"]) for thing in found] == [("witmotion", True)] * 2
        assert [thing["address"] for thing in found] == [sensor["address"] for sensor in said["sensors"]]
        child.send_signal(signal.SIGINT)
        counts = first_line(child)["sensors"]
        assert child.wait(10) == 0
    assert [sensor["slot"] for sensor in counts] == ["head", "pelvis"]
    assert all(sensor["made"] == sensor["sent"] + sensor["lost"] + sensor["blocked"] for sensor in counts)


@needs_pty
def test_watch_connects_and_shows_how_they_are() -> None:
    with Cast(Production("csv", "serial", slots=("head",))) as cast:
        environment = {MORE_PORTS: cast.addresses[0]}
        shown = run("devices", "--watch", "--rounds", "1", "--seconds", "0.3", **environment)
        assert shown.exit_code == 0
        assert "/head" in shown.stdout
        assert "Hz  loss" in shown.stdout
        told = run("devices", "--watch", "--rounds", "1", "--seconds", "0.3", "--json", **environment)
    (device,) = json.loads(told.stdout)["devices"]
    assert device["state"] == "connected"
    assert device["sensors"][0]["rate"] > 20


@needs_bus
def test_bluetooth_that_is_off_is_said() -> None:
    with pretend_bluez() as bluez:
        bluez.power(False)
        result = run("devices", "--seconds", "0.3")
    assert result.exit_code == 0
    assert "Bluetooth is switched off. Switch Bluetooth on" in result.stdout
    assert "No sensor was found" in result.stdout


@needs_bus
def test_synchronise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mocamba.devices.dot.sync.SECONDS", 0.2)
    with pretend_bluez() as bluez:
        alone = run("devices", "--synchronise", "--seconds", "0.3")
        assert alone.exit_code == 1
        assert "0 of them can be heard" in alone.stderr
        with Cast(Production("dot", "ble", slots=("head", "pelvis")), bluez) as cast:
            result = run("devices", "--synchronise", "--seconds", "0.3", "--json")
    assert json.loads(result.stdout)["synchronised"] == list(cast.addresses)


def test_lines_for_people() -> None:
    result = run("simulate", "--family", "slimevr", "--seconds", "0.1", "--noise", "1", "--loss", "0.1")
    assert result.exit_code == 0
    assert "left_forearm   127.0.0.1:6969" in result.stdout
    assert "Ctrl-C ends the simulation." in result.stdout
    assert "lost on purpose" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--family", "kinect"), "There is no family 'kinect'. Choose one of: csv"),
        (("--family", "dot", "--transport", "udp"), "dot sensors do not come over udp"),
        (("--family", "csv", "--transport", "tcp", "--motion", "fly"), "There is no motion 'fly'"),
        (("--family", "slimevr", "--unplug", "head"), "'head' does not say which sensor is pulled out when"),
        (("--family", "slimevr", "--unplug", "tail@3"), "There is no slot 'tail'"),
        (("--family", "slimevr", "--slot", "tail"), "There is no slot 'tail'"),
    ],
)
def test_bad_input_is_one_sentence(arguments: tuple[str, ...], message: str) -> None:
    result = run("simulate", "--seconds", "0.1", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stdout == ""
