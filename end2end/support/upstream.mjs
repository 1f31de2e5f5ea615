// A provider of another maker, the npm package oidc-provider: whoever types a name is that person, in the groups that are typed.
// It is a program of its own: a command of Latchkey asks it about itself while the test waits.
import { generateKeyPairSync } from 'node:crypto';
import { createInterface } from 'node:readline';
import { Provider } from 'oidc-provider';

const { port, redirectUri, logoutUri } = JSON.parse(process.argv[2]);
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
/** What people typed when they last signed in. */
const groups = new Map();
/** Which endpoints do not answer. */
const silent = new Set();

// The pages that come with it ask another site for fonts.
const shows = (ctx, text) => (ctx.body = `<!doctype html><html lang="en"><title>Upstream</title>${text}`);
const logoutSource = (ctx, form) => shows(ctx, `${form}<button form="op.logoutForm" name="logout" value="yes">Yes, sign me out</button>`);
const postLogoutSuccessSource = (ctx) => shows(ctx, '<p>Signed out upstream.</p>');

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{
    client_id: 'latchkey',
    client_secret: 'a-secret+with/all:sorts%of=characters',
    redirect_uris: [redirectUri],
    backchannel_logout_uri: logoutUri,
    backchannel_logout_session_required: true,
    id_token_signed_response_alg: 'ES256',
  }],
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig', kid: 'one' }] },
  cookies: { keys: ['a key of the cookies'] },
  claims: { openid: ['sub'], profile: ['name'], email: ['email', 'email_verified'], groups: ['groups'] },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, name: 'Grace Hopper', email: `${id}@example.org`, email_verified: true, groups: groups.get(id) }),
  }),
  features: { devInteractions: { enabled: false }, backchannelLogout: { enabled: true }, rpInitiatedLogout: { enabled: true, logoutSource, postLogoutSuccessSource } },
  // Its own calls refuse addresses of this machine.
  fetch: (url, options) => fetch(url, { ...options, dispatcher: undefined }),
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
});

const form = `<!doctype html><html lang="en"><title>Upstream</title><h1>Sign in upstream</h1>
<form method="post"><label>Name <input name="name"></label><label>Groups <input name="groups"></label><button>Go on</button></form>`;

provider.use(async (ctx, next) => {
  if (silent.has(ctx.path)) return ctx.req.socket.destroy();
  if (!ctx.path.startsWith('/interaction/')) return next();
  const { prompt, params, session } = await provider.interactionDetails(ctx.req, ctx.res);
  if (prompt.name === 'login' && ctx.method === 'GET') {
    ctx.type = 'html';
    ctx.body = form;
    return;
  }
  const result = prompt.name === 'login' ? await login(ctx.req) : await consent(params, session);
  ctx.respond = false;
  await provider.interactionFinished(ctx.req, ctx.res, result, { mergeWithLastSubmission: true });
});

async function login(request) {
  let body = '';
  for await (const chunk of request) body += chunk;
  const typed = new URLSearchParams(body);
  groups.set(typed.get('name'), typed.get('groups').split(' '));
  return { login: { accountId: typed.get('name') } };
}

/** Everything is allowed. */
async function consent(params, session) {
  const grant = new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  return { consent: { grantId: await grant.save() } };
}

// Each line names an endpoint that answers nobody from now on. It ends with whoever started it.
createInterface({ input: process.stdin })
  .on('line', (path) => {
    silent.add(path);
    console.log(`silent ${path}`);
  })
  .on('close', () => process.exit());

provider.listen(port, '127.0.0.1', () => console.log('ready'));
