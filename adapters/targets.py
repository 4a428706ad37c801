"""Which targets there are: the built-in adapters whose frameworks are installed, and what the user asks for.

Frameworks are looked for, not imported. A process is started to ask an adapter only where looking cannot
tell: for a user's adapter, for another machine, and on a machine that may have an accelerator.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cache
from pathlib import Path

from .interface import Adapter
from .loading import TargetError, Traits, is_file, load, split, traits
from .naming import distinct
from .process.host import Unreachable, interpreter
from .process.process import Failed, Process
from .versions import versions
from .wishes import Wish, installed, parse

BUILT_IN: Mapping[str, str] = {
    "reference": "normcheck.adapters.reference:ReferenceAdapter",
    "keras": "normcheck.adapters.keras:KerasAdapter",
    "torch": "normcheck.adapters.torch:TorchAdapter",
    "torch-functional": "normcheck.adapters.torch.functional:TorchFunctionalAdapter",
    "keras-ops": "normcheck.adapters.keras.ops:KerasOpsAdapter",
    "tf-nn": "normcheck.adapters.keras.tensorflow_functions:TensorFlowFunctionsAdapter",
    "keras-torch": "normcheck.adapters.keras.on_torch:KerasTorchAdapter",
    "keras-jax": "normcheck.adapters.keras.on_jax:KerasJaxAdapter",
    "tf_keras": "normcheck.adapters.keras.keras2:TfKerasAdapter",
    "tf.keras": "normcheck.adapters.keras.keras2:Keras2Adapter",
    "tf.keras-old-names": "normcheck.adapters.keras.old_names:OldNamesAdapter",
    "tfa": "normcheck.adapters.keras.tensorflow_addons:AddonsAdapter",
    "flax": "normcheck.adapters.flax.nnx:FlaxAdapter",
    "flax-linen": "normcheck.adapters.flax.linen:FlaxLinenAdapter",
    "flax-two-pass": "normcheck.adapters.flax.nnx:FlaxTwoPassAdapter",
    "onnxruntime": "normcheck.adapters.onnx.runtime:OnnxRuntimeAdapter",
    "document-001": "normcheck.adapters.keras.document_001:Document001Adapter",
    "document-002": "normcheck.adapters.keras.document_002:Document002Adapter",
}
# What shares a framework with another target, and frameworks that not every run needs: asked where everything is, or
# where it is requested.
ON_REQUEST = (
    *("torch-functional", "keras-ops", "tf-nn", "keras-torch", "keras-jax", "tf_keras", "tf.keras"),
    *("tf.keras-old-names", "tfa", "flax", "flax-linen", "flax-two-pass", "onnxruntime"),
)
ACCELERATORS = ("nvidia[0-9]*", "dri/renderD*", "accel*", "kfd", "dxg", "davinci[0-9]*")
PROBE_TIMEOUT = 120.0


@dataclass(frozen=True, slots=True)
class Target:
    """An adapter in one environment, on one device, in one mode.

    id: `torch-cpu-eager`; title: `torch 2.13.0 · cpu · eager`.
    adapter: `module:Class` or `/path/file.py:Class`.
    compiles: the mode compiles each case, which takes long; traces: it traces each, which takes a tenth of a second.
    full: it is on the full list alone unless it is named.
    python: another interpreter, None for this one. host: another machine, None for this one.
    environment: variables that are set before the framework is imported.
    threads: that it computes with. again: which of several processes of one target this is, 1 where there is no other.
    requested: what `--target` is given to get this target again.
    """

    id: str
    title: str
    adapter: str
    name: str
    dialect: str
    device: str
    mode: str
    compiles: bool = False
    traces: bool = False
    full: bool = False
    versions: Mapping[str, str] = field(default_factory=dict)
    python: str | None = None
    host: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    threads: int = 1
    again: int = 1
    requested: str = ""


@dataclass(frozen=True, slots=True)
class Missing:
    """An adapter that cannot be had, and why, as a sentence."""

    adapter: str
    reason: str


@dataclass(frozen=True, slots=True)
class Discovery:
    """What was found and what was not, in the order in which it was asked for."""

    targets: tuple[Target, ...]
    missing: tuple[Missing, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """What is known of an adapter without running a case. python: the interpreter that tells it."""

    traits: Traits
    versions: Mapping[str, str]
    devices: tuple[str, ...]
    python: str | None = None


def discover(
    requested: Sequence[str] | None = None, devices: Sequence[str] | None = None, full: bool = False
) -> Discovery:
    """The targets of `requested` (default: the built-in adapters) on `devices` (default: all found).

    full: by default every built-in adapter, those on request too; and of each every mode.
    Raises TargetError for what is not understood or does not exist: a name, a file, a mode, a device.
    """
    known = installed() | dict(BUILT_IN) if requested else dict(BUILT_IN)
    targets: list[Target] = []
    missing: list[Missing] = []
    usual = [name for name in known if full or name not in ON_REQUEST]
    for wish in [parse(text, known) for text in requested or usual]:
        found = find(wish, devices or ())
        if isinstance(found, Missing):
            missing.append(found)
            continue
        for target in _targets(wish, found, full):
            if isinstance(target, Missing):
                missing.append(target)
            else:
                targets.append(target)
    told = distinct(targets)
    return Discovery(tuple(_on(devices, told) if devices else told), tuple(missing))


def built_in(target: Target) -> bool:
    """Whether a target's adapter is one of normcheck's own, whatever the target is called."""
    return target.adapter in BUILT_IN.values()


def find(wish: Wish, devices: Sequence[str]) -> Found | Missing:
    """What there is of a wish. Raises TargetError."""
    if wish.host:
        return probe_far(wish, wish.host)
    if wish.name not in BUILT_IN:
        return probe(wish)
    return described(load(wish.adapter), wish, devices)


def offered(kind: type[Adapter], reference: str, requested: str, devices: Sequence[str]) -> Discovery:
    """The targets of a class that is loaded, on `devices`. Raises TargetError for a device nobody has.

    reference: where the class can be loaded from again; requested: what `--target` would be given.
    """
    wish = Wish(requested, reference)
    found = described(kind, wish, devices)
    every = [found] if isinstance(found, Missing) else list(_targets(wish, found, full=False))
    targets = [one for one in every if isinstance(one, Target)]
    there = tuple(_on(devices, targets)) if devices else tuple(targets)
    return Discovery(there, tuple(one for one in every if isinstance(one, Missing)))


def described(kind: type[Adapter], wish: Wish, devices: Sequence[str]) -> Found | Missing:
    """What there is of an adapter's class, by what is installed where it is wished for."""
    own = traits(kind, wish.adapter)
    try:
        there = versions(own.requires, wish.python)
    except OSError as error:
        return Missing(wish.text, f"{error}.")
    if lacking := _lacking(there, wish.python):
        return Missing(wish.text, lacking)
    if reason := kind.refuses(there):
        return Missing(wish.text, reason)
    foreign = any(not device.startswith("cpu") for device in devices)
    if kind.devices is Adapter.devices or not (foreign or may_accelerate()):
        return Found(own, there, ("cpu",), wish.python)
    asked = probe_devices(kind, wish.python)
    return (
        Missing(wish.text, asked.reason) if isinstance(asked, Missing) else replace(asked, traits=own, versions=there)
    )


