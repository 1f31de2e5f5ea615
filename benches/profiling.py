#!/usr/bin/env python3
"""Writes down how the program is used, so that releases are compiled for it. `make profile` calls it twice:

    benches/profiling.py ways         of a release that counts: benches/latchkey.profdata, the ways that requests take through
                                      the code, which rustc optimises (Makefile)
    benches/profiling.py functions    of a release that is optimised by it and has its symbols: benches/hot-functions.txt, the
                                      functions that run, the busiest first, which stand next to each other (build.rs)

The name of a function contains a hash that changes with the version of the compiler, of its crate and of what that uses. What is
named and not there is passed over: an old profile costs speed and memory, and nothing else."""
import collections, pathlib, re, subprocess, sys, tempfile, types

import load, oauth

COUNTING = load.ROOT / "target/counting/release/latchkey"
RELEASE = load.ROOT / "target/release/latchkey"
PROFILE = load.ROOT / "benches/latchkey.profdata"
LIST = load.ROOT / "benches/hot-functions.txt"
PAGES_AND_CALLS = ["page", "sign_in_page", "userinfo", "api_read", "refresh", "asset"]
SECONDS = 4
load.SESSIONS = 20  # each signs up, which takes a second under valgrind


def use(program, folder, *watched):
    """Starts the program, watched by a command, signs in, loads pages, and asks as apps do."""
    command = pathlib.Path(folder) / "latchkey"
    # What else it is called for leaves no file where it is called.
    others = "env LLVM_PROFILE_FILE=/dev/null"
    command.write_text(f'#!/bin/sh\nif [ "$1" = serve ]; then exec {" ".join(watched)} {program} "$@"; fi\nexec {others} {program} "$@"\n')
    command.chmod(0o755)
    with open(load.ROOT / "target/bench.log", "w") as log:
        app = oauth.ours(folder, types.SimpleNamespace(program=command, database=None, algorithm="ES256"), log)
        sessions = app.sign_in()
        for scenario in oauth.SCENARIOS:
            app.drive(scenario, sessions, f"{folder}/codes", SECONDS)
        # Once more: the dashboard tells of the sign-in before.
        app.program.sign_in()
        for scenario in PAGES_AND_CALLS:
            load.drive(app.program, {scenario: 1}, SECONDS)
        app.program.stop()


def output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def profdata(*arguments):
    """Calls rustc's tool for profiles."""
    tools = pathlib.Path(output("rustc", "--print", "sysroot").strip()).glob("lib/rustlib/*/bin/llvm-profdata")
    return output(next(tools), *arguments)


def write_ways():
    """Functions that nobody called are left out: they are seven eighths of it."""
    with tempfile.TemporaryDirectory() as folder:
        use(COUNTING, folder, "env", f"LLVM_PROFILE_FILE={folder}/raw")
        profdata("merge", "--sparse", f"--output={PROFILE}", f"{folder}/raw")
    print(f"{PROFILE.name}: {PROFILE.stat().st_size / 1e6:.1f} MB")


def own_costs(calls):
    """The instructions of each function, without those of what it calls, from the report of callgrind."""
    names, costs, function = {}, collections.Counter(), None
    lines = iter(calls.splitlines())
    for line in lines:
        if named := re.match(r"(c?fn)=\((\d+)\)(?: (.+))?", line):
            kind, number, name = named.groups()
            if name:
                names[number] = re.sub(r"'\d+$", "", name)  # one that calls itself ends in '2
            if kind == "fn":
                function = names[number]
        elif line.startswith("calls="):
            next(lines)  # what the call cost
        elif re.match(r"[\d*+-]", line) and function:
            costs[function] += int(line.split()[1])
    return costs


def write_functions():
    """Those that ran under valgrind, and those that the profile has seen besides: some run only if two threads happen to meet."""
    known = set(output("nm", "--defined-only", "--format=just-symbols", RELEASE).split())
    assert known, f"{RELEASE} has no symbols"
    with tempfile.TemporaryDirectory() as folder:
        use(RELEASE, folder, "valgrind", "--tool=callgrind", "--demangle=no", f"--callgrind-out-file={folder}/calls")
        costs = own_costs(pathlib.Path(folder, "calls").read_text())
    # "file;name", where other files may have the name too.
    seen = sorted(line.rpartition(";")[2] for line in profdata("show", "--covered", PROFILE).splitlines())
    busiest = sorted(costs, key=costs.get, reverse=True)
    hot = [name for name in dict.fromkeys(busiest + seen) if name in known]
    LIST.write_text("".join(f"{line}\n" for line in [output(load.ROOT / ".ci/profiled").strip(), *hot]))
    print(f"{LIST.name}: {len(hot):,} of {len(known):,} functions")


{"ways": write_ways, "functions": write_functions}[sys.argv[1]]()
