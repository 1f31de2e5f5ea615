#!/usr/bin/env python3
"""What the program can carry as an OpenID provider, beside the npm package oidc-provider, in the same run. Ours stores what
an app gets tokens for on the disk before it answers, and a code in its log; the other keeps everything in memory.

    benches/oauth.py                    all scenarios
    benches/oauth.py --runs 1           quicker and less certain
    benches/oauth.py --alone            without what it is compared with
    benches/oauth.py --database URL     on PostgreSQL, in an empty database
    benches/oauth.py --program FILE     another build of the program
    benches/oauth.py --algorithm RS256  ID tokens by RSA with 3072 bits, on both sides
"""
import argparse, base64, hashlib, json, os, pathlib, re, subprocess, sys, tempfile, urllib.parse

import load

REDIRECT_URI = "https://app.example.org/callback"
VERIFIER = "a-verifier-of-at-least-forty-three-characters-0123456789"
SCOPE = "openid profile email"
# The token endpoint takes the codes that authorizing has made, for twice as long: they must not run out.
SCENARIOS = ["authorize", "token", "refresh", "introspect", "userinfo"]


class Provider:
    """A program with a client, and people who are signed in and have allowed it what it asks for."""

    def __init__(self, program, client, secret, paths):
        self.program, self.paths = program, paths
        self.credentials = urllib.parse.urlencode({"client_id": client, "client_secret": secret})
        challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
        asked = {"client_id": client, "response_type": "code", "redirect_uri": REDIRECT_URI, "scope": SCOPE,
                 "code_challenge": challenge, "code_challenge_method": "S256", "state": "a-state", "nonce": "a-nonce"}
        self.authorize = f"{paths['authorize']}?{urllib.parse.urlencode(asked)}"
        self.redeeming = "&" + urllib.parse.urlencode(
            {"grant_type": "authorization_code", "redirect_uri": REDIRECT_URI, "code_verifier": VERIFIER})
        self.browsers = [Browser(program, session.get("cookie")) for session in program.sessions]

    def sign_in(self):
        """Everybody signs in to the app. Returns what they and the app hold."""
        sessions = []
        for n, browser in enumerate(self.browsers):
            code = browser.allow(f"{self.authorize}&login_hint=account{n}")
            body = f"{self.credentials}{self.redeeming}&code={code}"
            status, _, answer = self.program.request("POST", self.paths["token"], dict(urllib.parse.parse_qsl(body)))
            assert status == 200, (status, answer)
            tokens = json.loads(answer)
            sessions.append({"cookie": browser.cookie(), "access_token": tokens["access_token"], "refresh_token": tokens["refresh_token"]})
        return sessions

    def drive(self, scenario, sessions, codes, seconds):
        """One run of wrk, as `load.drive` returns it."""
        with tempfile.NamedTemporaryFile("w", suffix=".lua") as data:
            values = {"paths": {**self.paths, "authorize": self.authorize}, "sessions": sessions, "credentials": self.credentials,
                      "redeeming": self.redeeming, "codes_file": codes}
            data.write("".join(f"{name} = {load.lua(value)}\n" for name, value in values.items()))
            data.flush()
            command = ["wrk", "-t1", f"-c{load.CONNECTIONS}", f"-d{seconds}s", "-s", load.ROOT / "benches/oauth.lua",
                       f"http://127.0.0.1:{self.program.port}", data.name]
            return load.run(self.program, command, {"SCENARIO": scenario})


class Browser:
    def __init__(self, program, cookie):
        self.program = program
        self.cookies = dict([cookie.split("=", 1)] if cookie else [])

    def cookie(self):
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    def request(self, method, path, fields=None):
        headers = {"accept": "text/html", "cookie": self.cookie()}
        status, headers, body = self.program.request(method, path, fields, headers)
        for value in headers.get_all("set-cookie") or []:
            name, value = value.split(";")[0].split("=", 1)
            self.cookies[name] = value
        return status, headers, body.decode()

    def allow(self, path):
        """Goes where it is sent, allows what it is asked, and returns the code that the app gets."""
        for _ in range(8):
            status, headers, body = self.request("GET", path)
            if "/consent?" in path:
                _, headers, body = self.request("POST", path, {"decision": "allow"})
            address = headers.get("location") or (headers.get("refresh") or "").removeprefix("0; url=")
            assert address, (path, status, body[:500])
            if address.startswith(REDIRECT_URI):
                return urllib.parse.parse_qs(urllib.parse.urlsplit(address).query)["code"][0]
            path = address.removeprefix(f"http://127.0.0.1:{self.program.port}")
        raise AssertionError("it is sent from one page to the next")


