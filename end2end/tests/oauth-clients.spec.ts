import { readFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { resolve } from 'node:path';
import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import { expect, newAccount, test } from '../support/fixtures.ts';
import { App, addClient, answerAt, signInAndAllow } from '../support/oauth.ts';

const ALL_SCOPES = ['openid', 'profile', 'email', 'offline_access'];
const INSECURE = { [oauth.allowInsecureRequests]: true };

test('openid-client signs in, refreshes, asks about its token and gives it back', async ({ page, server }) => {
  const ada = newAccount();
  const id = server.addUser(ada);
  const app = await App.start();
  try {
    const { client_id, client_secret } = addClient(server, 'web', '--redirect-uri', app.callback, ...ALL_SCOPES.flatMap((scope) => ['--scope', scope]));
    const config = await openid.discovery(new URL(server.url), client_id, client_secret, undefined, { execute: [openid.allowInsecureRequests] });
    const verifier = openid.randomPKCECodeVerifier();
    const [state, nonce] = [openid.randomState(), openid.randomNonce()];
    const request = openid.buildAuthorizationUrl(config, {
      redirect_uri: app.callback,
      scope: 'openid profile email',
      code_challenge: await openid.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      nonce,
    });
    const answer = await signInAndAllow(page, ada, request.href, app.callback);
    expect(answer.searchParams.get('iss')).toBe(server.url);
    const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce };
    const tokens = await openid.authorizationCodeGrant(config, answer, checks);
    const claims = tokens.claims()!;
    expect(claims).toMatchObject({ iss: server.url, sub: id, aud: client_id, name: ada.name, email: ada.email, email_verified: false });
    expect(await openid.fetchUserInfo(config, tokens.access_token, claims.sub)).toEqual({ sub: id, name: ada.name, email: ada.email, email_verified: false });

    const refreshed = await openid.refreshTokenGrant(config, tokens.refresh_token!);
    expect(refreshed.access_token).not.toBe(tokens.access_token);
    expect(await openid.tokenIntrospection(config, refreshed.access_token)).toMatchObject({ active: true, sub: id, client_id });
    await openid.tokenRevocation(config, refreshed.refresh_token ?? tokens.refresh_token!);
    expect(await openid.tokenIntrospection(config, refreshed.access_token)).toEqual({ active: false });
    await expect(openid.refreshTokenGrant(config, tokens.refresh_token!)).rejects.toMatchObject({ error: 'invalid_grant' });
    await expect(openid.authorizationCodeGrant(config, answer, checks)).rejects.toMatchObject({ error: 'invalid_grant' });
  } finally {
    app.stop();
  }
});

test('oauth4webapi signs a native app in at a port of the loopback address that nobody registered, refreshes and signs out', async ({ page, server }) => {
  const ada = newAccount();
  const id = server.addUser(ada);
  const app = await App.start();
  try {
    const { client_id } = addClient(server, 'native', '--redirect-uri', 'http://127.0.0.1/callback');
    const issuer = new URL(server.url);
    const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, INSECURE));
    const client = { client_id };
    const verifier = oauth.generateRandomCodeVerifier();
    const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()];
    const request = new URL(as.authorization_endpoint!);
    request.search = new URLSearchParams({
      client_id,
      response_type: 'code',
      redirect_uri: app.callback,
      scope: 'openid email',
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      nonce,
    }).toString();
    const answer = await signInAndAllow(page, ada, request.href, app.callback);
    // Refuses an answer without `iss`, or with another one.
    const parameters = oauth.validateAuthResponse(as, client, answer, state);
    const response = await oauth.authorizationCodeGrantRequest(as, client, oauth.None(), parameters, app.callback, verifier, INSECURE);
    const tokens = await oauth.processAuthorizationCodeResponse(as, client, response, { expectedNonce: nonce, requireIdToken: true });
    const claims = oauth.getValidatedIdTokenClaims(tokens)!;
    expect(claims.sub).toBe(id);
    const info = await oauth.userInfoRequest(as, client, tokens.access_token, INSECURE);
    expect(await oauth.processUserInfoResponse(as, client, claims.sub, info)).toMatchObject({ sub: id, email: ada.email });
    // It opens nothing of the portal.
    for (const token of [tokens.access_token, tokens.id_token!]) {
      const refused = await fetch(`${server.url}/api/account/me`, { method: 'POST', headers: { authorization: `Bearer ${token}` } });
      expect(refused.status).toBe(401);
    }

    const refresh = async (token: string) => oauth.processRefreshTokenResponse(as, client, await oauth.refreshTokenGrantRequest(as, client, oauth.None(), token, INSECURE));
    const refreshed = await refresh(tokens.refresh_token!);
    expect(oauth.getValidatedIdTokenClaims(refreshed)!.sub).toBe(id);
    const signOut = new URL(as.end_session_endpoint!);
    signOut.search = new URLSearchParams({ id_token_hint: tokens.id_token! }).toString();
    await page.goto(signOut.href);
    await expect(page.getByRole('heading', { name: 'You are signed out' })).toBeVisible();
    await expect(refresh(refreshed.refresh_token!)).rejects.toMatchObject({ error: 'invalid_grant' });
  } finally {
    app.stop();
  }
});

