# pip install 'pyjwt[crypto]'
import os

import jwt

ISSUER = os.environ.get("LATCHKEY_URL", "https://id.example.org")
AUDIENCE = os.environ.get("AUDIENCE", ISSUER)
KEYS = jwt.PyJWKClient(f"{ISSUER}/.well-known/jwks.json")


def verify(token: str) -> dict:
    """Returns the claims of a valid access token, and raises jwt.PyJWTError for any other."""
    if jwt.get_unverified_header(token).get("typ") != "at+jwt":
        raise jwt.InvalidTokenError("not an access token")
    key = KEYS.get_signing_key_from_jwt(token)
    return jwt.decode(
        token,
        key,
        algorithms=[key.algorithm_name],
        issuer=ISSUER,
        audience=AUDIENCE,
        options={"require": ["sub", "exp", "iat", "jti", "client_id"]},
    )
