"""Care of sensors: rate, loss, battery, magnetic field; devices that come and go; what cannot be true."""

import math
import socket
import sys
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mocamba.devices.clocks import StampGaps, WrappingClock
from mocamba.devices.device import Retry, State
from mocamba.devices.discovery import MORE_PORTS, Found, find_ble, find_serial, find_udp
from mocamba.devices.errors import ConnectError, Reason
from mocamba.devices.families import FAMILIES, open_device
from mocamba.devices.grouping import PATIENCE, Grouping
from mocamba.devices.health import HealthMonitor
from mocamba.devices.plausible import clean
from mocamba.devices.radio import Radio
from mocamba.devices.reading import Reading, Sample, as_reading, merge
from mocamba.devices.roster import Roster
from mocamba.devices.sensor import MOST
from mocamba.devices.simulated.cast import TRANSPORTS, Cast, Production
from mocamba.devices.simulated.speaker import Flaws, Imperfections, Unplugging
from mocamba.devices.simulated.wearer import MOTIONS, Wearer
from mocamba.rig.errors import BadInputError

from .sensor_casts import fault_of, gather, needs_pty, wait_for

pytestmark = pytest.mark.usefixtures("nothing_left")


def reading(k: int, **more: object) -> Reading:
    values: dict[str, object] = {"rate": (0.0, 0.0, 0.0)} | more
    return Reading(sensor="a", host_ns=time.monotonic_ns() - 3_000_000_000 + k * 10_000_000, **values)  # type: ignore[arg-type]


def test_rate_and_loss_by_count() -> None:
    monitor = HealthMonitor()
    monitor.add([reading(k, lost=int(k % 4 == 3)) for k in range(300)])
    (health,) = monitor.report()
    assert health.rate == pytest.approx(100, abs=1)
    assert health.loss == pytest.approx(75 / 375)
    assert health.lost == 75


def test_loss_by_rate_where_nothing_is_counted() -> None:
    monitor = HealthMonitor()
    monitor.set_rate(125)
    monitor.add([reading(k) for k in range(300)])
    assert monitor.report()[0].loss == pytest.approx(0.2, abs=0.01)
    monitor.set_rate(None)
    assert monitor.report()[0].loss is None


def test_battery_is_the_last_that_was_said() -> None:
    monitor = HealthMonitor()
    monitor.add([reading(0), reading(1, rate=None, battery=0.5), reading(2)])
    (health,) = monitor.report()
    assert (health.battery, health.readings) == (0.5, 2)


def test_a_magnet_is_noticed_and_turning_is_not() -> None:
    monitor = HealthMonitor()
    turned = [(50 * math.cos(k / 50), 50 * math.sin(k / 50), 0.0) for k in range(1200)]
    monitor.add([reading(k, magnetic=field) for k, field in enumerate(turned)])
    (health,) = monitor.report()
    assert health.field == pytest.approx(1)
    assert not health.disturbed
    monitor.add([reading(1200 + k, magnetic=(90.0, 0.0, 0.0)) for k in range(100)])
    assert monitor.report()[0].disturbed


def test_what_cannot_be_is_left_out() -> None:
    good = Sample(orientation=(1, 0, 0, 0), acceleration=(0, 0, 9.8), rate=(0, 0, 0), magnetic=(20, 0, 40))
    assert clean(good) == (good, ())
    for name, value in (
        ("orientation", (0.0, 0.0, 0.0, 0.0)),
        ("orientation", (math.nan, 0.0, 0.0, 1.0)),
        ("orientation", (2.0, 0.0, 0.0, 0.0)),
        ("acceleration", (math.inf, 0.0, 0.0)),
        ("rate", (0.0, 2000.0, 0.0)),
        ("magnetic", (0.0, math.nan, 0.0)),
    ):
        cleaned, wrong = clean(replace(good, **{name: value}))  # type: ignore[arg-type]
        assert getattr(cleaned, name) is None
        assert len(wrong) == 1
        assert cleaned.battery == good.battery


