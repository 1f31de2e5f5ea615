#!/usr/bin/env python3
"""Whether the time of an answer tells who has an account: 1,000 people and 1,000 addresses that nobody has ask for a new
password, one after the other, in an order drawn by lot. Prints the times of these answers, and those of a request of a stranger that
follows each at once: what the program does for an account must not show there either.

    benches/resets.py                  one after the other, at once
    benches/resets.py --wait 0.05      with so many seconds between them
    benches/resets.py --seed 2         in another order
    benches/resets.py --program FILE   another build of the program
    benches/resets.py --database URL   on PostgreSQL, in an empty database
"""
import argparse, http.client, json, math, multiprocessing, os, random, socketserver, statistics, subprocess, tempfile, time, urllib.parse

EACH = 1000
PORT, RELAY = 18_431, 18_432
PATH = "/api/auth/request_reset"
# What an answer says of itself alone.
OWN = {"date", "x-request-id"}


class Relay(socketserver.StreamRequestHandler):
    """Takes every mail."""

    def handle(self):
        say = lambda text: self.wfile.write(f"{text}\r\n".encode())
        say("220 relay")
        while line := self.rfile.readline():
            verb = line[:4].upper()
            if verb == b"DATA":
                say("354 go on")
                while self.rfile.readline() not in (b".\r\n", b""):
                    pass
            say("250 ok" if verb != b"QUIT" else "221 bye")


def relay():
    socketserver.ThreadingTCPServer.allow_reuse_address = True
    with socketserver.ThreadingTCPServer(("127.0.0.1", RELAY), Relay) as server:
        server.serve_forever()


class Client:
    def __init__(self):
        self.connection = http.client.HTTPConnection("127.0.0.1", PORT)
        self.connection.connect()

    def ask(self, email):
        """Returns the milliseconds until the whole answer is there, and the answer."""
        body = urllib.parse.urlencode({"email": email})
        headers = {"host": f"localhost:{PORT}", "content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
        began = time.perf_counter()
        self.connection.request("POST", PATH, body, headers)
        response = self.connection.getresponse()
        body = response.read()
        took = (time.perf_counter() - began) * 1000
        told = sorted((name.lower(), value) for name, value in response.getheaders() if name.lower() not in OWN)
        return took, (response.status, body, tuple(told))


def ranks_differ(one, other):
    """The test of Mann and Whitney: the probability that a random one of `one` is greater than one of `other`, and that of
    such a difference by chance, on both sides."""
    ranked = sorted([(value, 0) for value in one] + [(value, 1) for value in other])
    rank_sum = sum(rank for rank, (_, which) in enumerate(ranked, 1) if which == 0)
    n, m = len(one), len(other)
    u = rank_sum - n * (n + 1) / 2
    z = (u - n * m / 2) / math.sqrt(n * m * (n + m + 1) / 12)
    return u / (n * m), math.erfc(abs(z) / math.sqrt(2))


def report(what, known, unknown):
    for name, times in [("known", known), ("unknown", unknown)]:
        cuts = statistics.quantiles(times, n=100)
        print(f"{what}, {name}: median {statistics.median(times):.3f} ms, p95 {cuts[94]:.3f}, p99 {cuts[98]:.3f}, mean {statistics.mean(times):.3f}")
    greater, chance = ranks_differ(known, unknown)
    print(f"{what}: known slower than unknown in {greater:.1%} of pairs; by chance alone with p = {chance:.3f}")


def start(program, folder, database):
    environment = {
        "PATH": os.environ["PATH"], "LATCHKEY_ADDR": f"127.0.0.1:{PORT}", "LATCHKEY_PUBLIC_URL": f"http://localhost:{PORT}",
        "LATCHKEY_DATABASE_URL": database or f"sqlite://{folder}/latchkey.db", "LATCHKEY_SECRET_FILE": f"{folder}/secret",
        "LATCHKEY_RATE_LIMIT": "off", "LATCHKEY_MAIL_URL": f"smtp://127.0.0.1:{RELAY}", "LATCHKEY_MAIL_FROM": "Latchkey <latchkey@localhost>"}
    with open(f"{folder}/users.jsonl", "w") as file:
        file.writelines(json.dumps({"email": f"known{n}@example.org"}) + "\n" for n in range(EACH))
    subprocess.run([program, "user", "import", f"{folder}/users.jsonl"], cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
    log = open(f"{folder}/log", "w")
    server = subprocess.Popen([program, "serve"], cwd=folder, env=environment, stdout=log, stderr=log)
    for _ in range(200):
        try:
            return server, Client()
        except OSError:
            time.sleep(0.05)
    raise SystemExit(open(f"{folder}/log").read())


def measure(client, wait, seed):
    order = [(kind, n) for kind in ("known", "unknown") for n in range(EACH)]
    random.Random(seed).shuffle(order)
    times, after, answers = {"known": [], "unknown": []}, {"known": [], "unknown": []}, set()
    for n in range(50):
        client.ask(f"warm{n}@example.org")
    for at, (kind, n) in enumerate(order):
        took, answer = client.ask(f"{kind}{n}@example.org")
        times[kind].append(took)
        answers.add(answer)
        took, _ = client.ask(f"stranger{at}@example.org")
        after[kind].append(took)
        time.sleep(wait)
    assert len(answers) == 1, answers
    report("the answer", times["known"], times["unknown"])
    report("the next one", after["known"], after["unknown"])


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--program", default="target/release/latchkey")
    arguments.add_argument("--wait", type=float, default=0)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--database")
    arguments = arguments.parse_args()
    program = os.path.abspath(arguments.program)
    process = multiprocessing.Process(target=relay, daemon=True)
    process.start()
    with tempfile.TemporaryDirectory() as folder:
        server, client = start(program, folder, arguments.database)
        try:
            measure(client, arguments.wait, arguments.seed)
        finally:
            server.terminate()
            server.wait()
            process.terminate()


if __name__ == "__main__":
    main()
