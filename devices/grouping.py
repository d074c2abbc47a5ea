"""Parts of one moment that a device sends in packets of their own, put together again."""

from .reading import Sample, merge

PATIENCE = 16  # moments without a kind of part until nobody waits for it any more


class Grouping:
    """Collects the parts of a moment, whose kinds come in rising order.

    A moment is complete with the last kind that is usual, so that no reading waits for the next one; where that part
    is lost, the first part of the next moment ends it, and nothing but the lost part is missing.
    """

    def __init__(self) -> None:
        self._absent: dict[int, int] = {}  # of each usual kind, for how many moments it did not come
        self._kinds: list[int] = []
        self._sample = Sample()
        self._moment: int | None = None

    def add(self, kind: int, sample: Sample, moment: int | None = None) -> list[Sample]:
        """What this part completes: the moment before, its own, both or none.

        `moment` is what the device says of it (a stamp), None where parts carry none.
        """
        done = []
        if self._kinds and (kind <= self._kinds[-1] or moment != self._moment):
            done.append(self._finish())
        self._sample = merge(self._sample, sample) if self._kinds else sample
        self._moment = moment
        self._kinds.append(kind)
        if self._absent and kind >= max(self._absent):
            done.append(self._finish())
        return done

    def _finish(self) -> Sample:
        for kind in list(self._absent):
            self._absent[kind] += 1
            if self._absent[kind] > PATIENCE:
                del self._absent[kind]
        self._absent.update(dict.fromkeys(self._kinds, 0))
        self._kinds = []
        return self._sample
