"""Which of Tesseract's words are believed, and how they become text."""

from tg_assets.vision.words import Word, keep_page, keep_sparse, latin_lines, merge, parse, text_of


def word(text: str, confidence: float = 95, line: int = 1, left: float = 0, top: float = 0, source: int = 0) -> Word:
    return Word(text, confidence, left, top, 10, 10, (source, 1, 1, line))


def texts(words: list[Word]) -> list[str]:
    return [one.text for one in words]


def test_a_table_row_becomes_a_word_in_pixels_of_the_picture() -> None:
    """Boxes are divided by the zoom of the pass; other levels and blanks are skipped."""
    table = (
        "4\t1\t1\t1\t1\t0\t0\t0\t0\t0\t-1\t\n"
        "5\t1\t1\t1\t1\t1\t20\t40\t60\t10\t91.5\tcat\n"
        "5\t1\t1\t1\t1\t2\t0\t0\t1\t1\t95\t \n"
    )
    assert parse(table, 2.0, 3) == [Word("cat", 91.5, 10, 20, 30, 5, (3, 1, 1, 1, 1))]


def test_junk_of_a_page_is_dropped_and_numbers_beside_words_stay() -> None:
    """Below 55 or below two letters is junk, except sure neighbours of a real word."""
    words = [
        word("total"),
        word("42"),
        word("я"),
        word("||"),
        word("x", 60),
        word("zz", 40),
        word("77", 99, line=2),
    ]
    assert texts(keep_page(words)) == ["total", "42", "я"]


def test_scattered_words_must_be_longer_and_surer() -> None:
    """Leaves and waves read as two or three letters at 70-80."""
    words = [word("deploy", 96), word("on", 90), word("we", 92, line=2), word("leaf", 70, line=3)]
    assert texts(keep_sparse(words)) == ["deploy", "on"]


def test_a_second_pass_adds_only_where_nothing_was_read() -> None:
    """The same word read twice is one word."""
    first = [word("cat", left=0)]
    assert texts(merge(first, [word("cot", left=5), word("dog", left=40)])) == ["cat", "dog"]


def test_letters_of_both_scripts_become_latin_on_a_latin_line() -> None:
    """A Cyrillic Max beside JVM is Max; HTTP in a Russian sentence stays Latin, кот stays Russian."""
    words = [word("JVM"), word("Мах"), word("ошибка", line=2), word("HTTP", line=2), word("рост", line=3)]
    assert texts(latin_lines(words)) == ["JVM", "Max", "ошибка", "HTTP", "рост"]


def test_lines_of_several_passes_go_from_top_to_bottom() -> None:
    """Tesseract's order holds inside one pass; between passes the place decides."""
    assert text_of([word("b", line=1, top=50), word("c", line=1, left=20, top=50)]) == "b c"
    assert text_of([word("low", top=90), word("high", top=5, source=2)]) == "high\nlow"
