#!/usr/bin/env python3
"""Fills a migrated database with what years of use would leave, so that it can be measured whether anything slows down:

    benches/grow.py FILE.db                          a SQLite database
    benches/grow.py postgres://USER@HOST/NAME        a PostgreSQL database, through psql
    benches/grow.py --accounts 1000 …                fewer: five sessions and twenty events for each account

One session in 25 and one event in 100 is old enough to be deleted by the next clean-up. The indexes are made last, which
is many times as fast as keeping them current."""
import argparse, sqlite3, subprocess, time

# A UUID of a number; kind 1 is an account, 2 a session.
SCRIPT = """
INSERT INTO users (id, email, display_name, name_key, password_hash, editor, admin, token_epoch, created_at)
SELECT {user}, 'person' || n || '@example.net', 'Person ' || n, 'person ' || n, NULL, {false}, {false}, 0, {now} - 40000000000
FROM {accounts};

INSERT INTO sessions (id, user_id, salt, generation, confirmed, rotated_at, created_at, authenticated_at, last_seen_at,
    idle_expires_at, absolute_expires_at, revoked_at, revoked_reason, token_kid, token_expires_at, user_agent, ip)
SELECT {session}, {user_of_n}, {salt}, n % 90, {true}, created, created, created, created + 900000,
    created + 604800000, created + 2592000000, CASE WHEN n % 3 = 0 THEN created + 1800000 END,
    CASE WHEN n % 3 = 0 THEN 'signed_out' END, 'none', created + 1800000, 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Firefox/128.0', '203.0.113.7'
FROM (SELECT n, {now} - CASE WHEN n % 25 = 0 THEN 3300000000 ELSE 60000 + n % 3000 * 1000000 END AS created FROM {sessions}) x;

INSERT INTO audit_events (at, event, actor_id, subject_id, session_id, ip, user_agent, request_id, detail)
SELECT {now} - CASE WHEN n <= {events_count} / 100 THEN 32000000000 ELSE ({events_count} - n) * 1500 END,
    CASE n % 4 WHEN 0 THEN 'signed_in' WHEN 1 THEN 'signed_out' WHEN 2 THEN 'session_ended' ELSE 'sign_in_failed' END,
    CASE WHEN n % 4 <> 3 THEN {user_of_n} END, {user_of_n}, NULL, '203.0.113.7', 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Firefox/128.0', '0123456789abcdef', '{{}}'
FROM {events};
"""
SQLITE_NUMBERS = "(WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {}) SELECT n FROM numbers)"


def script(accounts, numbers, uuid, salt, false, true):
    counts = {"accounts": accounts, "sessions": accounts * 5, "events": accounts * 20}
    return SCRIPT.format(
        **{name: numbers(count) for name, count in counts.items()}, events_count=counts["events"], now=int(time.time() * 1000),
        user=uuid(1, "n"), user_of_n=uuid(1, f"(n % {accounts} + 1)"), session=uuid(2, "n"), salt=salt, false=false, true=true)


def sqlite(path, accounts):
    database = sqlite3.connect(path, isolation_level=None)
    for setting in ("synchronous = OFF", "cache_size = -1000000", "temp_store = MEMORY", "foreign_keys = OFF"):
        database.execute(f"PRAGMA {setting}")
    indexes = database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL").fetchall()
    for name, _ in indexes:
        database.execute(f"DROP INDEX {name}")
    statements = script(accounts, lambda count: SQLITE_NUMBERS.format(count) + " numbers",
                        lambda kind, n: f"printf('%08x-{kind:04}-7000-8000-000000000000', {n})", "randomblob(16)", "0", "1")
    for statement in statements.split(";\n") + [sql for _, sql in indexes] + ["PRAGMA optimize", "PRAGMA wal_checkpoint(TRUNCATE)"]:
        began = time.monotonic()
        database.execute(statement)
        print(f"{time.monotonic() - began:6.1f} s  {' '.join(statement.split())[:70]}", flush=True)


def postgres(url, accounts):
    statements = script(accounts, lambda count: f"generate_series(1, {count}::bigint) numbers(n)",
                        lambda kind, n: f"lpad(to_hex({n}), 8, '0') || '-{kind:04}-7000-8000-000000000000'",
                        "decode(md5(n::text), 'hex')", "false", "true")
    indexes = subprocess.run(["psql", url, "-AtqX", "-c", "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND indexdef NOT LIKE 'CREATE UNIQUE%'"],
                             capture_output=True, text=True, check=True).stdout.splitlines()
    drop = "".join(f"DROP INDEX {line.split()[2]};\n" for line in indexes)
    make = "".join(f"{line};\n" for line in indexes)
    settings = "SET synchronous_commit = off; SET maintenance_work_mem = '1GB'; SET session_replication_role = replica;\n"
    subprocess.run(["psql", url, "-qX1", "-v", "ON_ERROR_STOP=1"], input=settings + drop + statements + make + "ANALYZE;", text=True, check=True)


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("database")
parser.add_argument("--accounts", type=int, default=1_000_000)
options = parser.parse_args()
(postgres if options.database.startswith("postgres") else sqlite)(options.database, options.accounts)
