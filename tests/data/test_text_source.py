"""Text from files, folders, tables and the grammar: what is kept, cut, counted, told and refused."""

import gzip

import numpy as np
import pytest
import torch

from equipoise.core.errors import DataWarning, UserError
from equipoise.data import Vocabulary, load_text
from equipoise.data.text import one_hot
from equipoise.data.text_grammar import NUM_SENTENCES, GrammarLines
from equipoise.data.text_vocabulary import PADDING, UNKNOWN, points_of


@pytest.fixture
def read(build, tmp_path):
    """A source of the text given, as one file; everything is training text unless ``held_out`` is given."""

    def make(content, **fields):
        path = tmp_path / "mine.txt"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return build(source="text", path=str(path), **{"held_out": 1e-9, **fields})

    return make


def lines_of(source):
    return source.vocabulary.decode(source.codes.numpy())


def test_lines_come_back_as_they_were(read):
    source = read("one\nzwölf Boxkämpfer\n日本語\n")
    assert lines_of(source) == ["one", "zwölf Boxkämpfer", "日本語"]
    assert source.num_examples == 3


def test_a_code_is_the_rank_of_a_symbol(read):
    """By hand: b occurs 4 times, a 2 times, c and d once each, of which c has the smaller number."""
    source = read("bab\nbda\ncb\n", length=4)
    assert source.vocabulary.symbols == "bacd"
    assert source.codes.tolist() == [[2, 3, 2, 0], [2, 5, 3, 0], [4, 2, 0, 0]]
    assert source.example_shape == (6, 4)


def test_one_hot_by_hand():
    codes = torch.tensor([[2, 0], [1, 1]], dtype=torch.uint8)
    expected = torch.zeros(2, 3, 2)
    for row, place in np.ndindex(2, 2):
        expected[row, int(codes[row, place]), place] = 1
    assert torch.equal(one_hot(codes, 3), expected)


def test_points_are_the_numbers_of_the_characters():
    lines = ["a\u0301x", "\U0001d518", ""]
    expected = [([ord(sign) for sign in line] + [0] * 5)[:5] for line in lines]
    assert points_of(lines, 5).tolist() == expected


def test_long_lines_are_cut_and_told_in_the_name(read):
    source = read("abcdefgh\nxy\n", length=4)
    assert lines_of(source) == ["abcd", "xy"]
    assert "1 cut to 4" in source.name


def test_blank_lines_space_at_ends_byte_order_marks_and_any_line_ends(read):
    source = read(b"\xef\xbb\xbfone\r\n\r\n   \ntwo  \n\tthree")
    assert lines_of(source) == ["one", "two", "three"]
    assert "2 blank ones left out" in source.name


def test_symbols_beyond_the_vocabulary_become_unknown_and_are_told(read):
    with pytest.warns(DataWarning, match=r"5 of 16 symbols of .* data.max_symbols"):
        source = read("aaab\naaba\naaac\nabad\n", max_symbols=1, length=8)
    assert source.vocabulary.symbols == "a"
    assert source.codes[3].tolist() == [2, UNKNOWN, 2, UNKNOWN, *[PADDING] * 4]
    assert lines_of(source)[0] == "aaa\ufffd"


def test_two_thousand_symbols_take_two_bytes(read):
    symbols = [chr(0x4E00 + k) for k in range(2000)]
    source = read("\n".join("".join(symbols[k : k + 20]) for k in range(0, 2000, 20)))
    assert source.codes.dtype == torch.int16
    assert source.example_shape == (2002, 32)
    assert "".join(lines_of(source)) == "".join(symbols)


def test_bytes_of_utf8_come_back_as_characters(read):
    source = read("naïve 日\nx\n", units="bytes")
    assert lines_of(source) == ["naïve 日", "x"]
    assert source.codes[0].ne(PADDING).sum() == len("naïve 日".encode())


