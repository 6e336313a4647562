"""Images per second through the FID network: ours against the network as pytorch-fid arranges it, random weights.

    python benchmarks/inception.py [--images 100] [--repeats 5] [--threads 2] [--compiled]

*as shipped* is pytorch-fid's own network where that package and torchvision can be imported, elsewhere our plain
network in the same arrangement (same layers one after the other, images in planes, its default batch of 50, no
gradients); the first line says which. Between it and *features* (what `InceptionFeatures` computes, range check and
scaling included) stand the single steps. Every variant has a process of its own, since ours tells the allocator to keep
freed memory and a script with pytorch-fid would not. The processes take turns; a ratio is the median over turns. The
largest difference of the features is relative to the largest feature as shipped. Images are at 299 pixels: nothing is
resized.
"""

import argparse
import multiprocessing
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection

import torch
from torch import Tensor

from equipoise.core.devices import keep_freed_memory
from equipoise.metrics import InceptionFeatures
from equipoise.metrics.features.inception import Precision
from equipoise.metrics.features.inception_fast import fast, folded
from equipoise.metrics.features.inception_network import inception, random_weights

Run = Callable[[Tensor], Tensor]
SHIPPED = "as shipped"


def shipped() -> tuple[str, Run]:
    """pytorch-fid's network, or ours in its arrangement; which of the two, and a function of images in [-1, 1]."""
    try:
        from pytorch_fid import inception as theirs
    except (ImportError, RuntimeError):
        network = inception(random_weights())
        return "our plain network, arranged as pytorch-fid's", in_batches(network, 50)
    theirs.load_state_dict_from_url = lambda *_, **__: random_weights()
    network = theirs.InceptionV3().eval()
    return "pytorch-fid's own network", in_batches(lambda images: network((images + 1) / 2)[0][:, :, 0, 0], 50)


def in_batches(network: Run, size: int, layout: torch.memory_format = torch.contiguous_format) -> Run:
    """``network`` on parts of its images, without gradients."""

    def run(images: Tensor) -> Tensor:
        with torch.no_grad():
            return torch.cat([network(part.contiguous(memory_format=layout)) for part in images.split(size)])

    return run


def plain_small_batches() -> Run:
    """The plain network in batches of 8."""
    return in_batches(inception(random_weights()), 8)


def folded_only() -> Run:
    """Batch normalisation folded."""
    network = inception(random_weights())
    folded(network)
    return in_batches(network, 8)


def joined() -> Run:
    """Folded, 1 x 1 convolutions joined, mean pooling behind them, channels last."""
    return in_batches(fast(inception(random_weights())), 8, torch.channels_last)


def features(*, precision: Precision = "float32", compiled: bool = False) -> Run:
    """What the package offers. The rule is pytorch-fid's, so that all see the same numbers."""
    weights = random_weights()
    return InceptionFeatures(weights=weights, resize="pytorch-fid", precision=precision, compiled=compiled)


@dataclass(frozen=True)
class Variant:
    """A way to compute the features, and whether its process keeps freed memory."""

    name: str
    build: Callable[[], Run]
    keeps_memory: bool = True


def build_shipped() -> Run:
    """The network of `shipped`."""
    return shipped()[1]


def build_compiled() -> Run:
    """Through torch.compile."""
    return features(compiled=True)


def build_bfloat16() -> Run:
    """In half the precision."""
    return features(precision="bfloat16")


VARIANTS = (
    Variant(SHIPPED, build_shipped, keeps_memory=False),
    Variant("plain, batches of 8", plain_small_batches, keeps_memory=False),
    Variant("+ freed memory kept", plain_small_batches),
    Variant("+ folded", folded_only),
    Variant("+ joined, channels last", joined),
    Variant("features", features),
    Variant("features, bfloat16", build_bfloat16),
)
COMPILED = Variant("features, compiled", build_compiled)


def images_for(count: int) -> Tensor:
    """Images (N, 3, 299, 299) of random squares, in [-1, 1]."""
    coarse = torch.rand(count, 3, 24, 24, generator=torch.Generator().manual_seed(1)) * 2 - 1
    return torch.nn.functional.interpolate(coarse, (299, 299))


def work(variant: Variant, count: int, threads: int, pipe: Connection) -> None:
    """Answer each call with the seconds that it took, until told to stop; the first answer is the features."""
    torch.set_num_threads(threads)
    if variant.keeps_memory:
        keep_freed_memory()
    run, images = variant.build(), images_for(count)
    pipe.send(run(images).numpy().copy())
    while pipe.recv():
        start = time.perf_counter()
        run(images)
        pipe.send(time.perf_counter() - start)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=100, help="images per turn")
    parser.add_argument("--repeats", type=int, default=5, help="turns of each variant")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--compiled", action="store_true", help="also through torch.compile (a minute and more to start)"
    )
    arguments = parser.parse_args()
    variants = [*VARIANTS, *([COMPILED] if arguments.compiled else [])]

    print(f"{SHIPPED}: {shipped()[0]}; torch {torch.__version__}, {arguments.threads} threads")
    context, pipes, processes, results = multiprocessing.get_context("spawn"), {}, [], {}
    for variant in variants:
        pipes[variant.name], theirs = context.Pipe()
        process = context.Process(target=work, args=(variant, arguments.images, arguments.threads, theirs), daemon=True)
        process.start()
        processes.append(process)
        started = time.perf_counter()
        results[variant.name] = torch.from_numpy(pipes[variant.name].recv())
        print(f"{variant.name}: ready after {time.perf_counter() - started:.0f} s", flush=True)

    seconds: dict[str, list[float]] = {variant.name: [] for variant in variants}
    for _ in range(arguments.repeats):
        for name, pipe in pipes.items():
            pipe.send(True)
            seconds[name].append(pipe.recv())
    for pipe in pipes.values():
        pipe.send(False)
    for process in processes:
        process.join()

    print(f"\n{'variant':<26}{'images/s':>10}{'ratio':>8}  largest relative difference")
    for name, taken in seconds.items():
        rate = arguments.images / statistics.median(taken)
        ratio = statistics.median(base / own for base, own in zip(seconds[SHIPPED], taken, strict=True))
        difference = (results[name] - results[SHIPPED]).abs().max() / results[SHIPPED].abs().max()
        print(f"{name:<26}{rate:>10.1f}{ratio:>8.2f}  {difference:.1e}")


if __name__ == "__main__":
    main()
