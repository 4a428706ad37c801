"""Scripts that do what a case does: what they say, what they do not say, and the command that prints them."""

from __future__ import annotations

import ast
import sys

import numpy as np
import pytest
from click.testing import CliRunner

from normcheck.adapters.arrays import encode
from normcheck.cases.requests.ask import request_for
from normcheck.cases.scripts.script import LANGUAGES, Unwritten, array, script, tensor
from normcheck.cases.scripts.source import Source, statements, writing
from normcheck.cases.suite import suite
from normcheck.commands import main


def text_of(case, adapter="keras", mode="eager"):
    one = suite().by_id[case]
    return script(request_for(one, "torch" if adapter == "torch" else "keras"), adapter, mode)


def test_the_layer_is_made_as_the_adapter_makes_it():
    line = "layer = keras.layers.LayerNormalization(axis=[1, 2], epsilon=0.25)"
    assert line in text_of("layer_normalization/saved-with-several-axes").splitlines()
    assert "layer = torch.nn.LayerNorm((3, 4), eps=0.25)" in text_of(
        "layer_normalization/saved-with-several-axes", "torch"
    )
    assert "layer = tf_keras.layers.LayerNormalization" in text_of(
        "layer_normalization/saved-with-several-axes", "tf_keras"
    )


def test_objects_among_the_arguments_are_made_too():
    text = text_of("batch_normalization/renorm-saved")
    assert "renorm_clipping={'rmin': 0.96875, 'rmax': 1.03125, 'dmax': 0.03125}" in text


def test_a_seed_that_the_adapter_sets_stands_before_the_layer():
    lines = text_of("spectral_normalization/saved/dtype=float32").splitlines()
    made = next(at for at, line in enumerate(lines) if line.startswith("layer = "))
    assert lines[made - 1] == "keras.utils.set_random_seed(0)"
    assert "keras.layers.SpectralNormalization(keras.layers.Dense(" in lines[made]


def test_a_dtype_stands_before_the_layer_too():
    lines = text_of("group_normalization/saved/dtype=bfloat16").splitlines()
    policy = lines.index("keras.mixed_precision.set_global_policy('bfloat16')")
    assert lines[policy + 1].startswith("layer = ")


@pytest.mark.parametrize(("mode", "line"), [("graph", "@tf.function"), ("xla", "@tf.function(jit_compile=True)")])
def test_a_mode_is_said(mode, line):
    assert line in text_of("layer_normalization/saved-with-several-axes", mode=mode).splitlines()
    assert "@tf" not in text_of("layer_normalization/saved-with-several-axes")


def test_every_script_is_python():
    for name in LANGUAGES:
        written = 0
        for case in suite().cases:
            if not case.full and "layer_normalization/" in case.id:
                dialect = "torch" if name == "torch" else "keras"
                if case.dialects is None or dialect in case.dialects:
                    try:
                        ast.parse(script(request_for(case, dialect), name, "eager"))
                        written += 1
                    except Unwritten:
                        pass
        assert written > 50, name


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("models/layer-normalization-alone", "a model of 1 layers"),
        ("layer_normalization/saved-between-updates", "updates"),
        ("weight_normalization/every-way", "the framework has no layer for weight_normalization"),
    ],
)
def test_what_a_script_does_not_say_is_refused(case, reason):
    with pytest.raises(Unwritten, match=reason):
        text_of(case)


def test_a_framework_without_a_language_is_refused():
    with pytest.raises(Unwritten, match=r"scripts are written for keras, .*, and not for flax"):
        text_of("layer_normalization/saved-with-several-axes", "flax")


def test_numbers_stand_there_to_the_bit():
    values = np.array([0.1, -0.0, np.nan, np.inf, -np.inf], np.float32)
    made = eval(array(encode(values, "float32")), {"np": np})
    assert made.tobytes() == values.tobytes()
    assert tensor(encode(values, "bfloat16")).endswith(", dtype=torch.bfloat16).reshape((5,))")


def test_a_module_that_is_written_down_is_gone_afterwards():
    assert "no_such_framework" not in sys.modules
    with writing("no_such_framework"):
        made = sys.modules["no_such_framework"].layers.One(2, name="x")
    assert "no_such_framework" not in sys.modules
    assert statements(made) == ["no_such_framework.layers.One(2, name='x')"]


def test_calls_inside_of_others_are_no_statements_of_their_own():
    root = Source("f")
    root.seed(0)
    assert statements(root.wrap(root.inner(1), n=2.5)) == ["f.seed(0)", "f.wrap(f.inner(1), n=2.5)"]


def run(*words):
    return CliRunner().invoke(main, ["reproduce", *map(str, words)])


def test_where_there_is_no_script_the_one_that_is_printed_says_why_and_gives_the_line_for_pytest(tmp_path):
    result = run("layer_normalization/documentation-example", "--target", "reference")
    assert result.exit_code == 0
    with pytest.raises(SystemExit) as told:
        exec(result.stdout, {})
    assert str(told.value).startswith("There is no script of this case: scripts are written for keras,")
    assert str(told.value).endswith(
        "pytest --pyargs normcheck.cases --target reference:eager --case 'layer_normalization/documentation-example'"
    )
    assert (
        run("layer_normalization/documentation-example", "--target", "reference", "-o", tmp_path / "one.py").stdout
        == ""
    )
    assert (tmp_path / "one.py").read_text() == result.stdout


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("layer_normalization/documentation-exampl", "--target", "reference"), "there is no case"),
        (("layer_normalization/documentation-example", "--target", "referense"), "there is no target 'referense'"),
        (("local_response_normalization/saved/dtype=float32", "--target", "none.py"), "none.py"),
    ],
)
def test_what_cannot_be_reproduced_is_one_sentence_and_status_2(words, sentence):
    result = run(*words)
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert len(result.stderr.splitlines()) == 1