@given(st.floats(0.91, 1.09))
def test_rounded_quaternions_become_unit(norm: float) -> None:
    cleaned, wrong = clean(Sample(orientation=(0.6 * norm, 0.0, 0.8 * norm, 0.0)))
    assert wrong == ()
    assert cleaned.orientation == pytest.approx((0.6, 0, 0.8, 0))


@given(st.lists(st.integers(0, 1 << 33), min_size=2, max_size=50))
def test_wrapping_clock_follows_any_steps_below_half_its_range(steps: list[int]) -> None:
    clock, true = WrappingClock(), 0
    first = clock.unwrapped(0)
    for step in steps:
        true += step % (1 << 31)
        assert clock.unwrapped(true % (1 << 32)) - first == true * 1000


def test_stamp_gaps_by_rate_and_by_usual_step() -> None:
    known, learns = StampGaps(100.0), StampGaps()
    stamps = [k * 10_000_000 for k in range(40) if k not in (20, 21, 30)]
    assert sum(known.before(stamp) for stamp in stamps) == 3
    assert sum(learns.before(stamp) for stamp in stamps) == 3
    assert known.before(5) == 0  # switched off and on


def test_grouping_gives_moments_at_once_and_whole() -> None:
    group = Grouping()
    parts = {1: Sample(stamp_ns=1), 2: Sample(rate=(0, 0, 0)), 3: Sample(orientation=(1, 0, 0, 0))}
    given_out: list[Sample] = []
    for kind in (3, 1, 2, 3, 1, 2, 3):
        given_out += group.add(kind, parts[kind])
    whole = merge(merge(parts[1], parts[2]), parts[3])
    assert given_out[-2:] == [whole, whole]


@given(st.lists(st.sampled_from([None, 1, 2, 3]), min_size=10, max_size=60))
def test_grouping_loses_nothing_but_what_is_lost(lost: list[int | None]) -> None:
    group = Grouping()
    done: list[Sample] = []
    for moment, missing in enumerate([None, None, *lost, None, None]):
        for kind in (1, 2, 3):
            if kind != missing:
                values = {1: {"stamp_ns": moment}, 2: {"battery": moment / 100}, 3: {"rate": (float(moment), 0.0, 0.0)}}
                done += group.add(kind, Sample(**values[kind]))  # type: ignore[arg-type]
    for sample in done:
        moments = [
            sample.stamp_ns,
            sample.battery and round(100 * sample.battery),
            sample.rate and round(sample.rate[0]),
        ]
        assert len({m for m in moments if m is not None}) <= 1
    assert len(done) >= len(lost) + 3


def test_grouping_forgets_a_kind_that_no_longer_comes() -> None:
    group = Grouping()
    for _ in range(5):
        group.add(1, Sample(stamp_ns=1))
        group.add(2, Sample(battery=1.0))
    for _ in range(PATIENCE + 2):
        group.add(1, Sample(stamp_ns=2))
    assert len(group.add(1, Sample(stamp_ns=3))) == 1


def test_as_reading_keeps_everything() -> None:
    sample = Sample(stamp_ns=1, battery=0.5, rate=(1, 2, 3))
    made = as_reading(sample, "a", 7, 2)
    assert (made.stamp_ns, made.battery, made.rate, made.sensor, made.host_ns, made.lost) == (
        1,
        0.5,
        (1, 2, 3),
        "a",
        7,
        2,
    )


# the simulated wearer


@pytest.mark.parametrize("motion", MOTIONS)
def test_rounds_have_no_jump(motion: str) -> None:
    states = Wearer(motion).round("left_forearm", 100)
    count = len(states.states) + (len(states.states) - states.begin)
    for k in range(count):
        a, b = states.at(k).orientation, states.at(k + 1).orientation
        turned = 2 * math.degrees(math.acos(min(1, abs(sum(x * y for x, y in zip(a, b, strict=True))))))
        assert turned < 12, k  # no arm turns faster than 1200 degrees a second


def test_a_still_sensor_measures_gravity_and_the_earths_field() -> None:
    state = Wearer("still").round("head", 100).at(50)
    assert math.hypot(*state.raw) == pytest.approx(9.80665, abs=1e-3)
    assert math.hypot(*state.magnetic) == pytest.approx(math.hypot(20, 44))
    assert math.hypot(*state.free_world) < 1e-3


