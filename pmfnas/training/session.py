"""Trains the running segments in packs, all of them one epoch at a time.

    session.begin(segment)      a candidate joins, with initial weights or from a checkpoint
    session.advance()           trains one epoch of every candidate; returns the segments that ended

Candidates that share a frame are fused into packs of at most `width`. A pack is rebuilt whenever a candidate joins or
leaves; the seconds for this are set-up cost. The seconds of an epoch are shared equally among the candidates in the
pack, and those of a validation pass among the validated candidates. So all costs add up to the time spent here.

An error affects its candidate only. A loss that is not finite ends the candidate as diverged. If the device runs out of
memory, the pack returns to the start of its segments and is halved. A candidate that does not fit even alone fails, and
so does one of a user's family whose code fails.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
import torch

from pmfnas.core.errors import UnavailableError
from pmfnas.core.types import Cost, Curve, Diverged, Failed, Ok, Outcome
from pmfnas.training.checkpoints import Checkpoints, RunKey
from pmfnas.training.plans import AnyPack, Plan, first_state, pack_of, recipe_of
from pmfnas.training.recipe import Recipe
from pmfnas.training.state import TrainingState
from pmfnas.training.stream import DeviceImages
from pmfnas.training.trainer import Progress, Scores, evaluate, train_epoch


@dataclass(frozen=True, slots=True)
class Segment:
    """Epochs `start + 1 .. stop` of one training run."""

    number: int
    """Number of the segment within the session."""
    key: RunKey
    plan: Plan
    epochs: int
    """Length of the schedule."""
    start: int
    stop: int
    validate_at: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Ended:
    """The number and the outcome of a segment that ended."""

    number: int
    outcome: Outcome


@dataclass
class _Member:
    """A segment in training, with its results and its cost so far."""

    segment: Segment
    first: TrainingState
    """State at the start of the segment."""
    state: TrainingState
    """State when the candidate's pack was last taken apart."""
    trained: list[Scores] = field(default_factory=list)
    validated: dict[int, Scores] = field(default_factory=dict)
    cost: Cost = field(default_factory=Cost)
    failure: str = ""
    """Why the training cannot go on; empty if it can."""

    @property
    def epoch(self) -> int:
        return self.segment.start + len(self.trained)

    @property
    def diverged(self) -> bool:
        return any(not np.isfinite(scores.loss) for scores in self.trained)

    @property
    def wants_validation(self) -> bool:
        return self.epoch in self.segment.validate_at and self.epoch not in self.validated and not self.diverged

    def progress(self) -> Progress:
        return Progress(self.segment.key.seed, self.epoch, self.segment.epochs)

    def charge(self, *, train_s: float = 0.0, valid_s: float = 0.0, setup_s: float = 0.0) -> None:
        cost = self.cost
        self.cost = Cost(cost.train_s + train_s, cost.valid_s + valid_s, cost.setup_s + setup_s)

    def curve(self) -> Curve:
        valid = [self.validated[epoch] for epoch in sorted(self.validated)]
        return Curve(
            start=self.segment.start,
            train_loss=np.array([s.loss for s in self.trained]),
            train_acc=np.array([s.accuracy for s in self.trained]),
            valid_epochs=tuple(sorted(self.validated)),
            valid_loss=np.array([s.loss for s in valid]),
            valid_acc=np.array([s.accuracy for s in valid]),
        )


@dataclass
class _Group:
    """The members of a pack, and the number of epochs since the pack was built."""

    members: list[_Member]
    pack: AnyPack
    epochs: int = 0


