"""Mutants whose update is wrong: regularizers, constraints, and the direction of descent."""

from __future__ import annotations

import numpy as np

from normcheck.adapters.reference.layer import descend, make
from normcheck.adapters.reference.textbook import penalty, penalty_gradient
from normcheck.tests.mutants.mutant import FILTER, ONE, OPTIONED, altered, mutant


def exchanged_options(options):
    return {{"gamma": "beta", "beta": "gamma"}[name]: value for name, value in options.items()}


def ignored_in_descent(field):
    def faulty(layer, gradients, learning_rate):
        kept = getattr(layer, field)
        setattr(layer, field, {})
        loss = descend(layer, gradients, learning_rate)
        setattr(layer, field, kept)
        return loss

    return faulty


RegularizerIgnored = mutant(
    "regularizer-ignored",
    "Regularizers are taken and not used.",
    (*OPTIONED, FILTER),
    dtypes=ONE,
    descend=ignored_in_descent("regularizers"),
)
RegularizerHalved = mutant(
    "regularizer-halved",
    "The penalty is half of what it should be, as where the half belongs to the formula.",
    (*OPTIONED, FILTER),
    dtypes=ONE,
    penalty=lambda kind, factor, w: penalty(kind, factor / 2, w),
    penalty_gradient=lambda kind, factor, w: penalty_gradient(kind, factor / 2, w),
)
RegularizerInTheLossAlone = mutant(
    "regularizer-in-the-loss-alone",
    "The penalty is reported and has no gradient.",
    (*OPTIONED, FILTER),
    dtypes=ONE,
    penalty_gradient=lambda kind, factor, w: np.zeros_like(w),
)
RegularizersSwapped = mutant(
    "regularizers-swapped",
    "Gamma has beta's regularizer, and beta gamma's.",
    OPTIONED,
    dtypes=ONE,
    make=altered(make, regularizers=lambda layer: exchanged_options(layer.regularizers)),
)
ConstraintIgnored = mutant(
    "constraint-ignored",
    "Constraints are taken and not used.",
    (*OPTIONED, FILTER),
    dtypes=ONE,
    descend=ignored_in_descent("constraints"),
)
ConstraintsSwapped = mutant(
    "constraints-swapped",
    "Gamma has beta's constraint, and beta gamma's.",
    OPTIONED,
    dtypes=ONE,
    make=altered(make, constraints=lambda layer: exchanged_options(layer.constraints)),
)


def constrained_once(layer, gradients, learning_rate):
    loss = descend(layer, gradients, learning_rate)
    layer.constraints = {}
    return loss


ConstraintOnce = mutant(
    "constraint-once", "Constraints hold after the first update alone.", OPTIONED, dtypes=ONE, descend=constrained_once
)


def ascend(layer, gradients, learning_rate):
    return descend(layer, {name: -value for name, value in gradients.items()}, learning_rate)


UpdateAscends = mutant(
    "update-ascends", "An update goes up the gradient.", (*OPTIONED, FILTER), dtypes=ONE, descend=ascend
)
