"""The programs in bindings/c/README.md are built and run; its fragments compile within a function.

Usage: readme_test.py TREE
"""

import pathlib
import re
import shutil
import sys

from embed import C_FOLDER, FACTS, WARNINGS, bundle_of, environment, flags_of, need, run, scratch

tree = pathlib.Path(sys.argv[1])
need("pkg-config", "cc", "c++")
env = environment(tree)
# What fragments speak of. They may use some of it, and end with an error that nobody looks at.
AROUND = """#include <ztp.h>
void step(void);
ztp_error* fragment(ztp_engine* engine, const ztp_policy* policy, ztp_decision decision, ztp_request* request,
                    ztp_attr peer, ztp_text certificates, ztp_text public_keys);
ztp_error* fragment(ztp_engine* engine, const ztp_policy* policy, ztp_decision decision, ztp_request* request,
                    ztp_attr peer, ztp_text certificates, ztp_text public_keys) {{
  ztp_error* e = NULL;
  (void)engine, (void)policy, (void)decision, (void)request, (void)peer, (void)certificates, (void)public_keys;
{}
  return e;
}}
"""

text = (C_FOLDER / "README.md").read_text(encoding="utf-8")
blocks = re.findall(r"^```(c|cpp)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
programs = 0
with scratch() as name:
    folder = pathlib.Path(name)
    bundle_of(tree, folder)
    shutil.copy(FACTS, folder / "facts.json")
    for index, (language, code) in enumerate(blocks):
        compiler, standard, suffix = ("cc", "c11", "c") if language == "c" else ("c++", "c++17", "cc")
        source, program = folder / f"block{index}.{suffix}", folder / f"block{index}"
        command = [compiler, f"-std={standard}", *WARNINGS, source, *flags_of("ztp", env)]
        if "int main(" not in code:
            source.write_text(AROUND.format(code), encoding="utf-8")
            run(*command, "-fsyntax-only")
            continue
        programs += 1
        source.write_text(code, encoding="utf-8")
        run(*command, "-o", program)
        said = run(program, cwd=folder, env=env)
        assert said.splitlines() in (["training"] * 3,
                                     ["acme.training.own_data: the team owns the data and may use it for research"]), said
assert programs == 2 and len(blocks) > programs, f"{programs} programs of {len(blocks)} blocks"
print(f"{programs} programs and {len(blocks) - programs} fragments")
