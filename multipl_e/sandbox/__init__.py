"""A place to run foreign programs in. Knows nothing of languages, tasks or verdicts."""

from multipl_e.sandbox.inside.compartment import Limits
from multipl_e.sandbox.sandbox import (
    Isolation,
    Sandbox,
    SandboxSpec,
    ServiceSpec,
    check_isolation,
    find_bubblewrap,
)

__all__ = [
    "Isolation",
    "Limits",
    "Sandbox",
    "SandboxSpec",
    "ServiceSpec",
    "check_isolation",
    "find_bubblewrap",
]
