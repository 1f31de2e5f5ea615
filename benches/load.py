#!/usr/bin/env python3
"""What the whole program can carry: starts it on a temporary database, drives it on loopback with wrk, and prints one
table. Beside each figure stands what the hardware allows, and what the Express tutorial's app does, in the same run: the
ratios can be compared between machines, the figures cannot.

    benches/load.py                    all scenarios
    benches/load.py refresh page       those whose name holds one of these words
    benches/load.py --runs 1           quicker and less certain
    benches/load.py --alone            without what it is compared with
    benches/load.py --database URL     on PostgreSQL, in an empty database, or on a database from benches/grow.py
    benches/load.py --program FILE     another build of the program
    benches/load.py --nodes 2          refreshes through several programs on one PostgreSQL database
"""
import argparse, atexit, concurrent.futures, contextlib, http.client, json, os, pathlib, re, subprocess, sys, tempfile, time, urllib.parse

ROOT = pathlib.Path(__file__).resolve().parent.parent
CONNECTIONS = 16
# More than connections: a session serves one request at a time, so no refresh token is sent twice.
SESSIONS = 64
PASSWORD = "correct horse battery staple"
MIXED = {"userinfo": 80, "page": 10, "refresh": 8, "sign_in": 2}
TICKS = os.sysconf("SC_CLK_TCK")


class Program:
    """A server under test: how it is started, and where things are."""

    def __init__(self, command, port, environment, paths, log):
        self.port, self.paths = port, paths
        began = time.monotonic()
        self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        # Nothing goes on when a measurement fails: it would disturb the next.
        atexit.register(self.process.kill)
        while not self.answers():
            assert self.process.poll() is None, f"{command[0]} ended: see {log.name}"
            assert time.monotonic() - began < 60, f"{command[0]} does not answer"
            time.sleep(0.001)
        self.start_ms = (time.monotonic() - began) * 1000
        self.idle_mb = self.rss_mb()
        self.sessions = []

    def answers(self):
        try:
            return self.request("GET", self.paths["sign_in_page"])[0] == 200
        except OSError:
            return False

    def request(self, method, path, fields=None, headers={}):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        kind = {"content-type": "application/x-www-form-urlencoded"} if method == "POST" else {}
        connection.request(method, path, urllib.parse.urlencode(fields or {}), {"accept": "application/json", **kind, **headers})
        response = connection.getresponse()
        body = response.read()
        connection.close()
        return response.status, response.headers, body

    def sign_up(self):
        for n in range(SESSIONS):
            fields = {"email": f"account{n}@example.org", "display_name": "Ada Lovelace", "password": PASSWORD}
            answer = self.request("POST", self.paths["sign_up"], fields)
            if answer[0] == 409:  # in a database that was used before
                del fields["display_name"]
                answer = self.request("POST", self.paths["sign_in"], fields)
            self.keep(fields["email"], answer)

    def sign_in(self):
        emails, self.sessions = [session["email"] for session in self.sessions], []
        for email in emails:
            self.keep(email, self.request("POST", self.paths["sign_in"], {"email": email, "password": PASSWORD}))

    def keep(self, email, answer):
        status, headers, body = answer
        assert status == 200, (status, body)
        cookies = [value.split(";")[0] for value in headers.get_all("set-cookie")]
        cookie = next(cookie for cookie in cookies if re.match(r"(__Host-latchkey|jwt)=", cookie))
        credentials = urllib.parse.urlencode({"email": email, "password": PASSWORD})
        token = json.loads(body)["access_token"]
        self.sessions.append({"email": email, "cookie": cookie, "token": token, "credentials": credentials})

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def rss_mb(self, name="VmRSS"):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{name}:\s+(\d+)", status)[1]) / 1024

    def stop(self):
        self.process.terminate()
        self.process.wait()


def latchkey(folder, options, log, **settings):
    port = free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "LATCHKEY_ADDR": f"127.0.0.1:{port}",
        "LATCHKEY_DATABASE_URL": options.database or f"sqlite://{folder}/latchkey.db",
        "LATCHKEY_SECRET_FILE": str(ROOT / "target/bench.secret"),  # kept, so that a database can be measured again
        "LATCHKEY_RATE_LIMIT": "off",
        **settings,
    }
    paths = {
        "userinfo": "/oauth/userinfo", "api_read": "/api/account/me", "refresh": "/api/auth/refresh", "page": "/dashboard",
        "sign_in": "/api/auth/login", "sign_up": "/api/auth/register", "sign_in_page": "/login",
    }
    program = Program([options.program, "serve"], port, environment, paths, log)
    program.environment = environment
    login = program.request("GET", "/login", headers={"accept": "text/html"})[2].decode()
    paths["asset"] = re.search(r'/pkg/[^"]+\.css', login)[0]
    return program