def test_imperfections_are_what_was_asked_for() -> None:
    state = Wearer("still").round("head", 100).at(50)
    drifting = Flaws(Imperfections(drift=60.0), 1)
    turned = drifting.spoil(state, 60.0).orientation
    dot = abs(sum(x * y for x, y in zip(turned, state.orientation, strict=True)))
    assert 2 * math.degrees(math.acos(dot)) == pytest.approx(60, abs=0.1)
    noisy = Flaws(Imperfections(acceleration_noise=0.5, rate_noise=0.1), 1)
    spread = [noisy.spoil(state, 0).raw[0] - state.raw[0] for _ in range(2000)]
    assert math.sqrt(sum(v * v for v in spread) / 2000) == pytest.approx(0.5, abs=0.05)
    losing = Flaws(Imperfections(loss=0.4), 1)
    assert sum(losing.loses() for _ in range(2000)) == pytest.approx(800, abs=80)


def test_productions_that_cannot_be() -> None:
    with pytest.raises(BadInputError, match="There is no family 'kinect'"):
        Production("kinect", "usb")
    with pytest.raises(BadInputError, match="dot sensors do not come over serial"):
        Production("dot", "serial")
    with pytest.raises(BadInputError, match="There is no motion 'fly'"):
        Cast(Production("csv", "tcp", motion="fly"))
    with pytest.raises(BadInputError, match="There is no slot 'tail'"):
        Wearer().round("tail", 100)


@needs_pty
def test_unplugging_by_plan() -> None:
    plan = Imperfections(unplug=(Unplugging("head", 0.1, 0.2), Unplugging("pelvis", 0.1)))
    with Cast(Production("csv", "serial", slots=("head", "pelvis"), imperfections=plan)) as cast:
        head, pelvis = cast.stage.actors
        wait_for(lambda: not head.plugged and not pelvis.plugged)
        wait_for(lambda: head.plugged)
        assert not pelvis.plugged


# discovery and the roster


