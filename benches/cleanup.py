#!/usr/bin/env python3
"""What refreshes wait while expired sessions are deleted: the same load on a database with nothing to delete and on one where
a fifth of all sessions have expired, in turn, on SQLite.

    benches/grow.py FILE.db --accounts 200000    a migrated database: a million sessions
    benches/cleanup.py FILE.db                   works on two copies of it
"""
import argparse, contextlib, os, shutil, sqlite3, statistics, tempfile, time

import load

# What housekeeping keeps an ended session for is over.
EXPIRED = "UPDATE sessions SET absolute_expires_at = 1 WHERE rowid % 5 = 0"
NOTHING = "DELETE FROM sessions WHERE absolute_expires_at < {now}"
OLD_EVENTS = "UPDATE audit_events SET at = {now} WHERE at < {now} - 20000000000"


def copy(source, target, *changes):
    shutil.copy(source, target)
    with contextlib.closing(sqlite3.connect(target, isolation_level=None)) as database:
        # The log may not be changed by hand; this is a copy.
        for trigger, in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit_events'").fetchall():
            database.execute(f"DROP TRIGGER {trigger}")
        for change in changes:
            database.execute(change.format(now=int(time.time() * 1000)))
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def left(database):
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as reader:
        return reader.execute("SELECT count(*) FROM sessions WHERE absolute_expires_at = 1").fetchone()[0]


def run(database, options, log):
    """A run of wrk against a program that has just started, which is when it deletes what has expired."""
    options.database = f"sqlite://{database}"
    program = load.latchkey(None, options, log, LATCHKEY_SESSIONS_ROTATE_AFTER="0s")
    program.sign_up()
    before, began = left(database), time.monotonic()
    figures = load.drive(program, {"refresh": 1}, options.seconds)
    figures["deleted"] = (before - left(database)) / (time.monotonic() - began)
    program.stop()
    return figures


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("database")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--program", default=load.ROOT / "target/release/latchkey")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=os.path.dirname(os.path.abspath(options.database))) as folder, open(load.ROOT / "target/bench.log", "w") as log:
        databases = {"nothing to delete": (NOTHING, OLD_EVENTS), "deleting": (NOTHING, OLD_EVENTS, EXPIRED)}
        source, runs = options.database, {name: [] for name in databases}
        for n, changes in enumerate(databases.values()):
            copy(source, f"{folder}/{n}.db", *changes)
        print(f"{'':18} {'req/s':>8} {'p50 ms':>7} {'p99 ms':>7} {'errors':>6} {'CPU µs':>7} {'deleted/s':>9}")
        for _ in range(options.runs):
            for n, done in enumerate(runs.values()):
                done.append(run(f"{folder}/{n}.db", options, log))
        for name, done in runs.items():
            median = lambda figure: statistics.median(run[figure] for run in done)
            print(f"{name:18} {median('rate'):8,.0f} {median('p50') / 1000:7.2f} {median('p99') / 1000:7.2f} {sum(run['errors'] for run in done):6}"
                  f" {median('cpu'):7.0f} {median('deleted'):9,.0f}")


main()
