// The npm package oidc-provider with its own defaults: one process, everything in memory, opaque access tokens, ID tokens by
// the algorithm that is asked for. Whoever is sent to sign in is signed in at once, as the login_hint says, and allows everything.
import { generateKeyPairSync } from 'node:crypto';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

// The packages are where `.ci/setup bench` put them.
const packages = createRequire(`${process.env.PACKAGES}/`);
const { Provider } = await import(pathToFileURL(packages.resolve('oidc-provider')));

const [, , port] = process.argv;

/** Keeps everything: the adapter that comes with it forgets all but the last thousand. */
class Memory {
  static stored = new Map();
  constructor(model) {
    this.model = model;
  }
  key(id) {
    return `${this.model}:${id}`;
  }
  async upsert(id, payload) {
    Memory.stored.set(this.key(id), payload);
    if (payload.uid) Memory.stored.set(`uid:${payload.uid}`, payload);
  }
  async find(id) {
    return Memory.stored.get(this.key(id));
  }
  async findByUid(uid) {
    return Memory.stored.get(`uid:${uid}`);
  }
  async findByUserCode() {}
  async consume(id) {
    Memory.stored.get(this.key(id)).consumed = Math.floor(Date.now() / 1000);
  }
  async destroy(id) {
    Memory.stored.delete(this.key(id));
  }
  async revokeByGrantId() {}
}

const algorithm = process.env.ALGORITHM;
// The kind of key that Latchkey has.
const { privateKey } = algorithm === 'RS256' ? generateKeyPairSync('rsa', { modulusLength: 3072 }) : generateKeyPairSync('ec', { namedCurve: 'P-256' });
const provider = new Provider(`http://127.0.0.1:${port}`, {
  adapter: Memory,
  clients: [{
    client_id: 'bench',
    client_secret: 'a secret of the client that has many characters',
    redirect_uris: ['https://app.example.org/callback'],
    grant_types: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_method: 'client_secret_post',
    id_token_signed_response_alg: algorithm,
  }],
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: algorithm, use: 'sig' }] },
  cookies: { keys: ['a key of the cookies'] },
  claims: { openid: ['sub'], profile: ['name'], email: ['email', 'email_verified'] },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, name: 'Ada Lovelace', email: `${id}@example.org`, email_verified: false }) }),
  features: { devInteractions: { enabled: false }, introspection: { enabled: true } },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  issueRefreshToken: () => true,
});

provider.use(async (ctx, next) => {
  if (!ctx.path.startsWith('/interaction/')) return next();
  const { prompt, params, session } = await provider.interactionDetails(ctx.req, ctx.res);
  await provider.interactionFinished(ctx.req, ctx.res, await answer(prompt.name, params, session), { mergeWithLastSubmission: true });
  ctx.respond = false;
});

async function answer(prompt, params, session) {
  if (prompt === 'login') return { login: { accountId: params.login_hint } };
  const grant = new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  return { consent: { grantId: await grant.save() } };
}

provider.listen(Number(port), '127.0.0.1');
