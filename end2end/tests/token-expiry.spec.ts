import { expect, follow, greeting, isMarkedDocument, markDocument, newAccount, openWithToken, reload, signIn, test, type Page, type Response } from '../support/fixtures.ts';

test.use({ settings: { LATCHKEY_TOKENS_ACCESS_TTL: '5s', LATCHKEY_SESSIONS_ROTATE_AFTER: '0s' } });

interface Seen {
  at: number;
  status: number;
}

/** The responses of a server function from now on. */
function responsesOf(page: Page, path: string): Seen[] {
  const responses: Seen[] = [];
  page.on('response', (response: Response) => {
    if (response.url().endsWith(path)) responses.push({ at: Date.now(), status: response.status() });
  });
  return responses;
}

test('an access token is replaced before it expires: once for each token, in a tab that is used and in one that is not', async ({ page, newContext, server }) => {
  const ada = newAccount();
  server.addUser(ada);
  const idle = await (await newContext()).newPage();
  const idleRefreshes = responsesOf(idle, '/api/auth/refresh');
  await signIn(idle, ada);
  const refreshes = responsesOf(page, '/api/auth/refresh');
  const calls = responsesOf(page, '/api/account/me');
  await signIn(page, ada);
  await markDocument(page);
  for (const round of [1, 2, 3]) {
    await follow(page, 'Account');
    await expect(page.getByText(ada.email)).toBeVisible();
    await follow(page, 'Dashboard');
    await expect(greeting(page, ada.name)).toBeVisible();
    await expect.poll(() => refreshes.length, { timeout: 20_000 }).toBeGreaterThanOrEqual(round);
  }
  await follow(page, 'Account');
  await expect(page.getByText(ada.email)).toBeVisible();

  await expect.poll(() => calls.length).toBeGreaterThanOrEqual(4);
  expect(calls.at(-1)!.at - calls[0].at).toBeGreaterThan(6000);
  expect([...calls, ...refreshes].filter(({ status }) => status !== 200)).toEqual([]);
  expect(await isMarkedDocument(page)).toBe(true);

  await expect.poll(() => idleRefreshes.length, { timeout: 20_000 }).toBeGreaterThanOrEqual(3);
  for (const seen of [refreshes, idleRefreshes]) {
    const pauses = seen.slice(1).map(({ at }, index) => at - seen[index].at);
    expect(Math.min(...pauses)).toBeGreaterThan(2000);
  }
  await expect(greeting(idle, ada.name)).toBeVisible();
});

test('a request that is refused for its access token is repeated with a new one', async ({ page, server, expectConsole }) => {
  expectConsole(/status of 401.*\/api\/account\/(me|activity|overview|proofs)/);
  const ada = newAccount();
  server.addUser(ada);
  await openWithToken(page, ada);
  const calls = responsesOf(page, '/api/account/me');
  await page.route(
    '**/api/account/me',
    (route) => route.continue({ headers: { ...route.request().headers(), authorization: 'Bearer worn.out.token' } }),
    { times: 1 },
  );
  await follow(page, 'Account');
  await expect(page.getByText(ada.email)).toBeVisible();
  expect(calls.map(({ status }) => status)).toEqual([401, 200]);
});

test('a browser that slept until its access token had expired continues without an error', async ({ page, server, request, expectConsole }) => {
  expectConsole(/status of 401.*\/api\/account\/(me|activity|overview|proofs)/);
  const ada = newAccount();
  server.addUser(ada);
  await page.clock.install();
  const answer = page.waitForResponse('**/api/auth/login');
  await signIn(page, ada);
  const { access_token: token } = await (await answer).json();
  await page.clock.pauseAt(new Date(Date.now() + 1000));
  const ask = async () => {
    const answered = await request.post('/api/account/me', { headers: { authorization: `Bearer ${token}` } });
    return answered.status();
  };
  await expect.poll(ask, { timeout: 30_000 }).toBe(401);
  const calls = responsesOf(page, '/api/account/me');
  await follow(page, 'Account');
  await expect(page.getByText(ada.email)).toBeVisible();
  expect(calls.map(({ status }) => status)).toEqual([401, 200]);
});

test('a browser whose clock is a day behind or ahead stays signed in', async ({ page, newContext, server }) => {
  const ada = newAccount();
  server.addUser(ada);
  const other = await (await newContext()).newPage();
  const tabs = [];
  for (const [tab, off] of [[page, -86_400_000], [other, 86_400_000]] as const) {
    await tab.clock.install({ time: Date.now() + off });
    tabs.push({ tab, refreshes: responsesOf(tab, '/api/auth/refresh') });
    await signIn(tab, ada);
  }
  for (const { tab, refreshes } of tabs) {
    await expect.poll(() => refreshes.length, { timeout: 20_000 }).toBeGreaterThanOrEqual(2);
    expect(refreshes[1].at - refreshes[0].at).toBeGreaterThan(2000);
    await follow(tab, 'Account');
    await expect(tab.getByText(ada.email)).toBeVisible();
    await reload(tab);
    await expect(tab.getByText(ada.email)).toBeVisible();
  }
});