def _lacking(found: Mapping[str, str], python: str | None = None) -> str:
    """What of the distributions `found` has no version, and how to get it; empty where all have one."""
    absent = [name for name, version in found.items() if not version]
    pip = f"{python} -m pip" if python else "pip"
    return f"{' and '.join(absent)} is not installed; `{pip} install {' '.join(absent)}` brings it." if absent else ""


def probe_devices(kind: type[Adapter], python: str | None = None) -> Found | Missing:
    """What the class says whose `devices` it is that `kind` has: adapters that share it are asked once."""
    owner = next(base for base in kind.__mro__ if "devices" in vars(base))
    return _probe_once(f"{owner.__module__}:{owner.__qualname__}", python)


@cache
def _probe_once(adapter: str, python: str | None) -> Found | Missing:
    return probe(Wish(adapter, adapter, python=python))


def may_accelerate(devices: Path = Path("/dev")) -> bool:
    """Whether the machine shows any sign of an accelerator."""
    if sys.platform != "linux":
        return True
    return any(next(devices.glob(pattern), None) for pattern in ACCELERATORS)


def probe_far(wish: Wish, host: str) -> Found | Missing:
    """Start the adapter once on another host and ask it. Raises TargetError where it cannot be loaded."""
    place = split(wish.adapter)[0]
    if is_file(place) and not Path(place).is_file():
        raise TargetError(f"there is no file {place} to send to {host}.")
    try:
        return probe(replace(wish, python=interpreter(host, wish.python)))
    except Unreachable as error:
        return Missing(wish.text, str(error))