const LIBRARY = resolve(import.meta.dirname, '../node_modules/oidc-client-ts/dist/browser/oidc-client-ts.min.js');

test('oidc-client-ts signs in from a page of another origin, which reads discovery, tokens, keys and userinfo', async ({ page, server }) => {
  const ada = newAccount();
  const id = server.addUser(ada);
  const app = await App.start((request, response) => {
    if (request.url === '/library.js') response.setHeader('content-type', 'text/javascript').end(readFileSync(LIBRARY));
    else response.setHeader('content-type', 'text/html').end('<!doctype html><html lang="en"><title>App</title><link rel="icon" href="data:,"><script src="/library.js"></script>');
  });
  try {
    const { client_id } = addClient(server, 'browser', '--redirect-uri', app.callback);
    const settings = { authority: server.url, client_id, redirect_uri: app.callback, scope: 'openid profile email', loadUserInfo: true };
    await page.goto(app.url);
    const request: string = await page.evaluate(async (settings) => {
      const manager = new (window as any).oidc.OidcClient({ ...settings, stateStore: new (window as any).oidc.WebStorageStateStore({ store: localStorage }) });
      return (await manager.createSigninRequest({})).url;
    }, settings);
    await signInAndAllow(page, ada, request, app.callback);
    const profile = await page.evaluate(async (settings) => {
      const manager = new (window as any).oidc.OidcClient({ ...settings, stateStore: new (window as any).oidc.WebStorageStateStore({ store: localStorage }) });
      return (await manager.processSigninResponse(location.href)).profile;
    }, settings);
    expect(profile).toMatchObject({ sub: id, name: ada.name, email: ada.email });
  } finally {
    app.stop();
  }
});

const PACKAGES = resolve(import.meta.dirname, '../../target/tools/python');
const AUTHLIB = `
import json, os, sys
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwk, jwt
url, client, secret, callback = sys.argv[1:]
session = OAuth2Session(client, secret, redirect_uri=callback, scope="openid email", code_challenge_method="S256")
server = session.get(f"{url}/.well-known/openid-configuration", withhold_token=True).json()
verifier = "v" * 50
request, state = session.create_authorization_url(server["authorization_endpoint"], code_verifier=verifier, nonce="n")
print(request, flush=True)
answer = sys.stdin.readline().strip()
token = session.fetch_token(server["token_endpoint"], authorization_response=answer, code_verifier=verifier)
keys = jwk.KeySet.import_key_set(session.get(server["jwks_uri"], withhold_token=True).json())
claims = jwt.decode(token["id_token"], keys, algorithms=["RS256"]).claims
assert claims["nonce"] == "n" and claims["iss"] == url and claims["aud"] == client, claims
before = token["access_token"]
token = session.refresh_token(server["token_endpoint"], refresh_token=token["refresh_token"])
assert token["access_token"] != before
print(json.dumps(session.get(server["userinfo_endpoint"]).json()), flush=True)
`;

test('Authlib signs in and refreshes', async ({ page, server }) => {
  const ada = newAccount();
  const id = server.addUser(ada);
  const app = await App.start();
  const { client_id, client_secret } = addClient(server, 'web', '--redirect-uri', app.callback);
  const environment = { ...process.env, AUTHLIB_INSECURE_TRANSPORT: '1', PYTHONPATH: PACKAGES, PYTHONDONTWRITEBYTECODE: '1' };
  const python = spawn('python3', ['-c', AUTHLIB, server.url, client_id, client_secret!, app.callback], { env: environment });
  let problems = '';
  python.stderr.on('data', (chunk) => (problems += chunk));
  const lines = createInterface({ input: python.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const line = await lines.next();
    if (line.done) throw new Error(problems);
    return line.value;
  };
  try {
    const answer = await signInAndAllow(page, ada, await next(), app.callback);
    python.stdin.write(`${answer.href}\n`);
    expect(JSON.parse(await next())).toEqual({ sub: id, email: ada.email, email_verified: false });
  } finally {
    python.kill();
    app.stop();
  }
});

test('somebody who is signed in and has allowed an app needs no question to come back to it', async ({ page, server }) => {
  const ada = newAccount();
  server.addUser(ada);
  const app = await App.start();
  try {
    const { client_id, client_secret } = addClient(server, 'web', '--redirect-uri', app.callback);
    const config = await openid.discovery(new URL(server.url), client_id, client_secret, undefined, { execute: [openid.allowInsecureRequests] });
    const request = async () => {
      const verifier = openid.randomPKCECodeVerifier();
      const code_challenge = await openid.calculatePKCECodeChallenge(verifier);
      const url = openid.buildAuthorizationUrl(config, { redirect_uri: app.callback, scope: 'openid', code_challenge, code_challenge_method: 'S256' });
      return { verifier, url: url.href };
    };
    await signInAndAllow(page, ada, (await request()).url, app.callback);
    const { verifier, url } = await request();
    await page.goto(url);
    const answer = await answerAt(page, app.callback);
    const tokens = await openid.authorizationCodeGrant(config, answer, { pkceCodeVerifier: verifier });
    expect(tokens.claims()!.iss).toBe(server.url);
  } finally {
    app.stop();
  }
});
