"""A log that `ztp decide --audit` wrote: the example training-loop, decided over and over."""

import os
import pathlib
import subprocess

EXAMPLE = pathlib.Path(__file__).resolve().parents[2] / "policies/examples/training-loop"
ORIGIN = "acme.example/audit"


class World:
    def __init__(self, ztp, folder):
        self.ztp = str(pathlib.Path(ztp).resolve())
        self.folder = pathlib.Path(folder)
        self.log = self.folder / "log"
        self.key = self.folder / "key"
        self.ok("keygen", "-o", self.key)
        self.vkey = self.ok("audit", "key", f"{self.key}.pub", "--origin", ORIGIN).strip()

    def run(self, *arguments, stdin=""):
        """(exit code, standard output, standard error)"""
        done = subprocess.run([self.ztp, *map(str, arguments)], capture_output=True, text=True, timeout=100,
                              input=stdin, env=os.environ, check=False)
        return done.returncode, done.stdout, done.stderr

    def ok(self, *arguments, stdin=""):
        code, out, err = self.run(*arguments, stdin=stdin)
        assert code == 0, (arguments, code, out, err)
        return out

    def requests(self):
        return [line for line in (EXAMPLE / "requests.jsonl").read_text().splitlines() if line.strip()]

    def decide(self, lines, *options):
        """Decides and logs; the answers."""
        code, out, err = self.run("decide", "-p", EXAMPLE / "loop.ztp", "-f", EXAMPLE / "facts.json", "--assume-proven",
                                  "--audit", self.log, "--audit-key", self.key, "--audit-origin", ORIGIN, *options,
                                  stdin="\n".join(lines) + "\n")
        assert code in (0, 1, 2), (code, out, err)
        return out.splitlines()

    def verify(self, *options):
        return self.run("audit", "verify", self.log, "--key", self.vkey, *options)