def express(folder, log):
    """The yardstick, if its packages are installed (`.ci/setup bench`)."""
    home = ROOT / "target/tools/express"
    if not (home / "node_modules/express").exists():
        print("The Express tutorial's app is not installed: its columns stay empty.", file=sys.stderr)
        return None
    paths = {
        "userinfo": "/userinfo", "api_read": "/me", "refresh": "/refresh", "page": "/dashboard", "sign_in": "/login",
        "sign_up": "/register", "sign_in_page": "/login", "asset": "/login",
    }
    port = free_port()
    environment = {"PATH": os.environ["PATH"], "NODE_PATH": str(home / "node_modules"), "NODE_ENV": "production"}
    command = ["node", ROOT / "benches/express/server.js", str(port), f"{folder}/express.db"]
    return Program(command, port, environment, paths, log)


def free_port():
    import socket
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def lua(value):
    """A value as Lua writes it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"[{json.dumps(key)}] = {lua(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "{" + ", ".join(map(lua, value)) + "}"
    return json.dumps(value)


def drive(program, weights, seconds):
    """One run of wrk with these scenarios."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as data:
        # Ours: lk1.SESSION.GENERATION.MAC; the tutorial's: SESSION~TOKEN, percent-encoded.
        pattern = "^__Host%-latchkey=lk1%.([^.]+)" if "latchkey" in program.sessions[0]["cookie"] else "^jwt=([^%%~]+)"
        data.write(f"paths = {lua(program.paths)}\nsessions = {lua(program.sessions)}\nsession_in_cookie = {lua(pattern)}\n")
        data.flush()
        command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", ROOT / "benches/load.lua", f"http://127.0.0.1:{program.port}",
                   data.name, *(f"{name}={weight}" for name, weight in weights.items())]
        return run(program, command, {"FOLLOW_COOKIES": "1"} if "refresh" in weights else {})


def run(program, wrk, environment):
    """Requests per second, percentiles in µs, errors, processor time of the program per request in µs."""
    before = program.cpu_seconds()
    done = subprocess.run(wrk, capture_output=True, text=True, check=True, env={**os.environ, **environment})
    spent = program.cpu_seconds() - before
    figures = json.loads(done.stderr.strip().splitlines()[-1])
    figures["rate"] = figures["requests"] / figures["micros"] * 1e6
    figures["cpu"] = spent / figures["requests"] * 1e6
    return figures


