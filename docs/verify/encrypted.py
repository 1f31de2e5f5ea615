# pip install jwcrypto 'pyjwt[crypto]'
import os
from pathlib import Path

from jwcrypto.jwe import JWE
from jwcrypto.jwk import JWK
from verify import verify as verify_signed

# The private half of the key that was registered.
KEY = JWK.from_json(Path(os.environ["PRIVATE_KEY"]).read_text())


def verify(token: str) -> dict:
    """Returns the claims of a valid access token, and raises for any other."""
    opened = JWE(algs=[KEY["alg"], "A256GCM"])
    opened.deserialize(token, KEY)
    if opened.jose_header.get("cty") != "JWT":
        raise ValueError("there is no token inside")
    return verify_signed(opened.payload.decode())
