#!/usr/bin/env python3
"""What connections cost, and that signing in works meanwhile: half-open and idle ones, slow bodies, a body of 1 GB and
10,000 headers. Prints the memory of the server before, at its peak and afterwards. Then 250 connections sign up from one
address while others sign in, with and without the limit on attempts: each of them must get in.

    cargo build && benches/connections.py [PROGRAM]

The clients have many addresses of 127.0.0.0/8, so the limit per address is met by nobody but where it is wanted.
"""

import collections
import contextlib
import http.client
import json
import os
import resource
import selectors
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

PROGRAM = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "target/debug/latchkey")
PORT = int(os.environ.get("PORT", "3917"))
ORIGIN = f"http://127.0.0.1:{PORT}"
EMAIL, PASSWORD = "load@example.org", "correct horse battery staple"
# What most systems give a program; a server that wants more has to raise it.
SOFT_LIMIT = int(os.environ.get("OPEN_FILES", "1024"))


def main():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with tempfile.TemporaryDirectory() as folder, running(folder, hard) as server:
        print(f"{'':44} {'before':>9} {'peak':>9} {'after':>9}   sign-in meanwhile")
        measure(server, "1,000 half-open, 100 addresses", lambda: half_open(1000, 100))
        measure(server, "2,000 half-open, 100 addresses", lambda: half_open(2000, 100))
        measure(server, "2,000 half-open, 1 address", lambda: half_open(2000, 1))
        measure(server, "10,000 idle, 100 addresses", lambda: idle(10_000, 100))
        measure(server, "500 slow bodies, 50 addresses", lambda: slow_bodies(500, 50))
        measure(server, "a body of 1 GB", lambda: Flood(b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 1073741824\r\n\r\n", b"a" * 65536, 16384))
        measure(server, "a body of 1 GB in chunks", lambda: Flood(b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b"a" * 65536 + b"\r\n", 16384))
        measure(server, "10,000 headers", lambda: Flood(b"GET / HTTP/1.1\r\nHost: x\r\n", b"X-Header: value\r\n", 10_000))
    for limit in ["on", "off"]:
        with tempfile.TemporaryDirectory() as folder, running(folder, hard, limit):
            sign_up_storm(limit)


@contextlib.contextmanager
def running(folder, hard, limit="on"):
    environment = {
        "PATH": os.environ["PATH"],
        "LATCHKEY_ADDR": f"127.0.0.1:{PORT}",
        "LATCHKEY_PUBLIC_URL": ORIGIN,
        "LATCHKEY_RATE_LIMIT": limit,
        "RUST_LOG": "error",
    }
    add = [PROGRAM, "user", "add", "--email", EMAIL, "--role", "member", "--password-stdin"]
    subprocess.run(add, cwd=folder, env=environment, input=PASSWORD.encode(), check=True, stdout=subprocess.DEVNULL)
    limit = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (SOFT_LIMIT, hard))
    server = subprocess.Popen([PROGRAM, "serve"], cwd=folder, env=environment, preexec_fn=limit, stdout=subprocess.DEVNULL)
    try:
        for _ in range(200):
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", PORT), 1).close()
                break
            time.sleep(0.05)
        sign_in()
        yield server
    finally:
        server.terminate()
        server.wait()


def measure(server, name, attack):
    before = memory(server)
    peak = Peak(server)
    held = attack()
    signed_in = sign_in()
    note = held.note()
    held.close()
    time.sleep(1)
    print(f"{name:44} {before:>6} MiB {peak.stop():>6} MiB {memory(server):>6} MiB   {signed_in}; {note}", flush=True)


def memory(server):
    with open(f"/proc/{server.pid}/status") as status:
        kib = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
    return round(kib / 1024)


class Peak:
    """The highest memory since it was made."""

    def __init__(self, server):
        self.server, self.highest, self.going = server, memory(server), True
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()

    def watch(self):
        while self.going:
            self.highest = max(self.highest, memory(self.server))
            time.sleep(0.02)

    def stop(self):
        self.going = False
        self.thread.join()
        return self.highest


def sign_in():
    body = urllib.parse.urlencode({"email": EMAIL, "password": PASSWORD}).encode()
    request = urllib.request.Request(f"{ORIGIN}/api/auth/login", body, {"Accept": "application/json"})
    began = time.monotonic()
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            status = response.status
            json.load(response)
    except urllib.error.HTTPError as error:
        status = error.code
    except OSError as error:
        status = f"no answer ({error})"
    return f"{status} after {time.monotonic() - began:.2f} s"


def sign_up_storm(limit, strangers=250, people=40, seconds=15):
    """Many connections of one address that sign up without end, and people elsewhere who sign in one after the other."""
    accounts = [(f"person{n}@example.org", f"127.0.8.{1 + n}") for n in range(people)]
    for email, address in accounts:
        assert register(connection(address), email) == 200, email
    until = time.monotonic() + seconds
    answers = collections.Counter()

    def sign_up(number):
        held, n = None, 0
        while time.monotonic() < until:
            n += 1
            try:
                held = held or connection("127.0.9.1")
                answers[register(held, f"stranger{number}-{n}@example.org")] += 1
            except (OSError, http.client.HTTPException):
                answers["closed"] += 1
                held = None

    threads = [threading.Thread(target=sign_up, args=(number,)) for number in range(strangers)]
    for thread in threads:
        thread.start()
    honest, took = collections.Counter(), []
    for email, address in accounts:
        began = time.monotonic()
        honest[post(connection(address), "/api/auth/login", {"email": email, "password": PASSWORD})] += 1
        took.append(time.monotonic() - began)
        time.sleep(max(0, began + seconds / people - time.monotonic()))
    for thread in threads:
        thread.join()
    took.sort()
    print(f"{strangers} connections sign up from one address, limit {limit}: {dict(answers)}")
    print(f"  {people} people sign in from elsewhere meanwhile: {dict(honest)}, median {took[people // 2] * 1000:.0f} ms, longest {took[-1] * 1000:.0f} ms", flush=True)
    assert set(honest) == {200}, "somebody who signs in was turned away"


def connection(address):
    return http.client.HTTPConnection("127.0.0.1", PORT, timeout=30, source_address=(address, 0))


def register(held, email):
    return post(held, "/api/auth/register", {"email": email, "display_name": "Somebody", "password": PASSWORD})


def post(held, path, fields):
    held.request("POST", path, urllib.parse.urlencode(fields), {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"})
    response = held.getresponse()
    response.read()
    return response.status


class Held:
    """Connections that are held open."""

    def __init__(self, sockets):
        self.sockets = sockets

    def note(self):
        selector = selectors.DefaultSelector()
        for held in self.sockets:
            held.setblocking(False)
            selector.register(held, selectors.EVENT_READ)
        closed = {key.fileobj for key, _ in selector.select(0) if is_closed(key.fileobj)}
        selector.close()
        return f"{len(self.sockets) - len(closed)} are open"

    def close(self):
        for held in self.sockets:
            held.close()


def is_closed(held):
    try:
        while True:
            if not held.recv(65536):
                return True
    except BlockingIOError:
        return False
    except OSError:
        return True


def connect(count, addresses, first=b""):
    """Opens connections and sends the same on each."""
    sockets = []
    for n in range(count):
        address = f"127.0.1.{1 + n % addresses}"
        try:
            sockets.append(socket.create_connection(("127.0.0.1", PORT), 10, (address, 0)))
            sockets[-1].sendall(first)
        except OSError:
            break
    return sockets


def send_all(sockets, data):
    for held in sockets:
        with contextlib.suppress(OSError):
            held.sendall(data)


def half_open(count, addresses):
    return Held(connect(count, addresses, b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "))


def idle(count, addresses):
    """Each has had one answer."""
    sockets = connect(count, addresses, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    until = time.monotonic() + 10
    for held in sockets:
        held.settimeout(max(until - time.monotonic(), 0.001))
        with contextlib.suppress(OSError):
            held.recv(4096)
    return Held(sockets)


def slow_bodies(count, addresses):
    sockets = connect(count, addresses)
    send_all(sockets, b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(5):
        send_all(sockets, b"a")
        time.sleep(0.2)
    return Held(sockets)


class Flood(Held):
    """One connection that sends without end."""

    def __init__(self, head, piece, count):
        super().__init__(connect(1, 1))
        sent = 0
        self.answer = b""
        try:
            for data in [head] + [piece] * count + [b"\r\n"]:
                self.sockets[0].sendall(data)
                sent += len(data)
        except OSError:
            pass
        with contextlib.suppress(OSError):
            self.answer = self.sockets[0].recv(4096)
        self.sent = sent

    def note(self):
        status = self.answer.split(b"\r\n")[0].decode()
        return f"{self.sent:,} bytes were taken, answered: {status or 'closed'}"


if __name__ == "__main__":
    main()
