# pip install authlib flask requests
import os

from authlib.integrations.flask_client import OAuth
from flask import Flask, abort, redirect, request, session
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from markupsafe import escape

LATCHKEY_URL, APP_URL = os.environ["LATCHKEY_URL"], os.environ["APP_URL"]
CLIENT_ID, CLIENT_SECRET = os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"]

# Who is signed in: tokens by the id of the session. The cookie holds the id alone.
TOKENS: dict[str, dict] = {}


def keep(token, refresh_token=None, access_token=None):
    """Called when Authlib has refreshed a token."""
    for sid, kept in TOKENS.items():
        if kept["refresh_token"] == refresh_token:
            TOKENS[sid] = {**kept, **token}


app = Flask(__name__)
app.secret_key = os.environ["SESSION_SECRET"]
app.config.update(
    SESSION_COOKIE_NAME="flask",
    SESSION_COOKIE_SAMESITE="Lax",
    SESSION_COOKIE_SECURE=APP_URL.startswith("https:"),
)
latchkey = OAuth(app).register(
    "latchkey",
    server_metadata_url=f"{LATCHKEY_URL}/.well-known/openid-configuration",
    client_id=CLIENT_ID,
    client_secret=CLIENT_SECRET,
    client_kwargs={"scope": "openid profile email", "code_challenge_method": "S256"},
    update_token=keep,
)


@app.get("/")
def home():
    token = TOKENS.get(session.get("sid"))
    if token is None:
        return '<a href="/sign-in">Sign in</a>'
    hello = f"<p>Hello, {escape(token['userinfo']['email'])}</p>"
    return hello + '<form method="post" action="/sign-out"><button>Sign out</button></form>'


@app.get("/sign-in")
def sign_in():
    return latchkey.authorize_redirect(f"{APP_URL}/callback")


@app.get("/callback")
def callback():
    token = latchkey.authorize_access_token()
    session.clear()
    session["sid"] = token["userinfo"]["sid"]
    TOKENS[session["sid"]] = token
    return redirect("/")


@app.get("/profile")
def profile():
    """What the token allows you to ask or do: here, to ask Latchkey who this is."""
    token = TOKENS.get(session.get("sid"))
    # Authlib refreshes the token first, if it has a minute or less to live.
    return latchkey.userinfo(token=token) if token else redirect("/sign-in")


@app.post("/sign-out")
def sign_out():
    """Signs out here and in Latchkey, which then tells the other apps."""
    token = TOKENS.pop(session.get("sid"), {})
    session.clear()
    return latchkey.logout_redirect(f"{APP_URL}/", id_token_hint=token.get("id_token"), client_id=CLIENT_ID)


@app.post("/backchannel-logout")
def backchannel_logout():
    """Latchkey says that a session has ended."""
    keys = KeySet.import_key_set(latchkey.fetch_jwk_set(force=True))
    rules = jwt.JWTClaimsRegistry(
        leeway=5,
        iss={"essential": True, "value": LATCHKEY_URL},
        aud={"essential": True, "value": CLIENT_ID},
        exp={"essential": True},
    )
    try:
        token = jwt.decode(request.form["logout_token"], keys, algorithms=["RS256"])
        rules.validate(token.claims)
    except JoseError:
        abort(400)
    if token.header.get("typ") != "logout+jwt":
        abort(400)
    TOKENS.pop(token.claims["sid"], None)
    return "", 204
