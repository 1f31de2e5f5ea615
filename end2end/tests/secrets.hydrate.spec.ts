import { expect, follow, signIn, somebody, test, visit } from '../support/fixtures.ts';
import { MEMBER_PAGES, PUBLIC_PAGES, ROLE_PAGES, about } from '../support/pages.ts';
import { readable, Secrets } from '../support/secrets.ts';

test.use({ settings: { LATCHKEY_SESSIONS_ROTATE_AFTER: '0s' } });

test('after signing in no script can read a token anywhere', async ({ page, context, server }) => {
  const ada = somebody();
  const id = server.addUser(ada, 'editor admin');
  const secrets = new Secrets(context);
  await signIn(page, ada);
  await expect.poll(() => secrets.accessTokens.size).toBe(1);
  expect(secrets.in(await readable(page))).toEqual([]);
  for (const { path } of [...PUBLIC_PAGES, ...MEMBER_PAGES, ...ROLE_PAGES]) {
    const refreshed = page.waitForResponse('**/api/auth/refresh');
    await visit(page, about(id, path));
    await refreshed;
    expect(secrets.in(await readable(page)), path).toEqual([]);
  }
  // Each page load has brought new ones: the search knew what to look for.
  await expect.poll(() => secrets.accessTokens.size).toBeGreaterThan(PUBLIC_PAGES.length);
  expect(secrets.refreshTokens.size).toBeGreaterThan(PUBLIC_PAGES.length);
});

test('what the server answers with a token is kept by no cache', async ({ page, server }) => {
  const ada = somebody();
  server.addUser(ada);
  const answer = page.waitForResponse('**/api/auth/login');
  await signIn(page, ada);
  expect(await (await answer).headerValue('cache-control')).toBe('no-store');
});

test('tabs tell each other no token', async ({ page, context, server }) => {
  const ada = somebody();
  server.addUser(ada);
  const secrets = new Secrets(context);
  const told: string[] = [];
  await context.exposeFunction('overhear', (message: string) => told.push(message));
  await context.addInitScript(() => {
    const post = BroadcastChannel.prototype.postMessage;
    BroadcastChannel.prototype.postMessage = function (message: unknown) {
      Reflect.get(window, 'overhear')(JSON.stringify(message));
      post.call(this, message);
    };
  });
  await signIn(page, ada);
  const refreshed = page.waitForResponse('**/api/auth/refresh');
  await visit(page, '/dashboard');
  await refreshed;
  await expect.poll(() => told.length).toBeGreaterThanOrEqual(2);
  await expect.poll(() => secrets.accessTokens.size).toBeGreaterThanOrEqual(2);
  expect(secrets.in(told.join('\n'))).toEqual([]);
});

test('the access token goes to the server in a header, and to no page load', async ({ page, context, server }) => {
  const ada = somebody();
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