def test_bytes_that_are_no_utf8_are_read_as_bytes_and_shown_as_unknown(read):
    assert lines_of(read(b"caf\xe9\nx\n", units="bytes")) == ["caf\ufffd", "x"]


def test_a_few_unreadable_lines_are_left_out_and_told(read):
    with pytest.warns(DataWarning, match="2 lines of .* are not UTF-8 text and are left out"):
        source = read(b"one\ncaf\xe9\ntwo\n\xff\n" + b"more\n" * 300)
    assert source.num_examples == 302


def test_many_unreadable_lines_are_one_sentence(read):
    with pytest.raises(UserError, match=r"1 of 3 lines of .* not UTF-8 text, the first begins b'caf.xe9'.*data.units"):
        read(b"one\ntwo\ncaf\xe9\n")


def test_zero_bytes_far_into_a_file_make_their_lines_unreadable(read):
    lines = b"a line of text\nand another\n" * 4000
    with pytest.warns(DataWarning, match="1 lines of"):
        assert read(lines + b"bro\0ken\n", units="bytes").num_examples == 8000


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\n \n\n", "has no lines but blank ones"),
        ("text".encode("utf-16"), "zero bytes.*UTF-16"),
        (gzip.compress(bytes(range(256)) * 100), "zero bytes|not UTF-8"),
        (b"same\nsame\nsame\n", "All 3 lines .* are the same in their first 32 symbols"),
        (b"one\n", "All 1 lines"),
    ],
)
def test_what_is_no_text_to_train_on_is_one_sentence(read, content, words):
    with pytest.raises(UserError, match=words) as caught:
        read(content)
    assert "\n" not in str(caught.value)


def test_lines_that_differ_only_behind_the_length_are_the_same(read):
    with pytest.raises(UserError, match="same in their first 4 symbols"):
        read("abcdX\nabcdY\n", length=4)


def test_repeated_lines_are_left_out_where_asked(read):
    content = "one\ntwo\none\n" * 3
    assert read(content).num_examples == 9
    source = read(content, distinct=True)
    assert lines_of(source) == ["one", "two"]
    assert "7 repeated ones left out" in source.name


def test_no_more_lines_are_read_than_asked_for(read):
    source = read("".join(f"line {k}\n" for k in range(50_000)), max_lines=30_001)
    assert source.num_examples == 30_001
    assert lines_of(source)[-1] == "line 30000"


def test_a_file_is_split_by_the_content_of_its_lines(read, build):
    lines = [f"line number {k % 4000}" for k in range(8000)]
    train = read("\n".join(lines), held_out=0.2)
    test = build(split="test", source="text", path=train.name.partition(",")[0], held_out=0.2)
    ours, theirs = set(lines_of(train)), set(lines_of(test))
    assert ours | theirs == set(lines)
    assert not ours & theirs
    assert abs(len(theirs) - 800) < 4 * (4000 * 0.2 * 0.8) ** 0.5


def test_a_folder_gives_its_splits_in_the_code_of_the_training_text(text, build):
    train, test = build(source="text", path=str(text)), build("test", source="text", path=str(text))
    assert test.vocabulary == train.vocabulary
    assert lines_of(test) == ["Who is he ?", "no", "yes ."]


def test_another_split_names_symbols_that_the_training_text_has_not(text, build):
    (text / "test.txt").write_text("Ω\nno\n", encoding="utf-8")
    with pytest.warns(DataWarning, match="1 of 3 symbols"):
        test = build("test", source="text", path=str(text))
    assert test.codes[0, 0] == UNKNOWN


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"path": "no/such.txt"}, r"There is no file 'no/such.txt'.*one sentence per line"),
        ({"split": "valid"}, "Unknown split 'valid'; .*train, test"),
    ],
)
def test_what_is_not_there_is_one_sentence(text, build, fields, words):
    with pytest.raises(UserError, match=words):
        build(source="text", **{"path": str(text / "train.txt"), **fields})


