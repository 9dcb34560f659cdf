"""Policies from sources. Only who compiles loads the compiler."""

from __future__ import annotations

import os
import re
import sys
import warnings
from types import ModuleType

__all__ = ["PolicyWarning", "compile", "compile_text"]

_loaded: ModuleType | None = None


class PolicyWarning(UserWarning):
    """What the compiler warns of."""


def _compiler() -> ModuleType:
    global _loaded
    if _loaded is None:
        from . import _ztpc

        if hasattr(os, "register_at_fork"):
            os.register_at_fork(
                before=_ztpc._before_fork,
                after_in_parent=_ztpc._after_fork_in_parent,
                after_in_child=_ztpc._after_fork_in_child,
            )
        _loaded = _ztpc
    return _loaded


def _warn(text: str) -> None:
    """As of the line outside this package that asked for it. Mere notes are none."""
    if not re.search(r"^warning\[", text, re.MULTILINE):
        return
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "ztp":
        frame, level = frame.f_back, level + 1
    warnings.warn(text, PolicyWarning, stacklevel=level - 1)


def compile(*paths: str | os.PathLike[str]) -> bytes:
    """Compiles files and folders (every .ztp file below) to a bundle. PolicyError has a problem for each mistake.

    The same sources make the same bytes. What the compiler warns of is a `ztp.PolicyWarning`.
    """
    bundle, warned = _compiler().compile_paths([os.fspath(path) for path in paths])
    _warn(warned)
    return bytes(bundle)


def compile_text(text: str, name: str = "policy.ztp") -> bytes:
    """Compiles one source text to a bundle. `name` is what errors call it."""
    bundle, warned = _compiler().compile_text(text, name)
    _warn(warned)
    return bytes(bundle)
