"""Streams of randomness are independent and resumable; nested state survives packing; vector arithmetic is right."""

import json

import pytest
import torch

from equipoise.core import devices, tensors, vectors
from equipoise.core.errors import UserError
from equipoise.core.seeding import Streams, derived_seed


def draw(streams, name, num=4):
    return torch.rand(num, generator=streams[name])


def test_streams_do_not_disturb_one_another():
    alone, together = Streams(7), Streams(7)
    draw(together, "evaluation", 100)
    assert torch.equal(draw(alone, "latents"), draw(together, "latents"))


def test_streams_differ_by_name_and_by_seed():
    values = [draw(Streams(seed), name).sum().item() for seed in (0, 1) for name in ("latents", "data", "penalty")]
    assert len(set(values)) == 6


def test_derived_seeds_are_the_same_on_every_machine():
    assert derived_seed(0, "latents") == 1673739146642340296


def test_streams_resume_in_place():
    streams = Streams(3)
    held = streams["latents"]
    draw(streams, "latents")
    state = streams.state_dict()
    expected, _ = draw(streams, "latents"), draw(streams, "data")
    streams.load_state_dict(state)
    assert streams["latents"] is held
    assert torch.equal(draw(streams, "latents"), expected)
    assert torch.equal(draw(streams, "data"), draw(Streams(3), "data"))


def test_pack_and_unpack_are_inverse():
    state = {
        "optimizer": {
            "state": {0: {"step": torch.tensor(3.0), "exp_avg": torch.randn(2, 3)}, 7: {}},
            "betas": (0.5, 0.9),
        },
        "list": [1, 2.5, None, True, "x", torch.arange(3)],
    }
    parts, skeleton = tensors.pack(state)
    restored = tensors.unpack(parts, json.loads(json.dumps(skeleton)))
    assert restored["optimizer"]["betas"] == (0.5, 0.9)
    assert restored["optimizer"]["state"].keys() == {0, 7}
    assert torch.equal(restored["optimizer"]["state"][0]["exp_avg"], state["optimizer"]["state"][0]["exp_avg"])
    assert restored["list"][:5] == [1, 2.5, None, True, "x"]


def test_hash_of_a_tensor_sees_content_shape_and_type():
    base = torch.arange(6)
    others = [base.view(2, 3), base.to(torch.int32), base + 1]
    assert tensors.sha256_of_tensor(base) == tensors.sha256_of_tensor(base.clone())
    assert len({tensors.sha256_of_tensor(tensor) for tensor in [base, *others]}) == 4


def test_vector_arithmetic():
    parts = [torch.tensor([3.0, 0.0]), torch.tensor([[4.0]])]
    assert vectors.norm(parts).item() == 5
    vectors.lerp_(parts, [torch.zeros(2), torch.zeros(1, 1)], 0.5)
    assert torch.equal(parts[0], torch.tensor([1.5, 0.0]))
    vectors.clamp_(parts, 1.0)
    assert vectors.norm(parts).item() == pytest.approx(2**0.5)


def test_devices():
    assert devices.resolve_device("cpu").type == "cpu"
    assert devices.resolve_device("auto").type in ("cpu", "cuda", "mps", "xpu")
    for name in ("gpu9", "cuda:99"):
        with pytest.raises(UserError, match=name):
            devices.resolve_device(name)