def ours(folder, options, log):
    program = load.latchkey(folder, options, log)
    program.sign_up()
    command = [options.program, "client", "add", "--name", "Bench", "--kind", "web", "--redirect-uri", REDIRECT_URI,
               "--auth-method", "client_secret_post", "--id-token-alg", options.algorithm, *(word for scope in SCOPE.split() for word in ("--scope", scope))]
    client = json.loads(subprocess.run(command, env=program.environment, capture_output=True, text=True, check=True).stdout)
    paths = {"authorize": "/oauth/authorize", "token": "/oauth/token", "introspect": "/oauth/introspect", "userinfo": "/oauth/userinfo",
             "discovery": "/.well-known/openid-configuration"}
    return Provider(program, client["client_id"], client["client_secret"], paths)


def theirs(options, log):
    """What it is compared with, if its packages are installed (`.ci/setup bench`)."""
    home = load.ROOT / "target/tools/oidc-provider"
    if not (home / "node_modules/oidc-provider").exists():
        print("The npm package oidc-provider is not installed: its columns stay empty.", file=sys.stderr)
        return None
    paths = {"authorize": "/auth", "token": "/token", "introspect": "/token/introspection", "userinfo": "/me",
             "discovery": "/.well-known/openid-configuration"}
    port = load.free_port()
    environment = {"PATH": os.environ["PATH"], "PACKAGES": str(home), "NODE_ENV": "production", "ALGORITHM": options.algorithm}
    command = ["node", load.ROOT / "benches/oidc-provider/server.js", str(port)]
    program = load.Program(command, port, environment, {"sign_in_page": paths["discovery"]}, log)
    program.sessions = [{}] * load.SESSIONS
    return Provider(program, "bench", "a secret of the client that has many characters", paths)


def measure(providers, options, folder):
    """The runs of each in each scenario. They run in turn, so that what disturbs one disturbs the others."""
    runs = {(provider, scenario): [] for provider in providers for scenario in SCENARIOS}
    for _ in range(options.runs):
        for provider in providers:
            sessions = provider.sign_in()
            for scenario in SCENARIOS:
                seconds = options.seconds * 2 if scenario == "authorize" else options.seconds
                runs[provider, scenario].append(provider.drive(scenario, sessions, f"{folder}/codes", seconds))
            used = runs[provider, "token"][-1]["requests"]
            assert used < len(pathlib.Path(f"{folder}/codes").read_text().splitlines()), "there were too few codes"
    return {key: sorted(done, key=lambda run: run["rate"])[len(done) // 2] for key, done in runs.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--alone", action="store_true")
    parser.add_argument("--database")
    parser.add_argument("--algorithm", default="ES256", choices=["ES256", "RS256"])
    parser.add_argument("--program", default=load.ROOT / "target/release/latchkey")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, open(load.ROOT / "target/bench.log", "w") as log:
        us, them = ours(folder, options, log), None if options.alone else theirs(options, log)
        figures = measure([us, them] if them else [us], options, folder)
        print(f"{'':11} {'req/s':>8} {'p50 ms':>7} {'p99 ms':>7} {'errors':>6} {'CPU µs':>7}   {'oidc-provider':>13} {'p50 ms':>7} {'p99 ms':>7} {'errors':>6} {'ratio':>6}")
        for scenario in SCENARIOS:
            row(scenario, figures[us, scenario], figures[them, scenario] if them else None)
        for provider in filter(None, [us, them]):
            provider.program.stop()


def row(name, ours, theirs):
    cells = lambda run: f"{run['p50'] / 1000:7.2f} {run['p99'] / 1000:7.2f} {run['errors']:6}"
    other = f"   {theirs['rate']:13,.0f} {cells(theirs)} {ours['rate'] / theirs['rate']:6.2f}" if theirs else ""
    print(f"{name:11} {ours['rate']:8,.0f} {cells(ours)} {ours['cpu']:7.0f}{other}")


if __name__ == "__main__":
    main()
