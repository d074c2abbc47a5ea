"""Simulated sensors at work: each takes its samples on time and sends them, in one thread for all."""

import heapq
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

from .channels import Channel
from .speaker import Flaws, Imperfections, Said, Speaker
from .wearer import Wearer

LISTEN_EVERY = 0.01  # seconds between two looks for commands
LATE = 0.5  # seconds behind at which samples are skipped instead of sent in a burst


@dataclass(frozen=True)
class Truth:
    """What nobody outside knows: `host_ns` on `time.monotonic_ns()` at which the clock showed 0, and its rate."""

    started_ns: int
    clock_rate: float

    def host_ns(self, stamp_ns: int) -> float:
        """When a sample was taken, by its true device stamp."""
        return self.started_ns + stamp_ns / self.clock_rate


@dataclass
class Actor:
    """A sensor on `slot`, and what became of its samples: `made` = `sent` + `lost` + `blocked`.

    `skipped` were never made, because the machine had no time for the simulation.
    """

    slot: str
    speaker: Speaker
    channel: Channel
    flaws: Flaws
    truth: Truth
    plugged: bool = True
    made: int = 0
    sent: int = 0
    lost: int = 0
    blocked: int = 0
    skipped: int = 0
    index: int = 0
    stamp_ns: int = 0

    @property
    def due_ns(self) -> float:
        """When its next sample is taken."""
        return self.truth.host_ns(self.stamp_ns)


class Stage:
    """Runs `actors` on `wearer` from `start` to `stop`. Unplugging happens as `imperfections` say, or by `unplug`."""

    def __init__(
        self, wearer: Wearer, cast: Sequence[tuple[str, Speaker, Channel]], imperfections: Imperfections
    ) -> None:
        self._wearer = wearer
        self._what = imperfections
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        begin = time.monotonic_ns()
        self.actors: list[Actor] = []
        for number, (slot, speaker, channel) in enumerate(cast):
            flaws = Flaws(imperfections, number)
            # sensors are not switched on in the same instant, nor are their samples
            started = begin - round((1 + number * 1.37) * 1e9)
            self.actors.append(Actor(slot, speaker, channel, flaws, Truth(started, flaws.clock_rate)))
        self._error: Exception | None = None

    def start(self) -> None:
        """Begin to send."""
        for actor in self.actors:
            actor.stamp_ns = round((time.monotonic_ns() - actor.truth.started_ns) * actor.truth.clock_rate)
            self._wearer.round(actor.slot, actor.speaker.rate)
        self._thread = threading.Thread(target=self._run, name="simulated sensors", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End, and close every channel. Raises what ended the simulation before."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(5.0)
        for actor in self.actors:
            actor.channel.close()
        if self._error is not None:
            raise self._error

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def unplug(self, slot: str) -> None:
        """Pull the sensor on `slot` out."""
        with self._lock:
            actor = self._actor(slot)
            if actor.plugged:
                actor.plugged = False
                actor.channel.unplug()

    def plug_in(self, slot: str) -> None:
        """Put it back; it forgot what was not saved."""
        with self._lock:
            actor = self._actor(slot)
            if not actor.plugged:
                actor.channel.plug_in()
                actor.speaker.switch_on()
                actor.plugged = True

    def begin_again(self) -> None:
        """The performer starts from the beginning; the sensors' clocks go on."""
        with self._lock:
            for actor in self.actors:
                actor.index = 0

    def _actor(self, slot: str) -> Actor:
        return next(actor for actor in self.actors if actor.slot == slot)

    def _run(self) -> None:
        try:
            self._play()
        except Exception as error:  # the boundary of the thread: `stop` raises it
            self._error = error

    def _play(self) -> None:
        begin = time.monotonic()
        queue = [(actor.due_ns, number) for number, actor in enumerate(self.actors)]
        heapq.heapify(queue)
        events = self._events()
        listened = 0.0
        while not self._stop.is_set():
            now = time.monotonic()
            if now - listened > LISTEN_EVERY:
                listened = now
                self._listen()
            while events and now - begin >= events[0][0]:
                _, slot, plug = events.pop(0)
                (self.plug_in if plug else self.unplug)(slot)
            due_ns, number = queue[0]
            if (wait := due_ns / 1e9 - now) > 0:
                time.sleep(min(wait, LISTEN_EVERY))
                continue
            actor = self.actors[number]
            with self._lock:
                self._take_sample(actor, now)
            heapq.heapreplace(queue, (actor.due_ns, number))

    def _events(self) -> list[tuple[float, str, bool]]:
        """When which sensor is pulled out (False) and put back (True), in order."""
        events = [(pull.at, pull.slot, False) for pull in self._what.unplug]
        events += [(p.at + p.seconds, p.slot, True) for p in self._what.unplug if p.seconds is not None]
        return sorted(events)

    def _listen(self) -> None:
        with self._lock:
            for actor in self.actors:
                for data, target in actor.channel.received():
                    for answer in actor.speaker.hear(data, target):
                        actor.channel.send(answer, actor.speaker.baud)

    def _take_sample(self, actor: Actor, now: float) -> None:
        rate = actor.speaker.rate
        state = self._wearer.round(actor.slot, rate).at(actor.index)
        stamp = actor.stamp_ns
        actor.index += 1
        actor.stamp_ns += round(1e9 / rate)
        if now - actor.due_ns / 1e9 > LATE:  # the machine slept: leave a gap, as a sensor would
            gap = round((now * 1e9 - actor.truth.started_ns) * actor.truth.clock_rate) - actor.stamp_ns
            actor.skipped += round(gap * rate / 1e9)
            actor.stamp_ns += round(round(gap * rate / 1e9) * 1e9 / rate)
        said = actor.speaker.say(actor.flaws.spoil(state, stamp / 1e9), stamp) if actor.plugged else ()
        lost = actor.flaws.loses()
        left = [not lost and self._send(actor, part) for part in said]
        if any(part.sample for part in said):
            actor.made += 1
            actor.lost += lost
            # all packets of a moment leave, or it counts as blocked
            actor.sent += all(left)
            actor.blocked += not lost and not all(left)

    @staticmethod
    def _send(actor: Actor, said: Said) -> bool:
        return actor.channel.send(replace(said, data=actor.flaws.garbled(said.data)), actor.speaker.baud)