def side_by_side(contestants, options):
    """The median run of each. They run in turn, so that what disturbs one disturbs the others."""
    runs = [[] for _ in contestants]
    for _ in range(options.runs):
        for done, (program, weights) in zip(runs, contestants):
            # The refreshes of the run before have moved the cookies on.
            program.sign_in()
            done.append(drive(program, weights, options.seconds))
    return [sorted(done, key=lambda run: run["rate"])[len(done) // 2] for done in runs]


def ceilings():
    """The program that does the same work without the program around it, as `make bench` has built it."""
    built = [file for file in (ROOT / "target/release/deps").glob("ceilings-*") if not file.suffix]
    assert built, "`make bench` builds what the program is compared with. Or leave that out: --alone"
    return max(built, key=lambda file: file.stat().st_mtime)


def commits(executable, database, group):
    return float(subprocess.run([executable, "commits", database, str(group)], capture_output=True, text=True, check=True).stdout)


class Bare(Program):
    """An axum server with a route that only says hello, and one that only hashes: the ceiling, under the same load."""

    def __init__(self, executable, log):
        port = free_port()
        super().__init__([executable, "axum", str(port)], port, os.environ, {"sign_in_page": "/", "bare": "/", "bare_argon2": "/argon2"}, log)
        self.sessions = [{"cookie": "jwt=none"}]

    def sign_in(self):
        pass


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="*")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--alone", action="store_true")
    parser.add_argument("--database")
    parser.add_argument("--program", default=ROOT / "target/release/latchkey")
    parser.add_argument("--nodes", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, open(ROOT / "target/bench.log", "w") as log:
        several_nodes(options, folder, log) if options.nodes else measure(options, folder, log)


def several_nodes(options, folder, log):
    """Refreshes through each of several programs at the same time. The sessions are shared out, so that no token is sent twice."""
    nodes = [latchkey(folder, options, log, LATCHKEY_SESSIONS_ROTATE_AFTER="0s") for _ in range(options.nodes)]
    nodes[0].sign_up()
    everybody = nodes[0].sessions
    for used in range(1, options.nodes + 1):
        nodes[0].sessions = everybody
        nodes[0].sign_in()
        everybody = nodes[0].sessions
        for n, node in enumerate(nodes[:used]):
            node.sessions = everybody[n::used]
        with concurrent.futures.ThreadPoolExecutor() as threads:
            runs = list(threads.map(lambda node: drive(node, {"refresh": 1}, options.seconds), nodes[:used]))
        rate, errors = sum(run["rate"] for run in runs), sum(run["errors"] for run in runs)
        print(f"{used} nodes: {rate:,.0f} refreshes/s, p99 {max(run['p99'] for run in runs) / 1000:.2f} ms, {errors} errors", flush=True)
    for node in nodes:
        node.stop()


def measure(options, folder, log):
    bare = peer = one = None
    if not options.alone:
        executable, database = ceilings(), options.database or f"sqlite://{folder}/ceiling.db"
        one, many = commits(executable, database, 1), commits(executable, database, 32)
        print(f"durable commits: {one:,.0f}/s of one row, {many:,.0f} rows/s in groups of 32\n")
        bare, peer = Bare(executable, log), express(folder, log)
    # Rotates at every refresh, which is the most that a refresh can cost.
    program = latchkey(folder, options, log, LATCHKEY_SESSIONS_ROTATE_AFTER="0s")
    program.sign_up()
    if peer:
        peer.sign_up()
    scenarios = [
        ("page", {"page": 1}, "bare"), ("sign-in page", {"sign_in_page": 1}, "bare"), ("userinfo", {"userinfo": 1}, "bare"),
        ("API read", {"api_read": 1}, "bare"), ("refresh, rotating", {"refresh": 1}, None), ("asset", {"asset": 1}, "bare"),
        # These two leave many sessions behind, which a dashboard counts.
        ("sign-in", {"sign_in": 1}, "bare_argon2"), ("mixed", MIXED, None),
    ]
    print(f"{'':18} {'req/s':>8} {'p50 ms':>7} {'p99 ms':>7} {'errors':>6} {'CPU µs':>7} {'ceiling':>9} {'ratio':>6} {'Express':>8} {'ratio':>6}")
    wanted = lambda name: not options.words or any(word in name for word in options.words)
    for name, weights, limit in filter(lambda row: wanted(row[0]), scenarios):
        contestants = {"ours": (program, weights)}
        if bare and limit:
            contestants["ceiling"] = (bare, {limit: 1})
        if peer and name not in ("asset", "mixed"):
            contestants["peer"] = (peer, weights)
        figures = dict(zip(contestants, side_by_side(contestants.values(), options)))
        rate = lambda which: figures[which]["rate"] if which in figures else None
        row(name, figures["ours"], rate("ceiling") or (one if "refresh" in weights and len(weights) == 1 else None), rate("peer"))
    peak = program.rss_mb("VmHWM")
    start, idle = program.start_ms, program.idle_mb
    program.stop()
    if wanted("refresh, keeping"):
        keeping = latchkey(folder, options, log, LATCHKEY_SESSIONS_ROTATE_AFTER="1h")
        keeping.sessions = program.sessions
        row("refresh, keeping", side_by_side([(keeping, {"refresh": 1})], options)[0], one, None)
        keeping.stop()
    print(f"\nfirst 200 after {start:.0f} ms; memory {idle:.1f} MB idle, {peak:.1f} MB at the peak")
    if peer:
        print(f"Express: first 200 after {peer.start_ms:.0f} ms; memory {peer.idle_mb:.0f} MB idle, {peer.rss_mb('VmHWM'):.0f} MB at the peak")
    for other in filter(None, [bare, peer]):
        other.stop()


def row(name, figures, limit, peer):
    against = lambda other: f"{figures['rate'] / other:6.2f}" if other else f"{'':6}"
    shown = lambda other: f"{other:,.0f}" if other else ""
    print(f"{name:18} {figures['rate']:8,.0f} {figures['p50'] / 1000:7.2f} {figures['p99'] / 1000:7.2f} {figures['errors']:6} {figures['cpu']:7.0f}"
          f" {shown(limit):>9} {against(limit)} {shown(peer):>8} {against(peer)}", flush=True)


if __name__ == "__main__":
    main()