def test_a_folder_without_the_split_or_without_text_is_one_sentence(text, build, tmp_path):
    with pytest.raises(UserError, match=r"Unknown split 'vaild'.*test, train"):
        build(source="text", path=str(text), split="vaild")
    (tmp_path / "bare").mkdir()
    with pytest.raises(UserError, match="no text files"):
        build(source="text", path=str(tmp_path / "bare"))


@pytest.fixture
def parquet(tmp_path):
    datasets = pytest.importorskip("datasets")
    columns = {"text": ["first\nsecond", None, "third"], "id": [1, 2, 3], "title": ["a", "b", "c"]}
    (tmp_path / "hub").mkdir()
    datasets.Dataset.from_dict(columns).to_parquet(tmp_path / "hub" / "train-00000-of-00001.parquet")
    return str(tmp_path / "hub")


def test_a_column_of_a_parquet_folder_is_text(parquet, build):
    assert lines_of(build(source="text", path=parquet)) == ["first", "second", "third"]
    assert lines_of(build(source="text", path=parquet, text_column="title")) == ["a", "b", "c"]


@pytest.mark.parametrize(("column", "words"), [("id", "holds no strings"), ("txet", "did you mean 'text'")])
def test_a_column_that_is_no_text_is_one_sentence(parquet, build, column, words):
    with pytest.raises(UserError, match=words):
        build(source="text", path=parquet, text_column=column)


def test_a_data_set_of_the_hub_is_read_by_name(monkeypatch, build):
    import datasets

    table = datasets.Dataset.from_dict({"sentence": ["eins", "zwei\ndrei"], "label": [0, 1]})
    monkeypatch.setattr(datasets, "get_dataset_split_names", lambda name, subset: ["train", "validation"])
    monkeypatch.setattr(datasets, "load_dataset", lambda name, subset, split: table)
    assert lines_of(build(source="text", path="some/words")) == ["eins", "zwei", "drei"]
    with pytest.raises(UserError, match="Unknown split 'test'"):
        build(source="text", path="some/words", split="test")


def test_the_grammar_is_the_same_everywhere(build):
    source = build(source="text")
    assert source.num_examples == NUM_SENTENCES["train"]
    assert source.fingerprint() == "781a0078f469c667119554886de1bd26af0abf5c4db42d94341334c298c23e13"
    assert sum(len(line) <= 32 for line in GrammarLines("train")) > 0.75 * source.num_examples


def test_progress_ends_at_all_lines(text, build):
    told = []
    build(source="text", path=str(text), on_progress=lambda done, total: told.append((done, total)))
    assert told == [(10, 10)]


def test_the_vocabulary_survives_its_state():
    vocabulary = Vocabulary('ab"\\\n日', "characters")
    assert Vocabulary.from_state(vocabulary.state_dict()) == vocabulary


def test_the_files_of_a_large_set_leave_nothing_behind(text, build, tmp_path, monkeypatch):
    monkeypatch.setenv("EQUIPOISE_CACHE", str(tmp_path / "cache"))
    source = build(source="text", path=str(text), memory_limit=0)
    assert lines_of(source)[0] == "It was a cold night ."
    assert list((tmp_path / "cache" / "text").iterdir()) == []


def test_given_vocabularies_are_kept(text, build):
    from equipoise.config.data import DataSettings

    with pytest.warns(DataWarning, match="not in the vocabulary"):
        source = load_text(DataSettings(source="text", path=str(text)), torch.device("cpu"), Vocabulary("yes"))
    assert source.vocabulary.symbols == "yes"
    assert lines_of(source)[8] == "yes"


def test_text_that_changes_while_it_is_read_is_one_sentence(text, build, monkeypatch):
    from equipoise.data import text_loading

    def survey_and_grow(raw, settings):
        found = survey(raw, settings)
        with (text / "train.txt").open("a") as file:
            file.write("one more\n")
        return found

    survey = text_loading.survey
    monkeypatch.setattr(text_loading, "survey", survey_and_grow)
    with pytest.raises(UserError, match="was changed while it was read"):
        build(source="text", path=str(text))
