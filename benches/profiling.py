#!/usr/bin/env python3
"""Writes down how the program is used, so that releases are compiled for it. `make profile` calls it:

    benches/profiling.py ways         of a release that counts: benches/latchkey.profdata, the ways that requests take through
                                      the code, which rustc optimises (Makefile)
    benches/profiling.py functions    of a release that is optimised by it and has its symbols: benches/hot-functions.txt, the
                                      functions that run, the busiest first, which stand next to each other (build.rs)
    benches/profiling.py strays       of a release that follows this list and has its symbols: what else runs is added to it

The name of a function contains a hash that changes with the version of the compiler, of its crate and of what that uses. What is
named and not there is passed over: an old profile costs speed and memory, and nothing else."""
import bisect, collections, pathlib, re, subprocess, sys, tempfile, types

import load, oauth

COUNTING = load.ROOT / "target/counting/release/latchkey"
RELEASE = load.ROOT / "target/release/latchkey"
PROFILE = load.ROOT / "benches/latchkey.profdata"
LIST = load.ROOT / "benches/hot-functions.txt"
PAGES_AND_CALLS = [{name: 1} for name in ["page", "sign_in_page", "userinfo", "api_read", "refresh", "asset"]]
SECONDS = 4
load.SESSIONS = 20  # each signs up, which takes a second under valgrind


def use(program, folder, *watched, more=()):
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
        for scenario in [*PAGES_AND_CALLS, *more]:
            load.drive(app.program, scenario, SECONDS)
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


def own_costs(calls, symbols):
    """The instructions of each function, without those of what it calls, from the report of callgrind. By their addresses: valgrind
    does not know the names of the parts of functions that rustc puts elsewhere."""
    files, costs, is_ours = {}, collections.Counter(), False
    lines = iter(calls.splitlines())
    for line in lines:
        if named := re.match(r"ob=\((\d+)\)(?: (.+))?", line):
            number, name = named.groups()
            is_ours = files.setdefault(number, name) == str(RELEASE)
        elif line.startswith("calls="):
            next(lines)  # what the call cost
        elif is_ours and line.startswith("0x"):
            address, _, cost = line.split()
            costs[symbols.at(int(address, 16))] += int(cost)
    return costs


class Symbols:
    """The functions of the release, and where they stand in its file."""

    def __init__(self):
        symbols = [line.split() for line in output("nm", "--defined-only", RELEASE).splitlines()]
        assert symbols, f"{RELEASE} has no symbols"
        functions = sorted((int(address, 16), name) for address, kind, name in symbols if kind in "tTwW")
        self.addresses, self.names = zip(*functions)

    def at(self, address):
        return self.names[bisect.bisect(self.addresses, address) - 1]


def write_functions():
    """Those that ran under valgrind, and those that the profile has seen besides: some run only if two threads happen to meet."""
    symbols = Symbols()
    with tempfile.TemporaryDirectory() as folder:
        use(RELEASE, folder, "valgrind", "--tool=callgrind", "--dump-instr=yes", "--compress-pos=no", f"--callgrind-out-file={folder}/calls")
        costs = own_costs(pathlib.Path(folder, "calls").read_text(), symbols)
    # "file;name", where other files may have the name too.
    seen = sorted(line.rpartition(";")[2] for line in profdata("show", "--covered", PROFILE).splitlines())
    busiest = sorted(costs, key=costs.get, reverse=True)
    known = set(symbols.names)
    hot = [name for name in dict.fromkeys(busiest + seen) if name in known]
    LIST.write_text("".join(f"{line}\n" for line in [output(load.ROOT / ".ci/profiled").strip(), *hot]))
    print(f"{LIST.name}: {len(hot):,} of {len(known):,} functions")


def write_strays():
    """Adds what runs without valgrind alone: when threads meet, and by instructions that valgrind lacks. It is where the system has to
    load code that does not stand with the rest. It loads 64 KiB at a time, so each pass finds what another one has hidden."""
    symbols = Symbols()
    with tempfile.TemporaryDirectory() as folder:
        perf = ["perf", "record", "--quiet", "--event=page-faults", "--count=1", "--data", f"--output={folder}/faults"]
        use(RELEASE, folder, *perf, more=[{"sign_in": 1}, load.MIXED])
        events = output("perf", "script", f"--input={folder}/faults", "--fields=event,addr", "--show-mmap-events")
    loaded = re.findall(r"MMAP2? .*\[0x(\w+)\(0x(\w+)\) @ (\w+) .*\]: (\S+) (.+)", events)
    loaded = [(int(start, 16), int(size, 16), int(offset, 16), rights) for start, size, offset, rights, name in loaded if name == str(RELEASE)]
    base = next(start for start, _, offset, _ in loaded if offset == 0)
    code, size = next((start, size) for start, size, _, rights in loaded if "x" in rights)
    faults = [int(address, 16) for address in re.findall(r"page-faults:\s+(\w+)", events)]
    ran = [symbols.at(address - base) for address in faults if code <= address < code + size]
    known = LIST.read_text().splitlines()
    strays = [name for name in dict.fromkeys(ran) if name not in set(known)]
    LIST.write_text("".join(f"{line}\n" for line in known + strays))
    print(f"{LIST.name}: {len(strays)} more functions")


{"ways": write_ways, "functions": write_functions, "strays": write_strays}[sys.argv[1]]()