class Session:
    """All trainings on one device."""

    def __init__(
        self,
        images: DeviceImages,
        recipe: Recipe,
        checkpoints: Checkpoints,
        *,
        width: int = 1,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Prepare an empty session.

        Args:
            images: images on the training device.
            recipe: recipe of all trainings.
            checkpoints: folder for the states at the ends of segments.
            width: largest number of candidates in a pack.
            clock: a rising clock in seconds.
        """
        self.images, self.recipe, self.checkpoints = images, recipe, checkpoints
        self.width = width
        self._clock = clock
        self._members: dict[int, _Member] = {}
        self._groups: list[_Group] = []
        self.at_work: tuple[int, ...] = ()
        """Numbers of the segments that are being trained or validated now."""

    def __len__(self) -> int:
        return len(self._members)

    def begin(self, segment: Segment) -> None:
        """Let a segment join.

        Raises:
            DataError: its start checkpoint cannot be read.
            UnavailableError: its network cannot be built.
        """
        if segment.start:
            state = self.checkpoints.load(segment.key, segment.start)
        else:
            state = first_state(segment.plan, segment.key.seed, dtype=self.images.dtype)
        self._take_apart()
        self._members[segment.number] = _Member(segment, state, state)

    def abandon(self, number: int) -> Cost:
        """Remove a segment without a checkpoint and return its cost."""
        self._take_apart()
        return self._members.pop(number).cost

    def cost(self, number: int) -> Cost:
        """Return the cost so far of a segment in training."""
        return self._members[number].cost

    def advance(self) -> list[Ended]:
        """Train all candidates for one epoch, validate, save, and return the segments that ended, oldest first."""
        begin_s, before_s = self._clock(), sum(m.cost.total_s for m in self._members.values())
        everybody = self._work_on(list(self._members.values()))
        self._train([m for m in everybody if m.epoch < m.segment.stop])
        self._validate([m for m in everybody if m.wants_validation and not m.failure])
        failed = [m for m in everybody if m.failure]
        done = [m for m in everybody if not m.failure and (m.epoch == m.segment.stop or m.diverged)]
        if done or failed:
            self._take_apart()
        for member in self._work_on(done):
            if not member.diverged:
                self.checkpoints.save(member.segment.key, member.state)
        accounted_s = sum(m.cost.total_s for m in everybody) - before_s
        rest_s = self._clock() - begin_s - accounted_s  # taking packs apart, saving
        for member in everybody:
            member.charge(train_s=max(0.0, rest_s) / len(everybody))
        ended = [self._end(member) for member in done] + [self._fail(member) for member in failed]
        return sorted(ended, key=lambda e: e.number)

    # ------------------------------------------------------------------------------------------------- one epoch

    def _train(self, members: list[_Member]) -> None:
        """Train one epoch of `members`; note why members fail."""
        live = {id(group.members[0]): group for group in self._groups}
        waiting = [group.members for group in self._groups] or list(_chunks(members, self.width))
        while waiting:
            chunk = self._work_on(waiting.pop(0))
            group = live.pop(id(chunk[0]), None)
            begin_s = built_s = self._clock()
            try:
                if group is None:
                    group, built_s = self._build(chunk), self._clock()
                self._epoch(group)
            except torch.OutOfMemoryError:
                self._retreat(chunk)
                waiting += [] if chunk[0].failure else list(_chunks(chunk, self.width))
            except UnavailableError as error:
                self._give_up(chunk, str(error))
            setup_s, train_s = (built_s - begin_s) / len(chunk), (self._clock() - built_s) / len(chunk)
            for member in chunk:
                member.charge(train_s=train_s, setup_s=setup_s)

    def _build(self, members: list[_Member]) -> _Group:
        """Fuse `members` into a pack on the device."""
        plans, states = [m.segment.plan for m in members], [m.state for m in members]
        group = _Group(members, pack_of(plans, states, self._recipe(members), self.images.device))
        self._groups.append(group)
        return group

    def _epoch(self, group: _Group) -> None:
        """Train a pack for one epoch."""
        recipe = self._recipe(group.members)
        scores = train_epoch(group.pack, [m.progress() for m in group.members], self.images, recipe)
        group.epochs += 1
        for member, score in zip(group.members, scores, strict=True):
            member.trained.append(score)

    def _recipe(self, members: list[_Member]) -> Recipe:
        """Return the recipe of members that share a frame."""
        return recipe_of(members[0].segment.plan, self.recipe)

    def _give_up(self, members: list[_Member], why: str) -> None:
        """Note why members fail, and remove their pack."""
        self._groups = [group for group in self._groups if group.members is not members]
        for member in members:
            member.failure = why

    def _retreat(self, members: list[_Member]) -> None:
        """Return members to the start of their segments and halve the width. A lone member fails."""
        self._groups = [group for group in self._groups if group.members is not members]
        if self.images.device.type == "cuda":
            torch.cuda.empty_cache()
        if len(members) == 1:
            self._give_up(members, "out of memory, even alone on the device")
            return
        self.width = len(members) // 2
        for member in members:
            member.state = member.first
            member.trained.clear()
            member.validated.clear()

    def _validate(self, members: list[_Member]) -> None:
        if not members:
            return
        self._collect_states()
        for chunk in map(self._work_on, _chunks(members, self.width)):
            begin_s = self._clock()
            try:
                scores = self._scores(chunk)
            except UnavailableError as error:
                self._give_up(chunk, str(error))
                continue
            share_s = (self._clock() - begin_s) / len(chunk)
            for member, score in zip(chunk, scores, strict=True):
                member.validated[member.epoch] = score
                member.charge(valid_s=share_s)

    def _scores(self, members: list[_Member]) -> list[Scores]:
        """Return loss and accuracy of members on the validation images."""
        plans, states, images = [m.segment.plan for m in members], [m.state for m in members], self.images
        weights = images.valid_weights if self.recipe.balanced else None
        return evaluate(plans, states, images.validation(), self._recipe(members), images.device, weights)

    def _work_on(self, members: list[_Member]) -> list[_Member]:
        """Record `members` as the ones at work and return them."""
        self.at_work = tuple(member.segment.number for member in members)
        return members

    # --------------------------------------------------------------------------------------------- members and packs

    def _collect_states(self) -> None:
        """Update the states of all members of packs."""
        for group in self._groups:
            for member, state in zip(group.members, group.pack.states(group.epochs), strict=True):
                member.state = state

    def _take_apart(self) -> None:
        self._collect_states()
        self._groups.clear()

    def _end(self, member: _Member) -> Ended:
        del self._members[member.segment.number]
        kind = Diverged if member.diverged else Ok
        return Ended(member.segment.number, kind(member.curve(), member.cost))

    def _fail(self, member: _Member) -> Ended:
        del self._members[member.segment.number]
        return Ended(member.segment.number, Failed(member.failure, member.cost))


def _chunks(members: list[_Member], width: int) -> Iterable[list[_Member]]:
    """Yield members that share a frame, at most `width` at a time, in order."""
    frames: dict[tuple[object, ...], list[_Member]] = {}
    for member in members:
        frames.setdefault(member.segment.plan.frame, []).append(member)
    for alike in frames.values():
        for start in range(0, len(alike), width):
            yield alike[start : start + width]
