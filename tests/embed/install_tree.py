"""Installs what was built into a folder of its own, for the tests that build against it.

Usage: install_tree.py CMAKE BUILD-FOLDER TREE
"""

import shutil
import sys

from embed import run

cmake, build, tree = sys.argv[1:]
shutil.rmtree(tree, ignore_errors=True)
print(run(cmake, "--install", build, "--prefix", tree))
