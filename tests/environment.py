"""A Python environment with packages of PyPI, for the tests that hold ztp against other people's programs."""

import hashlib
import os
import shutil
import subprocess
import sys

SKIPPED = 77  # what ctest reports as skipped


def make_environment(folder, needed):
    """The environment's python, made once of the requirements `needed`; None: PyPI is out of reach."""
    python = folder / "bin" / "python"
    stamp = folder / "made-of"
    wanted = hashlib.sha256((needed + sys.version).encode()).hexdigest()
    if stamp.is_file() and stamp.read_text() == wanted:
        return python
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    (folder / "requirements.txt").write_text(needed)
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if subprocess.run([*install, "-r", folder / "requirements.txt"]).returncode != 0:
        return None
    stamp.write_text(wanted)
    return python


def without_pypi(what):
    """Ends the test, which was not made."""
    print(f"{what} could not be installed from PyPI: interoperation was NOT tested.")
    sys.exit(1 if os.environ.get("ZTP_REQUIRE_PYPI") else SKIPPED)
