"""Which targets are found, what a `--target` means, and what is said where there is none."""

from __future__ import annotations

import sys
import venv
from importlib import metadata
from pathlib import Path

import pytest
from click.testing import CliRunner

from normcheck.adapters import targets
from normcheck.adapters.interface import Adapter
from normcheck.adapters.loading import TargetError, load, traits
from normcheck.adapters.targets import BUILT_IN, Missing, discover, may_accelerate, safe
from normcheck.adapters.wishes import installed, parse
from normcheck.commands import COMMANDS, main
from normcheck.commands.environments.building import python_in

ADAPTERS = Path(__file__).parent / "adapters"
FRAMEWORKS = {"torch", "tensorflow", "keras", "jax"}


class Pretender(Adapter):
    """Stands in for a built-in adapter whose framework may be installed or not."""

    name = "pretender"
    dialect = "torch"
    requires = ("numpy", "no-such-distribution")
    modes = ("eager", "compile")
    compiling = ("compile",)


class Devices(Pretender):
    name = "devices"
    requires = ("numpy",)
    modes = ("eager", "compile", "export", "onnx")
    full_modes = ("export", "onnx")
    needs = {"onnx": ("numpy", "no-such-distribution")}  # noqa: RUF012

    def devices(self):
        return ("cpu", "toy:0")


@pytest.fixture
def built_in(monkeypatch):
    monkeypatch.setattr(targets, "BUILT_IN", {"pretender": f"{__name__}:Pretender", "devices": f"{__name__}:Devices"})
    monkeypatch.setitem(sys.modules, __name__, sys.modules[__name__])
    monkeypatch.setattr(targets, "may_accelerate", lambda: False)


def ids(discovery):
    return [target.id for target in discovery.targets]


def test_the_built_in_adapters_are_found_without_importing_a_framework(monkeypatch):
    monkeypatch.setattr(targets, "may_accelerate", lambda: False)
    before = FRAMEWORKS & set(sys.modules)
    found = discover(full=True)
    assert FRAMEWORKS & set(sys.modules) == before
    assert ids(found)[0] == "reference-cpu-eager"
    named = {target.name for target in found.targets} | {missing.adapter for missing in found.missing}
    assert named == set(BUILT_IN)


def test_what_has_the_numbers_of_another_target_is_asked_on_request_or_in_full(built_in, monkeypatch):
    monkeypatch.setattr(targets, "ON_REQUEST", ("devices",))
    assert ids(discover()) == []
    assert ids(discover(["devices"])) == ["devices-cpu-eager", "devices-cpu-compile"]
    assert set(ids(discover(["devices"]))) < set(ids(discover(full=True)))


def test_a_target_is_described_by_its_class(built_in):
    found = discover(["devices"])
    eager, compiled = found.targets
    numpy = metadata.version("numpy")
    assert (eager.id, compiled.id) == ("devices-cpu-eager", "devices-cpu-compile")
    assert eager.title == f"devices (numpy {numpy}) · cpu · eager"
    assert (eager.requested, compiled.requested) == ("devices:eager", "devices:compile")
    assert (eager.dialect, eager.versions, eager.python) == ("torch", {"numpy": numpy}, None)
    assert (eager.compiles, compiled.compiles) == (False, True)


def test_what_is_not_installed_is_missing_with_the_way_to_get_it(built_in):
    reason = "no-such-distribution is not installed; `pip install no-such-distribution` brings it."
    assert discover(["pretender"]) == targets.Discovery((), (Missing("pretender", reason),))


@pytest.mark.parametrize(
    ("keras", "there", "reason"),
    [
        ("3.15.1", ["keras"], "keras 3.15.1 is not Keras 2: ask for the target keras, or for tf_keras."),
        ("2.15.0", ["tf.keras"], "keras 2.15.0 is Keras 2, which the target tf.keras judges."),
    ],
)
def test_a_keras_of_the_other_generation_is_missing_with_the_target_to_ask_for(monkeypatch, keras, there, reason):
    monkeypatch.setattr(targets, "may_accelerate", lambda: False)
    monkeypatch.setattr(targets, "versions", lambda names, python=None: {"keras": keras, "tensorflow": "2.21.0"})
    found = discover(["keras", "tf.keras"])
    assert [target.name for target in found.targets if target.mode == "eager"] == there
    assert [missing.reason for missing in found.missing] == [reason]


def test_one_mode_can_be_asked_for_and_asking_twice_is_asking_once(built_in):
    assert ids(discover(["devices:compile", "devices", "devices:eager"])) == [
        "devices-cpu-compile",
        "devices-cpu-eager",
    ]
    with pytest.raises(TargetError, match="has no mode fast; it has eager, compile, export, onnx"):
        discover(["devices:fast"])


def test_a_mode_of_the_full_list_is_found_where_that_is_asked_or_it_is_named(built_in):
    assert ids(discover(["devices"])) == ["devices-cpu-eager", "devices-cpu-compile"]
    assert ids(discover(["devices"], full=True)) == ["devices-cpu-eager", "devices-cpu-compile", "devices-cpu-export"]
    (target,) = discover(["devices:export"]).targets
    assert (target.full, target.mode) == (True, "export")


