"""The ztp command for tests: runs it, and says what it answered."""

import os
import subprocess


class Ztp:
    def __init__(self, binary):
        self.binary = str(binary)

    def run(self, *arguments, env=None):
        """(exit code, standard output, standard error)"""
        done = subprocess.run([self.binary, *map(str, arguments)], capture_output=True, text=True, timeout=60,
                              env={**os.environ, **(env or {})})
        return done.returncode, done.stdout, done.stderr

    def ok(self, *arguments, env=None):
        code, out, err = self.run(*arguments, env=env)
        assert code == 0, (arguments, code, out, err)
        return out

    def refused(self, check, *arguments, env=None):
        """It exits with 1 and names the check; the error text."""
        code, out, err = self.run(*arguments, env=env)
        assert code == 1 and f" refused: {check}: " in err, (arguments, code, out, err)
        return err


def make_model(folder):
    """A model whose names are in another order by bytes than by parts."""
    for name, text in {"a/x": "1", "a-b": "2", "z.bin": "3", "sub folder/ä": "4", "empty": "", ".git/config": "g"}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder
