"""The two sides of an upgrade: from what was typed to an environment each, and to what is judged in them."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from normcheck.adapters.loading import TargetError
from normcheck.adapters.wishes import interpreter

from ..environments.building import DoesNotWork, Environment, NotInstalled, environment, versions
from ..environments.plan import Plan
from .frameworks import Framework, framework


class Wrong(Exception):  # noqa: N818 - a statement, not an error
    """What was asked for cannot be done; the message is a sentence that says what to do."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One side as it was typed: requirements, or the interpreter of an environment that is there.

    name: of the distribution whose versions are compared, the first that is required; empty for an interpreter.
    """

    text: str
    name: str = ""
    requirements: tuple[str, ...] = ()
    python: str | None = None


@dataclass(frozen=True, slots=True)
class Side:
    """One side that can be run. targets: what is judged in its environment.

    again: which process of a target this side asks, 2 where the other side is the same environment.
    """

    text: str
    environment: Environment
    targets: tuple[str, ...]
    again: int = 1

    @property
    def requested(self) -> tuple[str, ...]:
        """What `--target` is given for it."""
        again = f"#{self.again}" if self.again > 1 else ""
        return tuple(f"{target}@{self.environment.python}{again}" for target in self.targets)


@dataclass(frozen=True, slots=True)
class Options:
    """targets: what is judged, in place of what is usual. host: what stands behind both sides, in place of the usual.

    cache: where environments are kept. anew: they are built again. plan: what else decides how they are built.
    """

    cache: Path
    tell: Callable[[str], None]
    targets: tuple[str, ...] = ()
    host: str = ""
    anew: bool = False
    plan: Plan = field(default_factory=lambda: Plan(()))

    def had(self, requirements: Sequence[str], host: str | None = None, works: str = "") -> Environment:
        """The environment of `requirements`. Raises NotInstalled."""
        plan = replace(self.plan, requirements=tuple(requirements), host=host, works=works)
        return environment(plan, self.cache, self.tell, anew=self.anew)


def wanted(text: str) -> Wanted:
    """What was typed: `keras==3.8.0`, several in quotes, or `@path/to/python`. Raises Wrong."""
    if text.startswith("@"):
        try:
            return Wanted(text, python=interpreter(text[1:]))
        except TargetError as error:
            raise Wrong(str(error)) from None
    words = (text,) if " @ " in text or ";" in text else tuple(shlex.split(text))
    try:
        names = [canonicalize_name(Requirement(word).name) for word in words]
    except InvalidRequirement:
        names = []
    if not names:
        raise Wrong(
            f"'{text}' is no requirement. Write keras==3.8.0, several in quotes as \"torch==2.2.* numpy<2\", or "
            "@path/to/python for an environment that is there."
        )
    return Wanted(text, names[0], words)


def sides(before: Wanted, after: Wanted, options: Options) -> tuple[Side, Side]:
    """Both sides, their environments built. Raises Wrong, NotInstalled."""
    names = before.name or after.name, after.name or before.name
    known = [framework(name, options.targets) for name in names]
    if not options.targets and not all(one.targets for one in known):
        told = " and ".join(dict.fromkeys(name or "an interpreter" for name in names))
        raise Wrong(f"nothing tells what to judge of {told}: name it with --target, an adapter or a file of your own.")
    first, second = environments(before, after, known, options)
    targets = [options.targets or judged(one, there) for one, there in zip(known, (first, second), strict=True)]
    same = first.python == second.python and targets[0] == targets[1]
    if same:
        options.tell(f"both sides are one environment, {first.python}: two processes of it are compared.")
    return Side(before.text, first, targets[0]), Side(after.text, second, targets[1], 2 if same else 1)


def judged(known: Framework, there: Environment) -> tuple[str, ...]:
    """What is judged of a framework; of a TensorFlow that comes with Keras 2, that one."""
    with_keras_2 = there.versions.get("keras", "").startswith("2.")
    return tuple("tf.keras" if one == "keras" and with_keras_2 else one for one in known.targets)


def environments(
    before: Wanted, after: Wanted, known: Sequence[Framework], options: Options
) -> tuple[Environment, Environment]:
    """An environment for each side.

    What has a host has the same one on both; where one side brings all of its own, that side's.
    """
    both = [before, after]
    fixed = {at: there for at, there in enumerate(map(_there, both)) if there}
    plain = [at for at in (0, 1) if at not in fixed and not (known[at].hosts or options.host)]
    fixed |= {at: options.had(_all(both[at], known[at]), works=known[at].works) for at in plain}
    rest = [at for at in (0, 1) if at not in fixed]
    if rest:
        fixed |= _hosted({at: both[at] for at in rest}, known[rest[0]], fixed, options)
    return fixed[0], fixed[1]


def _there(side: Wanted) -> Environment | None:
    return Environment(side.python, versions(side.python)) if side.python else None


def _all(side: Wanted, known: Framework) -> tuple[str, ...]:
    """What is installed for a side: what it says, and of what goes with the framework all that it does not say."""
    said = {canonicalize_name(Requirement(one).name) for one in side.requirements}
    return (*side.requirements, *(one for one in known.beside if canonicalize_name(Requirement(one).name) not in said))


def _hosted(
    rest: dict[int, Wanted], known: Framework, fixed: dict[int, Environment], options: Options
) -> dict[int, Environment]:
    """The sides that have a host, on the first one that they all work on. Raises NotInstalled."""
    reasons: list[str] = []
    for host in _hosts(known, fixed, options):
        try:
            return {at: options.had(_all(side, known), host, known.works) for at, side in rest.items()}
        except DoesNotWork as error:
            reasons.append(str(error))
            options.tell(f"{error} Trying the next host.")
    raise NotInstalled(" ".join([*reasons, "Name another host with --host."]))


def _hosts(known: Framework, fixed: dict[int, Environment], options: Options) -> Iterator[str]:
    """The interpreters of the hosts to try, each built when it is its turn."""
    if options.host:
        asked = wanted(options.host)
        yield asked.python or options.had(asked.requirements).python
        return
    yield from (one.python for one in fixed.values())
    yield from (options.had(requirements).python for requirements in known.hosts)
