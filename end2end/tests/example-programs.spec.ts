import { readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { buildSync } from 'esbuild';
import * as openid from 'openid-client';
import { Example, EXAMPLES, test } from '../support/examples.ts';
import { expect, fillSignIn, newAccount, openAs, press, waitForHydration } from '../support/fixtures.ts';
import { App, addClient, signInAndAllow, tokensGiven, type Handler } from '../support/oauth.ts';
import { freePort } from '../support/server.ts';

const MODULES = resolve(import.meta.dirname, '../node_modules');
const CLOSE_WINDOW = 'You are signed in. You can close this window.';

function scopes(...names: string[]): string[] {
  return names.flatMap((name) => ['--scope', name]);
}

/** The page app, bundled as Vite does it. */
function bundle(latchkey: string, client: string): string {
  const define = { 'import.meta.env.VITE_LATCHKEY_URL': JSON.stringify(latchkey), 'import.meta.env.VITE_CLIENT_ID': JSON.stringify(client) };
  const built = buildSync({ entryPoints: [join(EXAMPLES, 'spa.js')], bundle: true, format: 'esm', write: false, define, nodePaths: [MODULES] });
  return built.outputFiles[0].text;
}

test('the app in the page signs somebody in, renews its token, signs out, and notices that the session has ended', async ({ page, server, running, expectConsole }) => {
  expectConsole(/favicon/, { optional: true });
  expectConsole(/400.*\/oauth\/token/);
  const ada = newAccount();
  server.addUser(ada);
  let script = '';
  const answer: Handler = ({ url }, response) => {
    if (url === '/spa.js') response.setHeader('content-type', 'text/javascript').end(script);
    else response.setHeader('content-type', 'text/html').end(readFileSync(join(EXAMPLES, 'spa.html')));
  };
  const app = running(await App.start(answer));
  // The library renews a token a minute before it expires.
  const { client_id } = addClient(server, 'browser', '--access-ttl', '62s', '--redirect-uri', app.callback, '--post-logout-uri', `${app.url}/`);
  script = bundle(server.url, client_id);
  const signIn = async (): Promise<void> => {
    await press(page, 'Sign in');
    await page.waitForURL(`${server.url}/**`, { waitUntil: 'commit' });
    await waitForHydration(page);
    await fillSignIn(page, ada);
    await press(page, 'Sign in');
  };
  const greeting = page.getByText(`Hello, ${ada.email}`);
  const nobody = page.getByText('Nobody is signed in');
  await page.goto(app.url);
  await expect(nobody).toBeVisible();
  await signIn();
  await press(page, 'Allow');
  await expect(greeting).toBeVisible();
  const given = tokensGiven(server);
  await expect.poll(() => tokensGiven(server), { intervals: [50] }).toBeGreaterThan(given);
  // It says so at once, and again when it is loaded anew.
  const returned = page.waitForEvent('framenavigated', (frame) => frame.url() === `${app.url}/`);
  await press(page, 'Sign out');
  await returned;
  await expect(nobody).toBeVisible();

  await signIn();
  await expect(greeting).toBeVisible();
  server.command(['user', 'revoke-sessions', ada.email]);
  await expect(nobody).toBeVisible();
});

test('the native program signs somebody in at a port of its own, refreshes and signs out', async ({ page, server, running, expectConsole }) => {
  expectConsole(/favicon/, { optional: true });
  const ada = newAccount();
  server.addUser(ada);
  const { client_id } = addClient(server, 'native', '--redirect-uri', 'http://127.0.0.1/callback', ...scopes('openid', 'profile', 'offline_access'));
  const program = running(Example.node('native.mjs', { LATCHKEY_URL: server.url, CLIENT_ID: client_id }));
  const request = await program.line();
  await signInAndAllow(page, ada, request, new URL(request).searchParams.get('redirect_uri')!);
  await expect(page.getByText(CLOSE_WINDOW)).toBeVisible();
  expect(await program.line()).toBe(`Hello, ${ada.name}`);
  expect(await program.line()).toBe('refreshed');
  expect(await program.line()).toBe('signed out');
  await program.ended();
});

test('the command shows a code, and somebody who enters it elsewhere has signed it in', async ({ page, server, running }) => {
  const ada = newAccount();
  server.addUser(ada);
  const { client_id } = addClient(server, 'device', ...scopes('openid', 'profile', 'offline_access'));
  const program = running(Example.node('cli.mjs', { LATCHKEY_URL: server.url, CLIENT_ID: client_id }));
  const [, address, code] = /^Open (\S+) in any browser and enter (\S+)$/.exec(await program.line())!;
  await openAs(page, ada, address);
  await page.getByLabel('Code', { exact: true }).fill(code);
  await press(page, 'Continue');
  await press(page, 'Allow');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Your device is connected');
  expect(await program.line()).toBe(`Hello, ${ada.name}`);
  expect(await program.line()).toBe('refreshed');
  expect(await program.line()).toBe('signed out');
  await program.ended();
});

test('a service calls the one that it is registered for, which refuses whoever has no token', async ({ server, running }) => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const called = running(Example.node('called-service.mjs', { LATCHKEY_URL: server.url, AUDIENCE: url, PORT: `${port}` }));
  const call = (resource: string): Example => {
    const { client_id, client_secret } = addClient(server, 'service', '--resource', resource);
    return running(Example.node('service.mjs', { LATCHKEY_URL: server.url, CLIENT_ID: client_id, CLIENT_SECRET: client_secret!, STOCK_URL: url }));
  };
  await called.listening(url);
  const caller = call(url);
  expect(await caller.line()).toMatch(/^200 For lkc_\S+: nails, screws$/);
  await caller.ended();
  const other = call('https://other.example.org');
  await expect(other.line()).rejects.toThrow('invalid_target');
  await other.ended();
  const response = await fetch(`${url}/items`);
  expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, 'Bearer error="invalid_token"']);
});

