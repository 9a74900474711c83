"""The rules that tests/conftest.py enforces, tried on small suites of their own."""

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

CONFTEST = (Path(__file__).parent / "conftest.py").read_text(encoding="utf-8")
SUITE = """
    import pytest

    @pytest.mark.skipif(True, reason="the toolchain of rs is missing")
    def test_marked(): pass

    def test_skipping(): pytest.skip("no toolchain for d: install ldc")

    def test_with_another_reason(): pytest.skip("needs a GPU")
"""


# A mark skips before the test begins, which pytest then counts as an error instead of a failure.
@pytest.mark.parametrize(
    ("ci", "outcomes"),
    [("true", {"failed": 1, "errors": 1, "skipped": 1}), ("", {"skipped": 3})],
)
def test_skipping_for_a_toolchain_fails_in_ci_only(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, ci: str, outcomes: dict[str, int]
) -> None:
    monkeypatch.setenv("CI", ci)
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(SUITE)
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider")
    result.assert_outcomes(**outcomes)


def test_missing_shared_data_skips_with_a_sentence(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile("def test_real(shared_data): assert False")
    result = pytester.runpytest_inprocess("-rs", "-p", "no:cacheprovider")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*needs the optional real data beside the project*"])
