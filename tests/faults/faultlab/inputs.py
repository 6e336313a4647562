"""Malformed input: words, config files, data folders, images, run folders, moments; each to be refused in a sentence.

Refused means: exit code 2 (or a `UserError` where there is no command yet), one line that is a sentence, nothing on
standard output, and no file made or changed.
"""

import contextlib
import io
import random
import shutil
import struct
import sys
import warnings
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy
import yaml
from PIL import Image

from equipoise.cli.main import main
from equipoise.config.files import dotted_fields
from equipoise.config.run import RunSettings
from equipoise.core.errors import UserError
from equipoise.metrics import Moments
from equipoise.recipes import RECIPES

Request = tuple[str, Callable[[], int]]
ABSURD: tuple[Any, ...] = (
    *(
        -1,
        "0x",
        "",
        "NaN",
        "1e400",
        10**30,
        -(10**30),
        "two words",
        "\u2603",
        "[",
        "{}",
        "../../etc/passwd",
        "\x1b[31m",
    ),
    *([], [1, 2, 3], {"a": 1}, {"value": None}, "2020-01-01", "null,null"),
)

SOON = ("--training.steps=2", "--threads=1")
"""What is accepted by mistake ends soon."""


def refused(request: Callable[[], int], folder: Path) -> str:
    """What is wrong with how ``request`` was answered; empty where it was refused as it should be."""
    out, err, before = io.StringIO(), io.StringIO(), _listing(folder)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = request()
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 99
    lines = [line for line in err.getvalue().splitlines() if not line.startswith("warning: ")]
    wrong = []
    if code != 2:
        wrong.append(f"exit code {code}")
    if len(lines) != 1 or not lines[0].startswith("equipoise: ") or lines[0][-1] not in ".?" or len(lines[0]) > 1500:
        wrong.append(f"not one sentence: {err.getvalue()[-2000:]!r}")
    if out.getvalue():
        wrong.append(f"printed {out.getvalue()[:200]!r}")
    if _listing(folder) != before:
        wrong.append("left files behind")
    return "; ".join(wrong)


def _listing(folder: Path) -> list[tuple[str, int]]:
    return sorted((str(path), path.lstat().st_size) for path in folder.rglob("*") if path.name != ".lock")


def command(*words: str) -> Callable[[], int]:
    """A request to the command line."""
    return lambda: main(list(words))


def requests(folder: Path, run: Path, number: int, seed: int = 0) -> Iterator[Request]:
    """``number`` malformed requests in words and what makes them, from all kinds in turn.

    Args:
        folder: where malformed files are put; each kind has its own below it.
        run: a whole run folder, which is copied and damaged.
        number: of requests.
        seed: of all choices.
    """
    chance = random.Random(seed)
    kinds = [words, options, config_bytes, config_values, data_folders, runs, moments]
    for count in range(number):
        kind = kinds[count % len(kinds)]
        place = folder / f"{count:04d}"
        place.mkdir(parents=True)
        name, request = kind(place, run, chance, count // len(kinds))
        yield f"{kind.__name__}: {name}", request


def words(place: Path, run: Path, chance: random.Random, count: int) -> Request:
    """Words that name nothing."""
    given = [
        *([["trian"], ["train", "digit"], ["resume"], ["sample"], ["evaluate"], ["recipes", "a", "b"]]),
        *([["train", "--config"], ["resume", str(place / "no")], ["sample", str(place)], ["evaluate", "\x00"]]),
        *(
            [
                ["sample", str(run), "--num", "0"],
                ["sample", str(run), "--step", "-3"],
                ["resume", "--training.steps", "5"],
            ]
        ),
        *([["evaluate", str(run), "--num-samples", "one"], ["train", "ring", "ring"], ["resume", str(run), "more"]]),
        *([["sample", str(run), "--num", "1" * 40], ["evaluate", str(run), "--step", "7"], ["train", "--no-such"]]),
        *(
            [
                ["sample", str(run), "--out", str(run / "config.yaml")],
                ["sample", str(run), "--seed", "-1e9"],
                ["\u2603"],
            ]
        ),
    ]
    chosen = given[count % len(given)]
    return " ".join(chosen), command(*chosen)


def options(place: Path, run: Path, chance: random.Random, count: int) -> Request:
    """An option with a value that it cannot have."""
    absurd = [
        *(
            "--threads=100000",
            "--device=meta",
            "--device=cuda:77",
            "--training.batch-size=1000000000000",
            "--name=../x",
        ),
        *("--training.steps=1000000000000000000", "--seed=-1", "--disc.lr=inf", "--disc.betas=1,2", "--name=.hidden"),
        *(
            "--network.width=1000000000",
            "--game.latent-dim=0",
            "--disc.optimizer=os.system",
            "--disc.optimizer=builtins.eval",
        ),
        *("--evaluation.every=0", "--guard.nonfinite=panic", "--guard.rollback-rate=0", "--guard.max-rollbacks=-1"),
        *(
            "--data.source=folder",
            "--data.std=0",
            "--training.precision=fp8",
            "--evaluation.num-samples=1",
            "--name=a\nb",
        ),
    ]
    option = absurd[count % len(absurd)]
    return option, command("train", "ring", f"--root={place / 'runs'}", *SOON, option)


def config_bytes(place: Path, run: Path, chance: random.Random, count: int) -> Request:
    """A config file that is no YAML, or no settings."""
    contents = [
        *(
            b"\x00\x01\x02",
            b"\xff\xfe\x00",
            b"a: [",
            b"- 1\n- 2\n",
            b"",
            b"42",
            b"? ",
            b"a: b: c",
            b"\t- x",
            b"%YAML 9.9\n---",
        ),
        *(
            b"!!python/object/apply:os.system ['true']",
            b"[" * 5_000,
            b"a: &x [*x]\nb: *x",
            b"seed: 2020-99-99",
            b"1: 2",
        ),
        *(b"#" * 1_000_001, b"&a [" + b"*a," * 3 + b"]", b"null: 1", b"<<: {seed: a}", b"'': 3", _bomb()),
        chance.randbytes(200),
    ]
    path = place / "config.yaml"
    path.write_bytes(contents[count % len(contents)])
    return repr(contents[count % len(contents)][:40]), command(
        "train", f"--config={path}", f"--root={place / 'runs'}", *SOON
    )


def _bomb() -> bytes:
    """Aliases of aliases: ten lines that would be ten billion."""
    lines = ["a0: &a0 [1, 1]"] + [f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 10)}]" for k in range(1, 11)]
    return ("seed: &s 1\n" + "\n".join(lines)).encode()


