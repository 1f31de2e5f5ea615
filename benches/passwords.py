#!/usr/bin/env python3
"""Measures what a move to Latchkey costs, with the release program: 100,000 accounts with bcrypt hashes are imported, and a
list of a million breached passwords.

    benches/passwords.py [--program target/release/latchkey]"""
import argparse, hashlib, json, multiprocessing, os, random, subprocess, tempfile, time

ACCOUNTS, BREACHED = 100_000, 1_000_000
BCRYPT = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def bcrypt_hash(random):
    """The hash of no known password, with a salt of its own. The last characters of salt and hash hold few bits."""
    text = "".join(random.choices(BCRYPT, k=21)) + "." + "".join(random.choices(BCRYPT, k=30)) + "."
    return "$2b$10$" + text


def accounts(path):
    source = random.Random(1)
    with open(path, "w") as file:
        for n in range(ACCOUNTS):
            account = {"email": f"person{n}@example.net", "name": f"Person {n}", "created": "2024-05-06T07:08:09Z", "password_hash": bcrypt_hash(source)}
            file.write(json.dumps(account) + "\n")


def breached(path):
    hashes = sorted(hashlib.sha1(f"password {n}".encode()).hexdigest().upper() for n in range(BREACHED))
    with open(path, "w") as file:
        file.writelines(f"{hash}:{n % 50 + 1}\r\n" for n, hash in enumerate(hashes))


def measure(program, folder, *command):
    """Runs a command, and prints how long it took and the most memory that it used."""
    environment = {"PATH": os.environ["PATH"], "LATCHKEY_DATABASE_URL": f"sqlite://{folder}/latchkey.db",
                   "LATCHKEY_SECRET_FILE": f"{folder}/secret", "LATCHKEY_PASSWORDS_BREACHED_FILE": f"{folder}/breached-passwords"}
    began = time.monotonic()
    process = subprocess.Popen([program, *command], cwd=folder, env=environment)
    _, status, used = os.wait4(process.pid, 0)
    assert status == 0, f"{command} failed"
    print(f"{' '.join(command[:2])}: {time.monotonic() - began:.1f} s, {used.ru_utime + used.ru_stime:.1f} s of processor, "
          f"{used.ru_maxrss / 1024:.0f} MiB at most", flush=True)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--program", default="target/release/latchkey")
    program = os.path.abspath(arguments.parse_args().program)
    with tempfile.TemporaryDirectory() as folder:
        # In a process of its own: a program that is started from here counts the memory of this one as its own.
        for make, file in [(accounts, "users.jsonl"), (breached, "list.txt")]:
            process = multiprocessing.Process(target=make, args=[f"{folder}/{file}"])
            process.start()
            process.join()
        measure(program, folder, "user", "import", f"{folder}/users.jsonl")
        measure(program, folder, "user", "import", f"{folder}/users.jsonl")
        measure(program, folder, "passwords", "import", f"{folder}/list.txt")


if __name__ == "__main__":
    main()