def probe(wish: Wish) -> Found | Missing:
    """Start the adapter once and ask it. Raises TargetError where it cannot be loaded."""
    provisional = Target(
        "probe", wish.text, wish.adapter, wish.text, "", "cpu", "eager", python=wish.python, host=wish.host
    )
    try:
        process = Process(provisional, memory=None, smoke=False)
    except OSError as error:
        return Missing(wish.text, f"{error}.")
    try:
        ready = process.wait_ready(PROBE_TIMEOUT)
    except Failed as error:
        if not error.loaded:
            raise TargetError(str(error)) from error
        return Missing(wish.text, f"it could not be started: {error}")
    finally:
        process.close(graceful=False)
    own = Traits(*(getattr(ready, one.name) for one in fields(Traits)))
    return Found(own, ready.versions, ready.devices, wish.python)


def _targets(wish: Wish, found: Found, full: bool) -> Iterator[Target | Missing]:
    own = found.traits
    if wish.mode and wish.mode not in own.modes:
        raise TargetError(f"{own.name} has no mode {wish.mode}; it has {', '.join(own.modes)}.")
    called = _called(own, found.versions)
    version = [called.split()[-1].strip("()")] if wish.python else []
    host = wish.host.rpartition("@")[2] if wish.host else ""
    threads = f"{wish.threads} threads" if wish.threads > 1 else ""
    again = f"process {wish.again}" if wish.again > 1 else ""
    name = "-".join(filter(None, [own.name, *version, host, threads, again]))
    apart = ", ".join(filter(None, [threads, again]))
    modes = [wish.mode] if wish.mode else [mode for mode in own.modes if full or mode not in own.full_modes]
    reasons = {mode: "" if wish.python or wish.host else _lacking(versions(own.needs.get(mode, ()))) for mode in modes}
    yield from (Missing(f"{own.name}:{mode}", reason) for mode, reason in reasons.items() if reason)
    for device in found.devices:
        for mode in [mode for mode in modes if not reasons[mode]]:
            yield Target(
                id=safe(f"{name}-{device}-{mode}"),
                title=f"{called}{f' on {host}' if host else ''}{f' ({apart})' if apart else ''} · {device} · {mode}",
                adapter=wish.adapter,
                name=own.name,
                dialect=own.dialect,
                device=device,
                mode=mode,
                compiles=mode in own.compiling,
                traces=mode in own.tracing,
                full=mode in own.full_modes,
                versions=dict(found.versions),
                python=found.python or wish.python,
                host=wish.host,
                environment=dict(own.environment),
                threads=wish.threads,
                again=wish.again,
                requested=_again(wish, mode),
            )


def _again(wish: Wish, mode: str) -> str:
    """What to ask for, to get this mode again; of files and modules all modes are asked for."""
    if wish.name is None:
        return wish.text
    if wish.host:
        return f"{wish.name}:{mode}@ssh:{wish.text.partition('@ssh:')[2]}"
    threads = f"+{wish.threads}threads" if wish.threads > 1 else ""
    again = f"#{wish.again}" if wish.again > 1 else ""
    return f"{wish.name}:{mode}" + (f"@{wish.python}" if wish.python else "") + threads + again


def _called(own: Traits, versions: Mapping[str, str]) -> str:
    """`torch 2.13.0`, and for an adapter that is no package of its own `mine (torch 2.13.0)`.

    What a version has behind a `+` says how it was built, and is left to `Target.versions`.
    """
    public = {name: version.partition("+")[0] for name, version in versions.items()}
    if own.name in public:
        return f"{own.name} {public[own.name]}"
    needs = [f"{name} {public[name]}" for name in own.requires or public if name in public]
    return f"{own.name} ({', '.join(needs)})" if needs else own.name


def safe(text: str) -> str:
    """`text` with everything but letters, digits, `_`, `.` and `-` replaced by `-`: fit for file names."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", text)


def _on(devices: Sequence[str], targets: Iterable[Target]) -> Iterator[Target]:
    """The targets on `devices`; `cuda` means `cuda:1` too. Raises TargetError for a device nobody has."""
    every = list(targets)
    for device in devices:
        if not any(_is(target.device, device) for target in every):
            there = ", ".join(dict.fromkeys(target.device for target in every)) or "none"
            raise TargetError(f"no target has the device {device}; the devices found: {there}.")
    yield from (target for target in every if any(_is(target.device, device) for device in devices))


def _is(device: str, asked: str) -> bool:
    return device == asked or device.startswith(f"{asked}:")
