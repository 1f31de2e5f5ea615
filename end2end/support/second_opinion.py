"""Verifies with python-fido2 what a browser has sent to Latchkey: reads one JSON object, prints `ok` or why not."""

import json
import sys

from fido2.server import Fido2Server
from fido2.webauthn import AttestedCredentialData, PublicKeyCredentialRpEntity


def main() -> None:
    given = json.load(sys.stdin)
    server = Fido2Server(
        PublicKeyCredentialRpEntity(id="localhost", name="Latchkey"),
        verify_origin=lambda origin: origin == given["origin"],
    )
    state = lambda options: {"challenge": options["challenge"], "user_verification": "required"}
    made = server.register_complete(state(given["creation"]), given["created"])
    credentials = [AttestedCredentialData(made.credential_data)]
    server.authenticate_complete(state(given["request"]), credentials, given["used"])
    print("ok")


try:
    main()
except Exception as error:
    print(type(error).__name__, error)
