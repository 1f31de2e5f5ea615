// npm install escape-html express express-session jose openid-client
import escape from 'escape-html';
import express from 'express';
import session from 'express-session';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import * as client from 'openid-client';

const { LATCHKEY_URL, CLIENT_ID, CLIENT_SECRET, SESSION_SECRET, APP_URL, PORT = 4000 } = process.env;
const isSecure = APP_URL.startsWith('https:');
// Plain http is for your own machine alone.
const options = LATCHKEY_URL.startsWith('http:') ? { execute: [client.allowInsecureRequests] } : undefined;
const latchkey = await client.discovery(new URL(LATCHKEY_URL), CLIENT_ID, CLIENT_SECRET, undefined, options);
const keys = createRemoteJWKSet(new URL(latchkey.serverMetadata().jwks_uri));

const app = express();
const store = new session.MemoryStore();
app.set('trust proxy', isSecure);
app.use(session({ name: 'express', secret: SESSION_SECRET, store, resave: false, saveUninitialized: false, cookie: { sameSite: 'lax', secure: isSecure } }));

app.get('/', ({ session: { user } }, response) => {
  if (!user) return response.send('<a href="/sign-in">Sign in</a>');
  response.send(`<p>Hello, ${escape(user.email)}</p><form method="post" action="/sign-out"><button>Sign out</button></form>`);
});

app.get('/sign-in', async (request, response) => {
  const [verifier, state, nonce] = [client.randomPKCECodeVerifier(), client.randomState(), client.randomNonce()];
  request.session.request = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce };
  const url = client.buildAuthorizationUrl(latchkey, {
    redirect_uri: `${APP_URL}/callback`,
    scope: 'openid profile email',
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
  });
  response.redirect(url.href);
});

app.get('/callback', async (request, response) => {
  const tokens = await client.authorizationCodeGrant(latchkey, new URL(request.originalUrl, APP_URL), request.session.request);
  // A new session, so that nobody has set its id before.
  await new Promise((done) => request.session.regenerate(done));
  request.session.user = tokens.claims();
  keep(request.session, tokens);
  response.redirect('/');
});

/** What the token allows you to ask or do: here, to ask Latchkey who this is. */
app.get('/profile', async ({ session }, response) => {
  if (!session.user) return response.redirect('/sign-in');
  response.json(await client.fetchUserInfo(latchkey, await accessToken(session), session.user.sub));
});

/** An access token that is still good. */
async function accessToken(session) {
  if (session.expiresAt < Date.now() + 30_000) keep(session, await client.refreshTokenGrant(latchkey, session.refreshToken));
  return session.accessToken;
}

function keep(session, tokens) {
  session.accessToken = tokens.access_token;
  session.expiresAt = Date.now() + 1000 * tokens.expires_in;
  session.refreshToken = tokens.refresh_token;
  session.idToken = tokens.id_token ?? session.idToken;
}

/** Signs out here and in Latchkey, which then tells the other apps. */
app.post('/sign-out', async (request, response) => {
  const { idToken } = request.session;
  await new Promise((done) => request.session.destroy(done));
  response.redirect(client.buildEndSessionUrl(latchkey, { id_token_hint: idToken, post_logout_redirect_uri: `${APP_URL}/` }).href);
});

/** Latchkey says that a session has ended. */
app.post('/backchannel-logout', express.urlencoded({ extended: false }), async (request, response) => {
  const { payload } = await jwtVerify(request.body.logout_token, keys, { issuer: LATCHKEY_URL, audience: CLIENT_ID, typ: 'logout+jwt' });
  store.all((_, sessions) => {
    const ended = Object.keys(sessions).filter((id) => sessions[id].user?.sid === payload.sid);
    for (const id of ended) store.destroy(id);
    response.sendStatus(204);
  });
});

app.use((error, request, response, next) => {
  console.error(error);
  response.status(400).send('That did not work. <a href="/">Start again</a>');
});

app.listen(PORT, '127.0.0.1');
