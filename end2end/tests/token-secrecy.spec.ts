import { expect, follow, newAccount, openWithNewToken, signIn, signOut, test, visit } from '../support/fixtures.ts';
import { MEMBER_PAGES, NOT_FOUND, PUBLIC_PAGES, ROLE_PAGES, about } from '../support/pages.ts';
import { readable, Secrets } from '../support/secrets.ts';

test.use({ settings: { LATCHKEY_SESSIONS_ROTATE_AFTER: '0s' } });

test('no page holds a token in its HTML, in its address or anywhere else where a script could read it', async ({ page, context, server, expectConsole }) => {
  expectConsole(/status of 404/);
  const ada = newAccount();
  const subjects = server.addSubjects(ada, 'editor admin');
  const secrets = new Secrets(context);
  await signIn(page, ada);
  await expect.poll(() => secrets.accessTokens.size).toBe(1);
  expect(secrets.in(await readable(page))).toEqual([]);
  for (const { path } of [...PUBLIC_PAGES, ...MEMBER_PAGES, ...ROLE_PAGES, NOT_FOUND]) {
    const refreshed = page.waitForResponse('**/api/auth/refresh');
    const response = await visit(page, about(subjects, path));
    await refreshed;
    expect(secrets.in((await response?.text()) ?? ''), path).toEqual([]);
    expect(secrets.in(await readable(page)), path).toEqual([]);
  }
  // Each page load has brought new tokens: the search knew what to look for.
  await expect.poll(() => secrets.accessTokens.size).toBeGreaterThan(PUBLIC_PAGES.length);
  expect(secrets.refreshTokens.size).toBeGreaterThan(PUBLIC_PAGES.length);
  expect(secrets.in(secrets.addresses.join('\n'))).toEqual([]);
});

test('cookies are out of reach of scripts, other sites and other hosts, and sign-out leaves only the device cookie', async ({ page, context }) => {
  await openWithNewToken(page, newAccount());
  const [session, ...others] = await context.cookies();
  expect(others).toEqual([]);
  expect(session).toMatchObject({ name: '__Host-latchkey', path: '/', domain: 'localhost', httpOnly: true, secure: true, sameSite: 'Lax' });
  expect(await page.evaluate(() => document.cookie)).toBe('');
  await signOut(page);
  const cookies = await context.cookies();
  expect(cookies.map(({ name }) => name)).toEqual(['__Host-latchkey-device']);
  expect(cookies[0]).toMatchObject({ path: '/', domain: 'localhost', httpOnly: true, secure: true, sameSite: 'Strict' });
});

test('the messages between tabs hold no token', async ({ page, context, server }) => {
  const ada = newAccount();
  server.addUser(ada);
  const secrets = new Secrets(context);
  const messages: string[] = [];
  await context.exposeFunction('recordMessage', (message: string) => messages.push(message));
  await context.addInitScript(() => {
    const post = BroadcastChannel.prototype.postMessage;
    BroadcastChannel.prototype.postMessage = function (message: unknown) {
      Reflect.get(window, 'recordMessage')(JSON.stringify(message));
      post.call(this, message);
    };
  });
  await signIn(page, ada);
  const refreshed = page.waitForResponse('**/api/auth/refresh');
  await visit(page, '/dashboard');
  await refreshed;
  await expect.poll(() => messages.length).toBeGreaterThanOrEqual(2);
  await expect.poll(() => secrets.accessTokens.size).toBeGreaterThanOrEqual(2);
  expect(secrets.in(messages.join('\n'))).toEqual([]);
});

test('the access token is sent in a header of requests, and never with a page load', async ({ page, context, server }) => {
  const ada = newAccount();
  server.addUser(ada);
  const secrets = new Secrets(context);
  await signIn(page, ada);
  const asked = page.waitForRequest('**/api/account/me');
  await follow(page, 'Account');
  const [token] = secrets.accessTokens;
  expect(await (await asked).headerValue('authorization')).toBe(`Bearer ${token}`);
  const loaded = page.waitForRequest((request) => request.isNavigationRequest());
  await visit(page, '/account');
  expect(await (await loaded).headerValue('authorization')).toBeNull();
});
