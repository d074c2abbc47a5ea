"""The contract of every device: three reads, threads that end, faults that reach the owner."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from mocamba.devices.device import NEVER, Device, Retry, State
from mocamba.devices.errors import ConnectError, DeviceError, LinkLostError, NoDataError, Reason, StaleDataError
from mocamba.devices.mailbox import Mailbox

pytestmark = pytest.mark.usefixtures("nothing_left")

SOON = Retry(attempts=3, first=0.01, longest=0.02)


@dataclass(frozen=True)
class Item:
    number: int
    sensor: str = "a"
    host_ns: int = field(default_factory=time.monotonic_ns)


class Counting(Device[Item]):
    """Counts until told otherwise; what `_open` and `_read` raise is taken from lists."""

    def __init__(self, retry: Retry = SOON, capacity: int = 1000) -> None:
        super().__init__("counter", capacity=capacity, retry=retry)
        self.number = self.opened = self.shut = 0
        self.fail_open: list[Exception | None] = []
        self.fail_read: list[Exception] = []
        self.pause = 0.002

    def _open(self) -> None:
        self.opened += 1
        if self.fail_open and (error := self.fail_open.pop(0)) is not None:
            raise error

    def _read(self) -> Sequence[Item]:
        if self.fail_read:
            raise self.fail_read.pop(0)
        time.sleep(self.pause)
        self.number += 1
        return [Item(self.number)]

    def _shut(self) -> None:
        self.shut += 1


def read_on(device: Counting) -> None:
    while True:
        device.read_next(1.0)


def lost() -> LinkLostError:
    return LinkLostError("counter", Reason.UNPLUGGED, "it is gone.", "Plug it in.")


def refused() -> ConnectError:
    return ConnectError("counter", Reason.REFUSED, "it says no.", "Ask again.")


def test_next_gives_every_item_in_order() -> None:
    seen: list[int] = []
    with Counting() as device:
        while len(seen) < 50:
            seen += [item.number for item in device.read_next(1.0)]
    seen += [item.number for item in device._mailbox._unread]
    assert seen == list(range(1, len(seen) + 1))


def test_next_and_newest_wait_no_longer_than_told() -> None:
    box: Mailbox[Item] = Mailbox("box", 10)
    for read in (box.next, box.newest):
        started = time.monotonic()
        with pytest.raises(NoDataError, match=r"box: nothing came within 0\.05 s"):
            read(0.05)
        assert 0.04 < time.monotonic() - started < 0.5


def test_newest_passes_over_the_older_and_waits_for_a_newer() -> None:
    box: Mailbox[Item] = Mailbox("box", 10)
    box.put([Item(1), Item(2), Item(3)])
    assert box.newest(0).number == 3
    with pytest.raises(NoDataError):
        box.newest(0.01)
    threading.Timer(0.05, box.put, [[Item(4)]]).start()
    assert box.newest(1.0).number == 4


def test_newest_of_one_sensor_leaves_the_others() -> None:
    box: Mailbox[Item] = Mailbox("box", 10)
    box.put([Item(1, "a"), Item(2, "b"), Item(3, "a"), Item(4, "b")])
    assert box.newest(0, "a").number == 3
    assert [item.number for item in box.next(0)] == [2, 4]


def test_latest_may_be_read_again_but_not_when_stale() -> None:
    box: Mailbox[Item] = Mailbox("box", 10)
    with pytest.raises(NoDataError):
        box.latest(1.0)
    box.put([Item(1), Item(2, "b")])
    assert box.latest(1.0).number == 2
    assert box.latest(1.0, "a").number == 1
    assert len(box.take()) == 2
    assert box.latest(1.0).number == 2
    time.sleep(0.06)
    with pytest.raises(StaleDataError, match=r"b: its newest reading is 0.0\d s old") as caught:
        box.latest(0.05, "b")
    assert caught.value.reason is Reason.LATE
    assert caught.value.device == "b"


def test_a_full_mailbox_forgets_the_oldest_and_counts() -> None:
    box: Mailbox[Item] = Mailbox("camera", 1)
    box.put([Item(1), Item(2), Item(3)])
    assert box.overrun == 2
    assert [item.number for item in box.take()] == [3]


def test_connect_undoes_what_it_began() -> None:
    device = Counting()
    device.fail_open = [refused()]
    with pytest.raises(ConnectError, match=r"it says no\. Ask again\."):
        device.connect()
    assert device.shut == 1
    assert device.state is State.CLOSED
    with device:
        assert device.read_next(1.0)


def test_a_device_that_says_nothing_is_not_connected() -> None:
    device = Counting()
    device.speaks_within = 0.05
    device._read = lambda: ()  # type: ignore[method-assign]
    with pytest.raises(ConnectError) as caught:
        device.connect()
    assert caught.value.reason is Reason.SILENT
    assert device.shut == 1


def test_connected_twice_is_refused_and_closed_twice_is_not() -> None:
    device = Counting()
    device.connect()
    with pytest.raises(ConnectError, match="connected already"):
        device.connect()
    device.close()
    device.close()
    device.read_unread()
    with pytest.raises(DeviceError) as caught:
        device.read_next(0.1)
    assert caught.value.reason is Reason.CLOSED


def test_a_lost_device_comes_back_after_some_attempts() -> None:
    device = Counting()
    with device:
        device.read_next(1.0)
        device.fail_open = [refused(), refused()]
        device.fail_read = [lost()]
        deadline = time.monotonic() + 2
        while device.opened < 4 and time.monotonic() < deadline:
            time.sleep(0.005)
        device.read_unread()
        assert device.read_next(1.0)
        assert device.state is State.CONNECTED
        assert [fault.reason for fault in device.faults] == [Reason.UNPLUGGED]
    assert device.opened == 4


def test_attempts_have_a_limit_and_the_reader_learns_why() -> None:
    device = Counting()
    with device:
        device.fail_open = [refused()] * 9
        device.fail_read = [lost()]
        with pytest.raises(LinkLostError, match="did not come back in 3 attempts; the last one ended with: it says no"):
            read_on(device)
        assert device.state is State.FAILED
        assert device.opened == 4


def test_what_no_waiting_mends_is_not_tried_again() -> None:
    device = Counting()
    denied = ConnectError("counter", Reason.LIBRARY, "you may not.", "Ask.")
    with device:
        device.fail_open = [denied]
        device.fail_read = [lost()]
        with pytest.raises(LinkLostError, match=r"back in 1 attempts.*you may not"):
            read_on(device)
        assert device.opened == 2


def test_without_retry_the_fault_itself_arrives() -> None:
    device = Counting(NEVER)
    with device:
        device.fail_read = [lost()]
        with pytest.raises(LinkLostError, match="it is gone"):
            read_on(device)
    assert device.opened == 1


def test_an_unforeseen_fault_in_the_thread_reaches_the_owner() -> None:
    device = Counting()
    with device:
        device.fail_read = [ZeroDivisionError("a bug")]
        for _ in range(2):
            with pytest.raises(ZeroDivisionError, match="a bug"):
                read_on(device)
    assert device.shut >= 1


def test_pauses_grow_up_to_the_longest() -> None:
    retry = Retry(attempts=6, first=0.25, longest=2.0)
    assert [retry.pause(attempt) for attempt in range(6)] == [0.25, 0.5, 1.0, 2.0, 2.0, 2.0]
    assert retry.pause(10_000) == 2.0


def test_close_does_not_wait_for_a_pause() -> None:
    device = Counting(Retry(attempts=3, first=30.0, longest=30.0))
    with device:
        device.fail_read = [lost()]
        time.sleep(0.05)
        assert device.state is State.RECONNECTING
        started = time.monotonic()
    assert time.monotonic() - started < 1.0