def test_a_mode_that_lacks_a_package_says_which_and_costs_no_other_mode(built_in):
    found = discover(["devices"], full=True)
    reason = "no-such-distribution is not installed; `pip install no-such-distribution` brings it."
    assert found.missing == (Missing("devices:onnx", reason),)
    assert discover(["devices:onnx"]) == targets.Discovery((), found.missing)
    assert discover(["devices"]).missing == ()


def test_a_file_is_asked_in_a_process_of_its_own():
    found = discover([str(ADAPTERS / "faults.py")])
    assert ids(found) == ["faults-cpu-eager", "faults-cpu-graph"]
    target = found.targets[0]
    assert target.title == f"faults (numpy {metadata.version('numpy')}) · cpu · eager"
    assert target.environment == {"NORMCHECK_TEST": "set"}
    assert target.adapter == f"{ADAPTERS / 'faults.py'}:Adapter"
    assert target.requested == str(ADAPTERS / "faults.py")


def test_devices_are_filtered_and_a_missing_one_is_an_error():
    file = str(ADAPTERS / "two_devices.py")
    assert ids(discover([file], ["toy"])) == ["two_devices-toy-0-eager", "two_devices-toy-1-eager"]
    assert ids(discover([file], ["toy:1", "cpu"])) == ["two_devices-cpu-eager", "two_devices-toy-1-eager"]
    with pytest.raises(TargetError, match=r"no target has the device cuda; the devices found: cpu, toy:0, toy:1\."):
        discover([file], ["cuda"])


@pytest.mark.parametrize(("sign", "devices"), [(True, None), (False, ["cpu", "toy"])])
def test_a_built_in_adapter_is_asked_for_its_devices_only_where_there_may_be_some(built_in, monkeypatch, sign, devices):
    asked = []

    def answer(wish):
        asked.append(wish.adapter)
        return targets.Found(traits(Devices, wish.adapter), {}, ("cpu", "toy:0"))

    targets._probe_once.cache_clear()
    monkeypatch.setattr(targets, "probe", answer)
    monkeypatch.setattr(targets, "may_accelerate", lambda: sign)
    assert ids(discover(["devices:eager"], devices)) == ["devices-cpu-eager", "devices-toy-0-eager"]
    assert ids(discover(["devices:eager"], ["toy"])) == ["devices-toy-0-eager"]
    assert asked == [f"{__name__}:Devices"]
    targets._probe_once.cache_clear()


def test_another_interpreter_is_named_behind_an_at_sign_and_its_version_is_in_the_id():
    (found,) = discover([f"reference@{sys.executable}"]).targets
    assert found.id == f"reference-{metadata.version('numpy')}-cpu-eager"
    assert found.python == sys.executable
    assert found.requested == f"reference:eager@{sys.executable}"


def test_another_interpreter_that_lacks_a_framework_says_how_to_get_it(tmp_path):
    venv.create(tmp_path, symlinks=True)
    python = python_in(tmp_path)
    reason = f"numpy is not installed; `{python} -m pip install numpy` brings it."
    assert discover([f"reference@{python}"]).missing == (Missing(f"reference@{python}", reason),)


def test_a_second_process_of_a_target_has_a_number_behind_it():
    (first, second) = discover(["reference", "reference#2"]).targets
    assert (first.id, second.id) == ("reference-cpu-eager", "reference-process-2-cpu-eager")
    assert second.title.endswith(" (process 2) · cpu · eager")
    assert discover([second.requested]).targets == (second,)
    (there,) = discover([f"reference@{sys.executable}#2"]).targets
    assert (there.python, there.again) == (sys.executable, 2)


def test_another_number_of_threads_is_a_target_of_its_own():
    usual, more, again = discover(["reference", "reference+4threads", "reference+4threads#2"]).targets
    assert [one.id.removesuffix("-cpu-eager") for one in (usual, more, again)] == [
        "reference",
        "reference-4-threads",
        "reference-4-threads-process-2",
    ]
    assert again.title.endswith(" (4 threads, process 2) · cpu · eager")
    assert (usual.threads, more.threads) == (1, 4)
    assert discover([more.requested, again.requested]).targets == (more, again)
    (there,) = discover([f"reference@{sys.executable}+2threads"]).targets
    assert (there.python, there.threads) == (sys.executable, 2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("torhc", r"there is no target 'torhc'\. Did you mean torch\? Known are reference, keras, torch"),
        ("no_such_package.layers", "there is no target 'no_such_package.layers'. Known are"),
        ("nowhere.py", "there is no file .*nowhere.py. Give the path of a Python file"),
        (
            f"{ADAPTERS}/no_adapter.py",
            "no_adapter.py defines no Adapter. An adapter is a class called Adapter",
        ),
        (f"{ADAPTERS}/faults.py:FAULTS", "has something else under the name FAULTS"),
        (
            f"{ADAPTERS}/fails_at_import.py",
            "fails_at_import.py could not be imported: "
            r"ModuleNotFoundError: No module named 'a_package_nobody_has' \(line 3\)",
        ),
        ("torch@/no/such/python", "there is no Python interpreter at /no/such/python"),
        ("torch@/bin/false", "/bin/false does not work as a Python interpreter"),
    ],
)
def test_what_cannot_be_a_target_is_one_clear_error(text, message):
    with pytest.raises(TargetError, match=message):
        discover([text])