test('the MCP client finds Latchkey by the MCP server, refreshes, and asks again when the session has ended', async ({ page, server, running, expectConsole }, testInfo) => {
  expectConsole(/favicon/, { optional: true });
  const ada = newAccount();
  const id = server.addUser(ada);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/mcp`;
  const { client_id } = addClient(server, 'native', '--redirect-uri', 'http://127.0.0.1/callback', '--resource', url, ...scopes('notes'));
  const environment = { LATCHKEY_URL: server.url, MCP_URL: url, CLIENT_ID: client_id, TOKENS_FILE: testInfo.outputPath('tokens'), PORT: `${port}` };
  const called = running(Example.node('mcp-server.mjs', environment));
  await called.listening(url);
  const first = running(Example.node('mcp-client.mjs', environment));
  const request = await first.line();
  await signInAndAllow(page, ada, request, new URL(request).searchParams.get('redirect_uri')!);
  await expect(page.getByText(CLOSE_WINDOW)).toBeVisible();
  expect(await first.line()).toBe(`You are ${id}`);
  await first.ended();
  expect(statSync(environment.TOKENS_FILE).mode & 0o777).toBe(0o600);

  const given = tokensGiven(server);
  const second = running(Example.node('mcp-client.mjs', environment));
  expect(await second.line()).toBe(`You are ${id}`);
  await second.ended();
  await expect.poll(() => tokensGiven(server), { intervals: [20] }).toBe(given + 1);

  server.command(['user', 'revoke-sessions', ada.email]);
  const third = running(Example.node('mcp-client.mjs', environment));
  expect(await third.line()).toContain(`${server.url}/oauth/authorize?`);
});

async function json(url: string, method: string, body?: unknown, token?: string): Promise<Response> {
  const headers = { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) };
  return fetch(url, { method, headers, body: body ? JSON.stringify(body) : undefined });
}

test('the app of the tutorial signs people in by itself', async ({ running }) => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const app = running(Example.node('tutorial-before.mjs', { PORT: `${port}` }));
  const ada = newAccount();
  await app.listening(url);
  expect((await json(`${url}/register`, 'POST', ada)).status).toBe(201);
  expect((await json(`${url}/login`, 'POST', { ...ada, password: 'wrong' })).status).toBe(401);
  const { accessToken, refreshToken } = await (await json(`${url}/login`, 'POST', ada)).json();
  expect((await json(`${url}/posts`, 'POST', { title: 'Notes' }, accessToken)).status).toBe(201);
  const refreshed = await (await json(`${url}/token`, 'POST', { token: refreshToken })).json();
  expect(await (await json(`${url}/posts`, 'GET', undefined, refreshed.accessToken)).json()).toEqual([{ owner: ada.email, title: 'Notes' }]);
  expect((await json(`${url}/logout`, 'DELETE', { token: refreshToken })).status).toBe(204);
  expect((await json(`${url}/token`, 'POST', { token: refreshToken })).status).toBe(403);
  expect((await json(`${url}/posts`, 'GET')).status).toBe(401);
});

test('the app of the tutorial, with Latchkey, takes tokens that were given out for it, and no others', async ({ page, server, running }) => {
  const ada = newAccount();
  const id = server.addUser(ada);
  const [port, frontend] = [await freePort(), running(await App.start())];
  const url = `http://127.0.0.1:${port}`;
  const app = running(Example.node('tutorial-after.mjs', { LATCHKEY_URL: server.url, APP_URL: url, PORT: `${port}` }));
  await app.listening(url);
  const { client_id } = addClient(server, 'browser', '--redirect-uri', frontend.callback, '--resource', url);
  const config = await openid.discovery(new URL(server.url), client_id, undefined, openid.None(), { execute: [openid.allowInsecureRequests] });
  const verifier = openid.randomPKCECodeVerifier();
  const code_challenge = await openid.calculatePKCECodeChallenge(verifier);
  const request = openid.buildAuthorizationUrl(config, { redirect_uri: frontend.callback, scope: 'openid', resource: url, code_challenge, code_challenge_method: 'S256' });
  const answer = await signInAndAllow(page, ada, request.href, frontend.callback);
  const tokens = await openid.authorizationCodeGrant(config, answer, { pkceCodeVerifier: verifier }, { resource: url });

  expect((await json(`${url}/posts`, 'POST', { title: 'Notes' }, tokens.access_token)).status).toBe(201);
  expect(await (await json(`${url}/posts`, 'GET', undefined, tokens.access_token)).json()).toEqual([{ owner: id, title: 'Notes' }]);
  for (const token of [tokens.id_token, `${tokens.access_token}x`, undefined]) {
    expect((await json(`${url}/posts`, 'GET', undefined, token)).status).toBe(401);
  }
});
