"""Ada's own split into files: as gnatchop's, or none at all."""

from multipl_e.languages.ada import units

SPEC = "pragma Ada_2022;\n\npackage Placeholder is\n   X : Integer := 1;\nend Placeholder;\n"
BODY = "pragma Ada_2022;\n-- The body.\npackage body Placeholder is\nend Placeholder;\n"
MAIN = "with Placeholder; use Placeholder;\nprocedure Main is\nbegin\n   null;\nend Main;\n"


def test_each_unit_is_a_file_with_what_stands_before_it() -> None:
    files = units(SPEC + BODY + MAIN)

    assert files is not None
    assert {name: text.strip() for name, text in files.items()} == {
        "placeholder.ads": SPEC.strip(),
        "placeholder.adb": BODY.strip(),
        "main.adb": MAIN.strip(),
    }


def test_a_further_unit_is_left_to_gnatchop() -> None:
    assert units(SPEC + "package More is\nend More;\n" + BODY + MAIN) is None
    assert units(SPEC + BODY + MAIN + "procedure More is\nbegin\n   null;\nend More;\n") is None


def test_a_unit_that_ends_twice_is_left_to_gnatchop() -> None:
    assert units(SPEC + "--  end Placeholder;\n" + BODY + MAIN) is None
