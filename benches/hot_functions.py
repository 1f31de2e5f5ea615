#!/usr/bin/env python3
"""Writes benches/hot-functions.txt: the functions that run while the program starts, people sign in and apps ask. A release has
them next to each other (build.rs): the system loads code by the page, and would load most of it otherwise.

`make hot` builds a release with its symbols and runs this, which takes two minutes. The name of a function contains a hash that
changes with the version of the compiler and of its crate. What is listed and not there is passed over, so an old list costs
memory and nothing else."""
import pathlib, re, subprocess, tempfile, types

import load, oauth

PROGRAM = load.ROOT / "target/release/latchkey"
LIST = load.ROOT / "benches/hot-functions.txt"
PAGES_AND_CALLS = ["page", "sign_in_page", "userinfo", "api_read", "refresh", "asset"]
SECONDS = 4


def watched(program, folder):
    """A command that does what the program does. While it serves, valgrind counts."""
    command = pathlib.Path(folder) / "latchkey"
    count = f"valgrind --tool=callgrind --demangle=no --callgrind-out-file={folder}/calls"
    command.write_text(f'#!/bin/sh\nif [ "$1" = serve ]; then exec {count} {program} "$@"; fi\nexec {program} "$@"\n')
    command.chmod(0o755)
    return command


def use(options, folder, log):
    app = oauth.ours(folder, options, log)
    sessions = app.sign_in()
    for scenario in oauth.SCENARIOS:
        app.drive(scenario, sessions, f"{folder}/codes", SECONDS)
    for scenario in PAGES_AND_CALLS:
        load.drive(app.program, {scenario: 1}, SECONDS)
    app.program.sign_in()
    app.program.stop()


def names(command):
    return set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())


def main():
    known = names(["nm", "--defined-only", "--format=just-symbols", PROGRAM])
    assert known, f"{PROGRAM} has no symbols"
    load.SESSIONS = 20  # each signs up, which takes a second here
    with tempfile.TemporaryDirectory() as folder, open(load.ROOT / "target/bench.log", "w") as log:
        use(types.SimpleNamespace(program=watched(PROGRAM, folder), database=None, algorithm="ES256"), folder, log)
        called = pathlib.Path(folder, "calls").read_text()
    # "fn=(12) name", and a name that calls itself ends in '2.
    called = {re.sub(r"'\d+$", "", name) for name in re.findall(r"^c?fn=\(\d+\) (.+)$", called, re.MULTILINE)}
    hot = sorted(called & known)
    LIST.write_text("".join(f"{name}\n" for name in hot))
    print(f"{len(hot):,} of {len(known):,} functions")


main()
