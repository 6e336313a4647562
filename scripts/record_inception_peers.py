"""Record what pytorch-fid's and torch-fidelity's own networks make of three images under random weights.

`tests/metrics/test_inception.py` compares with the record, because neither package can be imported where torchvision is
not installed for the torch at hand. The peers run unchanged; only their download is replaced, by our random weights.

    pip install --target peers --no-deps pytorch-fid==0.3.0 torch-fidelity==0.4.0 torchvision
    PYTHONPATH=peers python scripts/record_inception_peers.py
"""

import sys
from pathlib import Path

import numpy as np
import torch

from equipoise.metrics.features.inception_network import random_weights

EVERY = 4
"""Every fourth number is recorded, which keeps some of every branch of the last block."""
TARGET = Path(__file__).resolve().parent.parent / "tests" / "metrics" / "data" / "inception_peers.npz"


def declare_torchvision_operators() -> torch.library.Library:
    """Let torchvision be imported without its compiled part, which the blocks of Inception do not need."""
    library = torch.library.Library("torchvision", "FRAGMENT")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    return library


def pixels() -> np.ndarray:
    """Photograph-like images (3, 3, 24, 40) in whole numbers from 0 to 255: a 1/f spectrum of random phases."""
    random = np.random.default_rng(0)
    frequency = np.hypot(np.fft.fftfreq(24)[:, None], np.fft.fftfreq(40)[None])
    noise = np.fft.fft2(random.normal(size=(3, 3, 24, 40))) / np.maximum(frequency, 1 / 40)
    images = np.fft.ifft2(noise).real
    found: np.ndarray = np.clip(np.rint(images / images.std() * 60 + 128), 0, 255).astype(np.uint8)
    return found


def main() -> None:
    """Run both peers and write the record."""
    _kept = declare_torchvision_operators()
    import pytorch_fid.inception
    import torchvision
    from torch_fidelity import __version__ as torch_fidelity_version
    from torch_fidelity import feature_extractor_inceptionv3

    weights, images = random_weights(seed=0), pixels()
    pytorch_fid.inception.load_state_dict_from_url = lambda *_, **__: dict(weights)
    feature_extractor_inceptionv3.load_state_dict_from_url = lambda *_, **__: dict(weights)
    of_pytorch_fid = pytorch_fid.inception.InceptionV3().eval()
    of_torch_fidelity = feature_extractor_inceptionv3.FeatureExtractorInceptionV3(
        "inception-v3-compat", ["2048", "logits_unbiased"], verbose=False
    )
    with torch.inference_mode():
        given = torch.from_numpy(images)
        pooled, logits = of_torch_fidelity(given)
        theirs = of_pytorch_fid(given / 255)[0][:, :, 0, 0]
    np.savez_compressed(
        TARGET,
        pixels=images,
        pytorch_fid=theirs[:, ::EVERY].numpy(),
        torch_fidelity=pooled[:, ::EVERY].numpy(),
        torch_fidelity_logits_unbiased=logits[:, ::EVERY].numpy(),
    )
    versions = (
        f"torch {torch.__version__}, torchvision {torchvision.__version__}, torch-fidelity {torch_fidelity_version}"
    )
    print(f"{TARGET}: {TARGET.stat().st_size:,} bytes; {versions}", file=sys.stderr)


if __name__ == "__main__":
    main()