def config_values(place: Path, run: Path, chance: random.Random, count: int) -> Request:
    """A recipe's settings with one value that no setting of that name takes."""
    values = chance.choice(list(RECIPES.values())).settings().model_dump(mode="json")
    name = chance.choice(dotted_fields(RunSettings))
    while True:
        value = chance.choice(ABSURD)
        changed = yaml.safe_load(yaml.safe_dump(values))
        *path, last = name.split(".")
        part = changed
        for key in path:
            part = part[key]
        part[last] = value
        if not _is_valid(changed):
            break
        name = chance.choice(dotted_fields(RunSettings))
    file = place / "config.yaml"
    file.write_text(yaml.safe_dump(changed))
    return f"{name}: {value!r}", command("train", f"--config={file}", f"--root={place / 'runs'}")


def _is_valid(values: dict[str, Any]) -> bool:
    with warnings.catch_warnings(), contextlib.suppress(ValueError):
        warnings.simplefilter("ignore")
        RunSettings.model_validate(values)
        return True
    return False


def data_folders(place: Path, run: Path, chance: random.Random, count: int) -> Request:
    """A data set that is none."""
    folder = place / "data"
    kinds = [_no_folder, _empty, _texts, _cut_pictures, _other_sizes, _bombs, _a_file, _links, _parquet, _few]
    kind = kinds[count % len(kinds)]
    kind(folder, chance)
    source = "table" if kind is _parquet else "folder"
    options = (f"--data.source={source}", f"--data.path={folder}", "--data.resize=none", f"--root={place / 'runs'}")
    return kind.__name__.strip("_"), command("train", "images", *options, *SOON)


def _no_folder(folder: Path, chance: random.Random) -> None: ...


def _empty(folder: Path, chance: random.Random) -> None:
    (folder / "below").mkdir(parents=True)


def _texts(folder: Path, chance: random.Random) -> None:
    folder.mkdir()
    for number in range(70):
        (folder / f"{number}.png").write_bytes(chance.randbytes(100))


def _picture(side: int) -> bytes:
    held = io.BytesIO()
    Image.new("RGB", (side, side), "red").save(held, "PNG")
    return held.getvalue()


def _cut_pictures(folder: Path, chance: random.Random) -> None:
    folder.mkdir()
    whole = _picture(32)
    for number in range(70):
        (folder / f"{number}.png").write_bytes(whole[: chance.randint(1, len(whole) - 20)])


def _other_sizes(folder: Path, chance: random.Random) -> None:
    folder.mkdir()
    for number in range(70):
        (folder / f"{number}.png").write_bytes(_picture(8 + number))


