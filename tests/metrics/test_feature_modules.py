"""Feature networks of a user's own, by import path."""

import sys
import textwrap

import pytest
import torch

from equipoise.config.evaluation import EvaluationSettings
from equipoise.core.errors import IgnoredSettingWarning, UserError
from equipoise.metrics import ModuleFeatures, Protocol, build_features

SOURCE = """
    import torch

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.linear = torch.nn.Linear(12, 5)
            self.dropout = torch.nn.Dropout(0.5)

        def forward(self, x):
            return self.dropout(self.linear(x.flatten(1)))

    class Whole:
        name, dimension, example_shape, weights_hash = "whole", 12, (3, 2, 2), "none"

        def __init__(self, device):
            self.device = device

        def __call__(self, examples):
            return examples.flatten(1).float().to(self.device)

    class Nameless:
        def __call__(self, examples):
            return examples

    class Flat(torch.nn.Module):
        def forward(self, x):
            return x

    class Demanding(torch.nn.Module):
        def __init__(self, width):
            super().__init__()

    net = Net()
    number = 3
"""


@pytest.fixture(autouse=True)
def module(tmp_path, monkeypatch):
    (tmp_path / "my_nets.py").write_text(textwrap.dedent(SOURCE))
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    sys.modules.pop("my_nets", None)


EXAMPLES = torch.linspace(-1, 1, 48).reshape(4, 3, 2, 2)


@pytest.mark.parametrize("path", ["my_nets:net", "my_nets.net", "my_nets.Net", "my_nets:Net"])
def test_a_bare_module_becomes_features(path):
    torch.manual_seed(7)
    features = build_features(path)
    result = features(EXAMPLES.double().requires_grad_())
    assert isinstance(features, ModuleFeatures)
    assert features.name == path
    assert result.shape == (4, 5)
    assert not result.requires_grad
    # No dropout: it is in evaluation mode.
    assert torch.equal(result, features(EXAMPLES))


def test_its_weights_are_part_of_the_protocol():
    same, other = build_features("my_nets.Net"), build_features("my_nets.Net")
    assert Protocol.of(same) == Protocol.of(other)
    changed = build_features("my_nets:net")
    with torch.no_grad():
        sys.modules["my_nets"].net.linear.bias += 1
    assert build_features("my_nets:net").weights_hash != changed.weights_hash


def test_a_whole_feature_network_is_taken_as_it_is():
    features = build_features("my_nets.Whole")
    assert features.name == "whole"
    assert features(EXAMPLES).shape == (4, 12)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("my_nets.Nameless", "has no name, dimension, example_shape, weights_hash; name a torch.nn.Module"),
        ("my_nets:number", "is not a feature network"),
        ("my_nets.Demanding", "cannot be built: .*'width'"),
        ("my_nets.Missing", "has no attribute 'Missing'"),
        ("not_there.Net", "need the module 'not_there'"),
        ("my_nets:", "are no import path; name a module and an object"),
        (":net", "are no import path; name a module and an object"),
        (".net", "are no import path; name a module and an object"),
        ("mnits", "did you mean 'mnist'"),
    ],
)
def test_what_is_not_one_is_said_in_a_sentence(path, message):
    with pytest.raises(UserError, match=message):
        build_features(path)


def test_what_makes_no_features_is_said():
    with pytest.raises(UserError, match=r"made a tensor \(4, 3, 2, 2\) of 4 examples"):
        build_features("my_nets.Flat")(EXAMPLES)
    with pytest.raises(UserError, match=r"refused examples of shape \(4, 3, 4, 4\)"):
        build_features("my_nets.Net")(torch.zeros(4, 3, 4, 4))


def test_a_resize_rule_is_refused_where_nothing_resizes():
    with pytest.raises(UserError, match="resize no images"):
        build_features("my_nets.Net", resize="clean")


def test_the_settings_take_import_paths_and_refuse_misspelt_names():
    assert EvaluationSettings(features="my_nets:net").features == "my_nets:net"
    with pytest.raises(ValueError, match=r"did you mean 'inception'\? .* or an import path such as package.module:net"):
        EvaluationSettings(features="inceptoin")


def test_the_settings_warn_of_a_resize_rule_that_is_not_read():
    assert EvaluationSettings(features="inception", resize="clean").resize == "clean"
    with pytest.warns(IgnoredSettingWarning, match="resize='clean' is ignored because features is 'digits'"):
        EvaluationSettings(features="digits", resize="clean")
    with pytest.warns(IgnoredSettingWarning, match="every=7 is ignored because features is 'none'"):
        EvaluationSettings(every=7)
