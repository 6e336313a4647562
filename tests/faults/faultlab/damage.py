"""Damage: checkpoints with bytes cut off, bits flipped, files swapped, renamed, emptied or missing."""

import random
import shutil
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

from equipoise.core.errors import UserError
from equipoise.training.checkpoint import checkpoint_path, checkpoint_steps, fault, find_checkpoint

Damage = Callable[[Path, Path, random.Random], None]
"""(the newest checkpoint, the one before it, chance) -> nothing; it damages the newest."""


def _file(folder: Path, chance: random.Random) -> Path:
    return chance.choice(sorted(folder.iterdir()))


def truncate(newest: Path, former: Path, chance: random.Random) -> None:
    """Cut a file off anywhere."""
    victim = _file(newest, chance)
    victim.write_bytes(victim.read_bytes()[: chance.randrange(victim.stat().st_size)])


def flip_a_bit(newest: Path, former: Path, chance: random.Random) -> None:
    """One bit of one file."""
    victim = _file(newest, chance)
    content = bytearray(victim.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    victim.write_bytes(bytes(content))


def flip_a_bit_of_the_manifest(newest: Path, former: Path, chance: random.Random) -> None:
    """One bit of the file that vouches for the others."""
    victim = newest / "manifest.json"
    content = bytearray(victim.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    victim.write_bytes(bytes(content))


def overwrite(newest: Path, former: Path, chance: random.Random) -> None:
    """A block of a file with other bytes, as of a bad sector."""
    victim = _file(newest, chance)
    content = bytearray(victim.read_bytes())
    start = chance.randrange(len(content))
    before = content[start : start + 64]
    content[start : start + 64] = bytes(byte ^ 0x5A for byte in before)
    victim.write_bytes(bytes(content))


def append(newest: Path, former: Path, chance: random.Random) -> None:
    """More bytes than were written."""
    with _file(newest, chance).open("ab") as file:
        file.write(chance.randbytes(chance.randint(1, 50)))


def remove(newest: Path, former: Path, chance: random.Random) -> None:
    """A missing file."""
    _file(newest, chance).unlink()


def empty(newest: Path, former: Path, chance: random.Random) -> None:
    """A file of no bytes, as some file systems leave after a power cut."""
    _file(newest, chance).write_bytes(b"")


def swap(newest: Path, former: Path, chance: random.Random) -> None:
    """Two files of the checkpoint, in one another's place."""
    one, other = chance.sample(sorted(newest.iterdir()), 2)
    content = one.read_bytes(), other.read_bytes()
    if content[0] == content[1]:  # right at the start the average is the generator
        remove(newest, former, chance)
        return
    one.write_bytes(content[1])
    other.write_bytes(content[0])


def take_from_the_one_before(newest: Path, former: Path, chance: random.Random) -> None:
    """A file of another checkpoint of the same run."""
    name = chance.choice([file.name for file in sorted(newest.iterdir())])
    shutil.copyfile(former / name, newest / name)


def become_the_one_before(newest: Path, former: Path, chance: random.Random) -> None:
    """A whole other checkpoint under the newest one's name."""
    shutil.rmtree(newest)
    shutil.copytree(former, newest)


def become_a_folder(newest: Path, former: Path, chance: random.Random) -> None:
    """A folder in the place of a file."""
    victim = _file(newest, chance)
    victim.unlink()
    victim.mkdir()


DAMAGES: tuple[Damage, ...] = (
    *(truncate, flip_a_bit, flip_a_bit_of_the_manifest, overwrite, append, remove, empty, swap),
    *(take_from_the_one_before, become_the_one_before, become_a_folder),
)


def damages(run: Path, number: int, seed: int = 0) -> Iterator[tuple[str, bool]]:
    """Damage the newest checkpoint of ``run`` in ``number`` ways; yields the way and whether all was as it should be.

    As it should be: the damage is seen, said in a warning, and the checkpoint before is found in its place.
    """
    folder, chance = run / "checkpoints", random.Random(seed)
    before, last = checkpoint_steps(folder)[-2:]
    newest, former, spare = checkpoint_path(folder, last), checkpoint_path(folder, before), run.parent / "spare"
    shutil.copytree(newest, spare)
    for count in range(number):
        damage = DAMAGES[count % len(DAMAGES)]
        damage(newest, former, chance)
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            found = find_checkpoint(folder)
        is_seen = fault(newest) is not None and len(said) == 1 and _is_refused(folder, last)
        yield damage.__name__, is_seen and found == former
        shutil.rmtree(newest)
        shutil.copytree(spare, newest)
        assert fault(newest) is None
    shutil.rmtree(spare)


def _is_refused(folder: Path, step: int) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            find_checkpoint(folder, step)
        except UserError:
            return True
    return False