def test_an_adapter_that_cannot_start_is_missing_with_its_reason():
    file = str(ADAPTERS / "declines.py")
    reason = "it could not be started: there is no such accelerator in this machine"
    assert discover([file]).missing == (Missing(file, reason),)


def test_two_adapters_of_one_name_are_refused(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "mine.py").write_text((ADAPTERS / "refuses.py").read_text())
    with pytest.raises(TargetError, match="two targets would both be called refuses-cpu-eager"):
        discover([str(tmp_path / folder / "mine.py") for folder in ("a", "b")])


def test_a_module_in_the_current_folder_is_found_as_it_is_by_python(tmp_path, monkeypatch):
    (tmp_path / "my_package").mkdir()
    (tmp_path / "my_package" / "layers.py").write_text((ADAPTERS / "refuses.py").read_text())
    monkeypatch.chdir(tmp_path)
    assert ids(discover(["my_package.layers"])) == ["refuses-cpu-eager"]


def test_an_installed_package_can_offer_an_adapter(tmp_path, monkeypatch):
    (tmp_path / "theirs.py").write_text((ADAPTERS / "refuses.py").read_text())
    about = tmp_path / "theirs-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[normcheck.adapters]\ntheirs = theirs:Adapter\ntorch = theirs:Adapter\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert ids(discover(["theirs:eager"])) == ["refuses-cpu-eager"]
    assert installed()["torch"] == "theirs:Adapter"
    monkeypatch.setattr(targets, "find", lambda wish, devices: Missing(wish.text, wish.adapter))
    assert discover(["torch"]).missing == (Missing("torch", BUILT_IN["torch"]),), "built-in names are not taken over"


def test_names_files_modules_and_installed_adapters_are_told_apart():
    known = {"torch": "t:T", "theirs": "package:Class"}
    assert (parse("torch:compile", known).name, parse("torch:compile", known).mode) == ("torch", "compile")
    assert parse("theirs", known).adapter == "package:Class"
    assert parse("json.decoder", known).adapter == "json.decoder:Adapter"
    assert parse("json.decoder:Other", known).adapter == "json.decoder:Other"
    assert parse("mine.py", known).adapter == f"{Path.cwd()}/mine.py:Adapter"


def test_an_inherited_name_is_not_a_name_of_its_own():
    class Mine(Pretender):
        pass

    assert traits(Mine, "/home/me/my_layers.py:Mine").name == "my_layers"
    assert traits(Mine, "package.layers:Mine").name == "layers"
    assert traits(Pretender, "package.layers:Pretender").name == "pretender"


def test_a_title_leaves_out_how_a_version_was_built():
    assert targets._called(traits(Devices, "m:Devices"), {"devices": "2.13.0+cpu"}) == "devices 2.13.0"


def test_every_built_in_adapter_is_where_the_table_says():
    assert [load(place).name for place in BUILT_IN.values()] == list(BUILT_IN)


def test_ids_are_fit_for_file_names():
    assert safe("my net-cuda:0-eager") == "my-net-cuda-0-eager"


def test_signs_of_an_accelerator(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    (tmp_path / "nvidia-caps").touch()
    assert not may_accelerate(tmp_path)
    (tmp_path / "nvidia0").touch()
    assert may_accelerate(tmp_path)


def test_the_command_lists_what_is_there_and_what_is_not():
    result = CliRunner().invoke(main, ["targets", "--target", "reference", "--target", f"{ADAPTERS}/declines.py"])
    assert result.exit_code == 0
    assert "reference-cpu-eager" in result.output
    assert "keras dialect, numpy" in result.output
    assert "there is no such accelerator in this machine" in result.output
    assert result.output.endswith("1 to be had, 1 not\n")


def test_the_command_fails_where_there_is_nothing_or_nothing_is_understood():
    nothing = CliRunner().invoke(main, ["targets", "--target", f"{ADAPTERS}/declines.py"])
    assert (nothing.exit_code, nothing.output.splitlines()[-1]) == (1, "0 to be had, 1 not")
    unknown = CliRunner().invoke(main, ["targets", "--target", "torhc"])
    assert unknown.exit_code == 1
    assert "Error: there is no target 'torhc'. Did you mean torch?" in unknown.output


def test_help_lists_every_command_without_importing_one():
    result = CliRunner().invoke(main, ["--help"])
    assert result.exit_code == 0
    assert all(name in result.output for name in COMMANDS)
