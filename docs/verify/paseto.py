# pip install pyseto
import json
import os
import time
from urllib.request import urlopen

import pyseto

ISSUER = os.environ.get("LATCHKEY_URL", "https://id.example.org")
AUDIENCE = os.environ.get("AUDIENCE", "https://api.example.org")
keys = []
fetched_at = float("-inf")


def fetch_keys() -> None:
    """Fetches the keys again: a new one signs five minutes after it was published."""
    global keys, fetched_at
    fetched_at = time.monotonic()
    with urlopen(f"{ISSUER}/.well-known/paserk.json") as answer:
        keys = [pyseto.Key.from_paserk(published["key"]) for published in json.load(answer)["keys"]]


def verify(token: str) -> dict:
    """Returns the claims of a valid access token, and raises for any other."""
    if time.monotonic() - fetched_at > 60:
        fetch_keys()
    claims = pyseto.decode(keys, token, deserializer=json, aud=AUDIENCE).payload
    if claims["iss"] != ISSUER or not {"sub", "exp", "jti", "client_id"} <= claims.keys():
        raise ValueError("the claims are not those of an access token")
    return claims
