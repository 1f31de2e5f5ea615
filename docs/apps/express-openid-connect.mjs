// npm install escape-html express express-openid-connect express-session
import escape from 'escape-html';
import express from 'express';
import oidc from 'express-openid-connect';
import session from 'express-session';

const { LATCHKEY_URL, CLIENT_ID, CLIENT_SECRET, SESSION_SECRET, APP_URL, PORT = 4000 } = process.env;

const app = express();
app.set('trust proxy', APP_URL.startsWith('https:'));
// It brings the routes /login, /callback, /logout and /backchannel-logout.
app.use(
  oidc.auth({
    issuerBaseURL: LATCHKEY_URL,
    baseURL: APP_URL,
    clientID: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
    secret: SESSION_SECRET,
    authorizationParams: { response_type: 'code', scope: 'openid profile email' },
    session: { store: new session.MemoryStore() },
    routes: { postLogoutRedirect: `${APP_URL}/` },
    authRequired: false,
    idpLogout: true,
    backchannelLogout: true,
  }),
);

app.get('/', ({ oidc: { user } }, response) => {
  response.send(user ? `<p>Hello, ${escape(user.email)}</p><a href="/logout">Sign out</a>` : '<a href="/login">Sign in</a>');
});

/** What the token allows you to ask or do: here, to ask Latchkey who this is. */
app.get('/profile', oidc.requiresAuth(), async (request, response) => {
  const token = request.oidc.accessToken;
  if (token.expires_in < 30) await token.refresh();
  response.json(await request.oidc.fetchUserInfo());
});

app.listen(PORT, '127.0.0.1');
