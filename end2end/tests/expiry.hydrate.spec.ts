import { expect, follow, greeting, isMarked, mark, reload, signIn, somebody, test, type Page, type Response } from '../support/fixtures.ts';

test.use({ settings: { LATCHKEY_TOKENS_ACCESS_TTL: '5s', LATCHKEY_SESSIONS_ROTATE_AFTER: '0s' } });

interface Answer {
  at: number;
  status: number;
}

/** The answers of a server function from now on. */
function answersOf(page: Page, path: string): Answer[] {
  const answers: Answer[] = [];
  page.on('response', (response: Response) => {
    if (response.url().endsWith(path)) answers.push({ at: Date.now(), status: response.status() });
  });
  return answers;
}

test('an access token expires during use and nobody notices', async ({ page, server }) => {
  const ada = somebody();
  server.addUser(ada);
  const refreshes = answersOf(page, '/api/auth/refresh');
  const calls = answersOf(page, '/api/account/me');
  await signIn(page, ada);
  await mark(page);
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
  expect(await isMarked(page)).toBe(true);
});

test('a tab that nobody touches refreshes once for each token, and not more often', async ({ page, server }) => {
  const ada = somebody();
  server.addUser(ada);
  const refreshes = answersOf(page, '/api/auth/refresh');
  await signIn(page, ada);
  await expect.poll(() => refreshes.length, { timeout: 30_000 }).toBeGreaterThanOrEqual(3);
  const pauses = refreshes.slice(1).map(({ at }, index) => at - refreshes[index].at);
  expect(Math.min(...pauses)).toBeGreaterThan(2000);
  await expect(greeting(page, ada.name)).toBeVisible();
});

test('a request that the server refuses for its token is repeated with a new one', async ({ page, server, expectConsole }) => {
  expectConsole(/status of 401.*\/api\/account\/(me|activity)/);
  const ada = somebody();
  server.addUser(ada);
  await signIn(page, ada);
  const calls = answersOf(page, '/api/account/me');
  await page.route(
    '**/api/account/me',
    (route) => route.continue({ headers: { ...route.request().headers(), authorization: 'Bearer worn.out.token' } }),
    { times: 1 },
  );
  await follow(page, 'Account');
  await expect(page.getByText(ada.email)).toBeVisible();
  expect(calls.map(({ status }) => status)).toEqual([401, 200]);
});

test('a browser that slept past the end of its token goes on as if nothing had been', async ({ page, server, request, expectConsole }) => {
  expectConsole(/status of 401.*\/api\/account\/(me|activity)/);
  const ada = somebody();
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
  const calls = answersOf(page, '/api/account/me');
  await follow(page, 'Account');
  await expect(page.getByText(ada.email)).toBeVisible();
  expect(calls.map(({ status }) => status)).toEqual([401, 200]);
});

for (const [off, milliseconds] of [['behind', -86_400_000], ['ahead', 86_400_000]] as const) {
  test(`a browser whose clock is a day ${off} stays signed in`, async ({ page, server }) => {
    const ada = somebody();
    server.addUser(ada);
    await page.clock.install({ time: Date.now() + milliseconds });
    const refreshes = answersOf(page, '/api/auth/refresh');
    await signIn(page, ada);
    await expect.poll(() => refreshes.length, { timeout: 20_000 }).toBe(2);
    expect(refreshes[1].at - refreshes[0].at).toBeGreaterThan(2000);
    await follow(page, 'Account');
    await expect(page.getByText(ada.email)).toBeVisible();
    await reload(page);
    await expect(page.getByText(ada.email)).toBeVisible();
  });
}
