#!/usr/bin/env python3
"""`ztp serve` through power cuts: what was not synced is gone, and what was acknowledged is in the log.

Usage: power_cut_test.py ZTP FORGETFUL_DISK

The server runs on a disk that notes what is synced (forgetful_disk.c, preloaded), is killed under load, and finds in its log's
folder what the notes have: of each file what it had when it was last synced, and of its names those that its folder had then.
Every other time some of the rest is there, too, as a real disk may have written any of it: the beginning of what files
had more, and names.

ZTP_AUDIT_CUTS: how many (4 here; 200 by hand).
"""

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

from serving import Server

ZTP = DISK = None
REQUEST = {"subject": {"type": "user", "id": "alice@example.com"}, "action": {"name": "read"}, "resource": {"type": "document", "id": "1"}}


class Image:
    """What a disk has after the cut. `before`: the folder as it was when the program began; `after`: as the program saw it last."""

    def __init__(self, notes, before, after, kept):
        self.notes, self.before, self.after = notes, before, after
        self.kept = kept  # how likely something is there that was not synced

    def restore(self, to):
        to.mkdir()
        self.folder(Path("."), self.key(self.after), to)

    @staticmethod
    def key(path):
        """As forgetful_disk.c has it; Python's stat knows no time of birth."""
        said = subprocess.run(["stat", "--format", "%i %w", path], capture_output=True, text=True, check=True).stdout
        inode, _, birth = said.strip().partition(" ")
        seconds = subprocess.run(["date", "--date", birth, "+%s.%N"], capture_output=True, text=True, check=True).stdout.strip()
        return f"{inode}-{seconds}"

    def folder(self, path, key, to):
        note = self.notes / f"folder-{key}"
        entries = {}
        if note.exists():
            for line in note.read_text().splitlines():
                entry, kind, name = line.split(" ", 2)
                entries[name] = (entry, kind)
        elif (self.before / path).is_dir():
            entries = {each.name: (None, "d" if each.is_dir() else "f") for each in (self.before / path).iterdir()}
        for name, (entry, kind) in entries.items():
            if kind == "d":
                (to / name).mkdir()
                self.folder(path / name, entry, to / name)
            else:
                (to / name).write_bytes(self.content(path / name, entry))
        if not (self.after / path).is_dir():
            return
        for each in (self.after / path).iterdir():
            if each.name in entries or random.random() >= self.kept:
                continue
            if each.is_dir():
                (to / each.name).mkdir()
                self.folder(path / each.name, self.key(each), to / each.name)
            else:
                (to / each.name).write_bytes(self.content(path / each.name, self.key(each)))

    def content(self, path, key):
        note, before, after = self.notes / f"file-{key}", self.before / path, self.after / path
        synced = note.read_bytes() if note.exists() else before.read_bytes() if before.is_file() else b""
        if random.random() < self.kept and after.is_file():
            last = after.read_bytes()
            if len(last) > len(synced) and last.startswith(synced):
                return last[: random.randint(len(synced), len(last))]
        return synced


class PowerCut(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.addCleanup(self.temporary.cleanup)
        self.folder = Path(self.temporary.name).resolve()
        self.log, self.notes = self.folder / "decisions", self.folder / "notes"
        self.ztp("keygen", "-o", self.folder / "key")
        self.vkey = self.ztp("audit", "key", self.folder / "key.pub", "--origin", "acme.example/audit").strip()

    def ztp(self, *command):
        done = subprocess.run([ZTP, *map(str, command)], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def serve(self, **env):
        server = Server(ZTP, self.folder, "--audit", self.log, "--audit-key", "key", "--audit-origin", "acme.example/audit", "--watch", 0,
                        "--threads", 2, env=env)
        self.addCleanup(server.__exit__)
        return server

    def run_until_cut(self):
        """Ids that were acknowledged until then."""
        server = self.serve(LD_PRELOAD=str(DISK), ZTP_DISK_FOLDER=str(self.log), ZTP_DISK_IMAGE=str(self.notes))
        acknowledged, failed, stop = [], [], threading.Event()

        def ask():
            connection = server.connect()
            while True:
                try:
                    answer = server.ask(REQUEST, connection=connection)[1]
                except Exception as error:  # noqa: BLE001 - the cut, however http.client says it
                    if not stop.is_set():
                        failed.append(error)
                    return
                acknowledged.append(answer["context"]["decision_id"])

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        # Long enough for tiles and checkpoints (a second apart, unless said) to be under way now and then.
        end = time.monotonic() + random.uniform(0.05, 2.5)
        while len(acknowledged) < 20 or time.monotonic() < end:
            time.sleep(0.01)
        stop.set()
        server.process.kill()
        server.process.wait()
        for thread in threads:
            thread.join()
        self.assertEqual(failed, [])
        return acknowledged

    def test_nothing_that_was_acknowledged_is_lost(self):
        cuts = int(os.environ.get("ZTP_AUDIT_CUTS", "4"))
        acknowledged, lost = [], 0
        for turn in range(cuts):
            before = self.folder / "before"
            shutil.rmtree(before, ignore_errors=True)
            shutil.rmtree(self.notes, ignore_errors=True)
            self.notes.mkdir()
            self.log.mkdir(exist_ok=True)
            shutil.copytree(self.log, before)
            acknowledged += self.run_until_cut()
            after = self.folder / "after"
            shutil.rmtree(after, ignore_errors=True)
            self.log.rename(after)
            Image(self.notes, before, after, kept=0.5 if turn % 2 else 0.0).restore(self.log)
            lost += sum(each.stat().st_size for each in after.rglob("*") if each.is_file()) > sum(
                each.stat().st_size for each in self.log.rglob("*") if each.is_file())
        server = self.serve()
        self.assertEqual(server.stop(), 0)
        self.ztp("audit", "verify", self.log, "--key", self.vkey)
        entries = [json.loads(line) for line in self.ztp("audit", "export", self.log, "--key", self.vkey).splitlines()]
        logged = [entry["id"] for entry in entries if entry["type"] == "decision"]
        self.assertEqual(len(logged), len(set(logged)))
        self.assertEqual(set(acknowledged) - set(logged), set())
        self.assertGreater(lost, 0, "a disk that forgets nothing shows nothing")
        print(f"{cuts} power cuts, {lost} of which took something: all of {len(acknowledged)} acknowledged decisions are among {len(logged)}",
              file=sys.stderr)


if __name__ == "__main__":
    DISK = os.path.abspath(sys.argv.pop(2))
    ZTP = os.path.abspath(sys.argv.pop(1))
    unittest.main()
