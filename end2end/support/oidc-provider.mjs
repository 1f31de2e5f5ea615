// The npm package oidc-provider as a provider of Latchkey: a program of its own, for a command of Latchkey asks it about itself
// while the test waits. Whoever signs in there is called what they typed.
import { generateKeyPairSync } from 'node:crypto';
import { Provider } from 'oidc-provider';

const { port, name, client } = JSON.parse(process.argv[2]);
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

const page = (content) => `<!DOCTYPE html><html lang="en"><title>${name}</title><main><h1>${name}</h1>${content}</main>`;
const show = (ctx, content) => {
  ctx.type = 'html';
  ctx.body = page(content);
};

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [client],
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig' }] },
  cookies: { keys: ['a key of the cookies'] },
  claims: { openid: ['sub'], profile: ['name', 'groups'], email: ['email', 'email_verified'] },
  findAccount: (_, sub) => ({
    accountId: sub,
    claims: () => ({ sub, name: `${sub} of ${name}`, email: `${sub}@example.net`, email_verified: true, groups: ['writers'] }),
  }),
  features: {
    devInteractions: { enabled: false },
    backchannelLogout: { enabled: true },
    rpInitiatedLogout: {
      logoutSource: (ctx, form) => show(ctx, `${form}<button type="submit" form="op.logoutForm" name="logout" value="yes">Sign out there</button>`),
      postLogoutSuccessSource: (ctx) => show(ctx, '<p>Signed out there.</p>'),
    },
  },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  // The package calls no address of this machine otherwise.
  fetch: (url, { dispatcher, ...options }) => fetch(url, options),
});

provider.use(async (ctx, next) => {
  if (!ctx.path.startsWith('/interaction/')) return next();
  const { prompt, params, session } = await provider.interactionDetails(ctx.req, ctx.res);
  const sub = new URL(ctx.href).searchParams.get('name');
  if (prompt.name === 'login' && !sub) {
    return show(ctx, '<form><label>Your name there <input name="name" required></label><button type="submit">Sign in there</button></form>');
  }
  const result = prompt.name === 'login' ? { login: { accountId: sub } } : await allow(params, session);
  await provider.interactionFinished(ctx.req, ctx.res, result, { mergeWithLastSubmission: true });
  ctx.respond = false;
});

async function allow(params, session) {
  const grant = new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  return { consent: { grantId: await grant.save() } };
}

provider.listen(port, '127.0.0.1', () => console.log('ready'));