def _bombs(folder: Path, chance: random.Random) -> None:
    """Pictures that say they are 60,000 pixels wide and high."""
    folder.mkdir()
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    content = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", len(header)) + chunk + struct.pack(">I", zlib.crc32(chunk))
    for number in range(70):
        (folder / f"{number}.png").write_bytes(content + b"\x00\x00\x00\x00IEND\xaeB`\x82")


def _a_file(folder: Path, chance: random.Random) -> None:
    folder.write_bytes(b"no folder")


def _links(folder: Path, chance: random.Random) -> None:
    """Links that lead nowhere, and to themselves."""
    folder.mkdir()
    for number in range(70):
        (folder / f"{number}.png").symlink_to(folder / (f"{number}.png" if number % 2 else "gone"))


def _parquet(folder: Path, chance: random.Random) -> None:
    folder.mkdir()
    (folder / "train-00000-of-00001.parquet").write_bytes(b"PAR1" + chance.randbytes(500) + b"PAR1")


def _few(folder: Path, chance: random.Random) -> None:
    folder.mkdir()
    (folder / "one.png").write_bytes(_picture(32))


def runs(place: Path, run: Path, chance: random.Random, count: int) -> Request:
    """A run folder that something has happened to."""
    copy = place / "run"
    shutil.copytree(run, copy)
    kinds = [
        _no_checkpoints,
        _damaged_checkpoints,
        _newer_version,
        _other_network,
        _other_batch,
        _config_gone,
        _config_bytes,
        _config_nul,
    ]
    kind = kinds[count % len(kinds)]
    kind(copy)
    verb = ("resume", "sample", "evaluate")[count // len(kinds) % 3]
    if kind in (_other_network, _other_batch):
        verb = "resume"
    return f"{verb} {kind.__name__.strip('_')}", command(verb, str(copy))


def _no_checkpoints(run: Path) -> None:
    shutil.rmtree(run / "checkpoints")


def _damaged_checkpoints(run: Path) -> None:
    for file in run.glob("checkpoints/*/gen_ema.safetensors"):
        file.write_bytes(b"\x00" * 100)


def _newer_version(run: Path) -> None:
    from equipoise.training import checkpoint

    for file in run.glob("checkpoints/*/manifest.json"):
        content = {key: value for key, value in yaml.safe_load(file.read_text()).items() if key != "manifest"}
        file.write_text(checkpoint._manifest_text({**content, "format": 99}))


def _other_network(run: Path) -> None:
    config = yaml.safe_load((run / "config.yaml").read_text())
    config["network"]["width"] = 9
    (run / "config.yaml").write_text(yaml.safe_dump(config))


def _other_batch(run: Path) -> None:
    config = yaml.safe_load((run / "config.yaml").read_text())
    config["training"]["batch_size"] = 17
    (run / "config.yaml").write_text(yaml.safe_dump(config))


def _config_gone(run: Path) -> None:
    (run / "config.yaml").unlink()


def _config_bytes(run: Path) -> None:
    (run / "config.yaml").write_bytes(b"\x00\xff" * 100)


def _config_nul(run: Path) -> None:
    (run / "config.yaml").write_bytes(b"\x00" * 300)  # as some file systems leave a file after a power cut


def moments(place: Path, run: Path, chance: random.Random, count: int) -> Request:
    """A file of moments that is none."""
    path = place / "moments.npz"
    arrays: list[dict[str, Any]] = [
        *({}, {"mu": numpy.zeros(3)}, {"sigma": numpy.eye(3)}, {"mu": numpy.zeros(3), "sigma": numpy.eye(4)}),
        *({"mu": numpy.full(3, numpy.nan), "sigma": numpy.eye(3)}, {"mu": numpy.zeros((3, 1)), "sigma": numpy.eye(3)}),
        {"mu": numpy.array(["a", "b"]), "sigma": numpy.eye(2)},
        {"mu": numpy.array([{"a": 1}, None], dtype=object), "sigma": numpy.eye(2)},
    ]
    choice = count % (len(arrays) + 4)
    if choice < len(arrays):
        numpy.savez(path, **arrays[choice])
    elif choice == len(arrays):
        path.write_bytes(chance.randbytes(300))
    elif choice == len(arrays) + 1:
        path.mkdir()
    elif choice == len(arrays) + 2:
        numpy.savez(path, mu=numpy.zeros(3), sigma=numpy.eye(3))
        path.write_bytes(path.read_bytes()[:-30])
    return f"kind {choice}", lambda: _load_moments(path)


def _load_moments(path: Path) -> int:
    try:
        Moments.load(path)
    except UserError as error:
        print(f"equipoise: {error}", file=sys.stderr)
        return 2
    return 0
