from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def apps_rows() -> ModuleType:
    """The helper that makes rows (loaded by path: tests are no package)."""
    spec = importlib.util.spec_from_file_location(
        "apps_rows", Path(__file__).with_name("apps_rows.py")
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
