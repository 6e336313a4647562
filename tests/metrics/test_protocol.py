"""What of two protocols must agree, and files written before there were resize rules."""

import json

import numpy as np
import pytest

from equipoise.core.errors import UserError
from equipoise.metrics import Moments, Protocol, frechet_distance


def moments(**conditions):
    features = np.random.default_rng(0).normal(size=(20, 3))
    return Moments.from_features(features, Protocol("inception", "3f2a", **conditions))


def test_a_file_without_a_resize_rule_loads(tmp_path):
    old = {"features": "digits", "weights_hash": "3f2a", "data": "d", "split": "train", "seed": None}
    np.savez(tmp_path / "old.npz", mu=np.zeros(2), sigma=np.eye(2), count=9, protocol=json.dumps(old))
    assert Moments.load(tmp_path / "old.npz").protocol == Protocol("digits", "3f2a", data="d", split="train")


def test_rule_and_precision_are_kept_in_the_file(tmp_path):
    saved = moments(resize="clean", precision="bfloat16")
    saved.save(tmp_path / "new.npz")
    assert Moments.load(tmp_path / "new.npz").protocol == saved.protocol


@pytest.mark.parametrize(
    ("mine", "its", "message"),
    [
        ({"resize": "clean"}, {"resize": "tf1"}, "the resize rule 'clean' on one side and 'tf1'"),
        ({"resize": "clean"}, {}, "the resize rule 'clean' on one side and None"),
        ({"precision": "bfloat16"}, {}, "the precision 'bfloat16' on one side and 'float32'"),
    ],
)
def test_other_conditions_refuse_to_be_compared(mine, its, message):
    with pytest.raises(UserError, match=message):
        frechet_distance(moments(**mine), moments(**its))
    with pytest.raises(UserError, match=message):
        moments(**mine).merge(moments(**its))


def test_equal_conditions_are_compared():
    assert frechet_distance(moments(resize="clean"), moments(resize="clean")) == pytest.approx(0, abs=1e-12)
