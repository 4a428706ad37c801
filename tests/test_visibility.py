from dataclasses import replace

from normcheck.cases.case import Case
from normcheck.cases.suite import suite
from normcheck.cases.visibility import drowned


def epsilon_case() -> Case:
    return suite().by_id["layer_normalization/default-epsilon-compiled"]


def test_every_packaged_case_that_hunts_epsilon_can_show_it():
    assert list(drowned(suite().cases)) == []


def test_a_variance_that_drowns_epsilon_is_refused():
    case = epsilon_case()
    loud = replace(case, steps=tuple(replace(step, input="large-mean") for step in case.steps))
    louder = replace(loud, arguments={"epsilon": 2.0**-30})
    (sentence, *_) = drowned([louder])
    assert sentence.startswith("layer_normalization/default-epsilon-compiled: in the keras dialect twice the epsilon")


def test_a_case_that_hunts_something_else_is_not_asked_for_epsilon():
    loud = replace(epsilon_case(), arguments={"epsilon": 2.0**-30}, hunts=("n-minus-one",))
    assert list(drowned([loud])) == []