@needs_pty
@pytest.mark.parametrize("family", ["csv", "witmotion", "ximu3"])
def test_serial_sensors_are_told_by_listening(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Cast(Production(family, "serial", slots=("head", "pelvis"))) as cast:
        monkeypatch.setenv(MORE_PORTS, ",".join([*cast.addresses, "/dev/ttyUSB97"]))
        found = find_serial(held={cast.addresses[1]})
    assert [(thing.family, thing.address, thing.usable) for thing in found] == [
        (family, cast.addresses[0], True),
        (None, "/dev/ttyUSB97", False),
    ]
    assert found[1].reason is Reason.NOT_FOUND


@needs_pty
def test_a_port_in_use_and_a_silent_one_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mocamba.devices.discovery.LISTEN", 0.02)
    production = Production("csv", "serial", slots=("head",))
    with Cast(production) as cast, open_device("csv", "serial", cast.addresses[0], Radio()):
        monkeypatch.setenv(MORE_PORTS, cast.addresses[0])
        (found,) = find_serial()
        assert (found.usable, found.reason) == (False, Reason.IN_USE)
    cast = Cast(production)
    try:
        monkeypatch.setenv(MORE_PORTS, cast.addresses[0])
        (found,) = find_serial()
        assert (found.usable, found.reason) == (False, Reason.SILENT)
    finally:
        cast.stop()


def test_network_sensors_are_found_by_what_they_send(monkeypatch: pytest.MonkeyPatch) -> None:
    # ports of our own: a server of SlimeVR's may be running here
    ports = dict(zip(("slimevr", "csv", "ximu3", "announced"), free_ports(4), strict=True))
    monkeypatch.setattr(
        "mocamba.devices.discovery.FAMILIES",
        {name: replace(family, port=ports.get(name)) for name, family in FAMILIES.items()},
    )
    for module in ("mocamba.devices.discovery", "mocamba.devices.ximu3.simulate"):
        monkeypatch.setattr(f"{module}.ANNOUNCED", ports["announced"])
    slots = ("head", "pelvis")
    with (
        Cast(Production("slimevr", "udp", slots=slots, port=ports["slimevr"])),
        Cast(Production("csv", "udp", slots=slots, port=ports["csv"])),
        Cast(Production("ximu3", "udp", slots=slots, port=ports["ximu3"])),
    ):
        found = find_udp(1.2)
    assert {thing.family for thing in found} == {"slimevr", "csv", "ximu3"}
    assert all(thing.usable for thing in found)
    labels = {thing.family: thing.label for thing in found if thing.family != "ximu3"}
    assert labels["slimevr"] == "2 of SlimeVR: de:ad:be:ef:00:01, de:ad:be:ef:00:02"
    assert labels["csv"] == "2 of text lines: head, pelvis"
    assert "head 00000001 at 127.0.0.1" in {thing.label for thing in found}


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(count)]
    for one in sockets:
        one.bind(("", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


@needs_pty
def test_roster_goes_on_without_one_and_takes_it_back() -> None:
    with Radio() as radio, Cast(Production("csv", "serial", slots=("head", "pelvis"))) as cast, Roster(radio) as roster:
        found = [Found("serial", address, "csv", "") for address in (*cast.addresses, "/dev/ttyUSB96")]
        errors = roster.add(found)
        assert [error.reason for error in errors] == [Reason.NOT_FOUND]
        assert roster.held == frozenset(cast.addresses)
        for device in roster._devices.values():
            device.retry = Retry(attempts=2, first=0.01)
        cast.stage.unplug("head")
        wait_for(lambda: roster.read_unread() and roster.held == {cast.addresses[1]})
        states = {status.name: status.state for status in roster.status()}
        assert states[f"csv {cast.addresses[0]}"] is State.FAILED
        assert states[f"csv {cast.addresses[1]}"] is State.CONNECTED
        cast.stage.plug_in("head")
        roster.add(found)
        assert roster.held == frozenset(cast.addresses)
        wait_for(lambda: {one.sensor[-4:] for one in roster.read_unread()} >= {"head", "lvis"})
        assert len(roster.reset_heading()) == 2  # text lines cannot


def test_families_know_their_transports() -> None:
    with Radio() as radio:
        for family, transports in TRANSPORTS.items():
            for transport in {"serial" if one == "tcp" else one for one in transports}:
                address = "udp:0" if transport == "udp" else "x"
                assert open_device(family, transport, address, radio).state is State.CLOSED
            assert FAMILIES[family].name == family
        with pytest.raises(ConnectError) as caught:
            open_device("dot", "serial", "COM1", radio)
        assert caught.value.reason is Reason.UNSUPPORTED


@pytest.mark.usefixtures("hurried")
def test_a_flooded_port_ends_neither_memory_nor_sensors() -> None:
    flood = range(3 * MOST)
    with (
        open_device("csv", "udp", "udp:0", Radio()) as device,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
    ):
        to = ("127.0.0.1", device._link.port)  # type: ignore[attr-defined]
        for number in flood:
            sender.sendto(b"".join(b"s%d,%d,1,0,0,0,0,0,9.8\n" % (number, k) for k in range(5)), to)
        wait_for(lambda: fault_of(device, Reason.IDENTITY))  # the first that is one too many; others come behind it
        readings = gather(device, 0.3)
        assert len({one.sensor for one in readings}) == len(device.health) == MOST


def test_a_closed_radio_stays_closed() -> None:
    radio = Radio()
    radio.close()
    with pytest.raises(ConnectError) as caught:
        radio.scan(0.1)
    assert caught.value.reason is Reason.CLOSED


def test_missing_libraries_are_named_with_what_installs_them(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("serial", "serial.tools", "bleak"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ConnectError, match=r"pip install 'mocamba\[devices\]'") as caught:
        open_device("csv", "serial", "/dev/ttyUSB0", Radio()).connect()
    assert caught.value.reason is Reason.LIBRARY
    with Radio() as radio:
        for found in (find_serial(), find_ble(radio, 0.1)):
            assert [(thing.usable, thing.reason) for thing in found] == [(False, Reason.LIBRARY)]
