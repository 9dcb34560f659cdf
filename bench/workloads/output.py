"""A workload's folder: every file is written under it, and what stood there from before goes away."""

import json
import shutil


class Output:
    def __init__(self, folder):
        self.folder = folder
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)

    def text(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")

    def json(self, name, value):
        self.text(name, json.dumps(value, separators=(",", ":")) + "\n")

    def json_lines(self, name, values):
        self.text(name, "".join(json.dumps(value, separators=(",", ":")) + "\n" for value in values))
