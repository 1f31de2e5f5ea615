import { expect, fillSignIn, follow, greeting, holdRequests, isAt, newAccount, openAsNew, openWithNewToken, press, reload, signIn, signOut, test, visit, waitForHydration, type Page } from '../support/fixtures.ts';

test.use({ settings: { LATCHKEY_SESSIONS_ROTATE_AFTER: '0s' } });

const banner = (page: Page) => page.getByRole('banner');

test('five tabs that refresh at once take turns, and each gets a valid token', async ({ page, context }) => {
  const ada = newAccount();
  await openWithNewToken(page, ada);
  const tabs = await Promise.all(Array.from({ length: 5 }, () => context.newPage()));
  const statuses: number[] = [];
  context.on('response', (response) => response.url().endsWith('/api/auth/refresh') && statuses.push(response.status()));
  const refreshes = await holdRequests(context, '**/api/auth/refresh');
  await Promise.all(tabs.map((tab) => visit(tab, '/dashboard')));
  await expect.poll(() => refreshes.count).toBeGreaterThan(0);
  expect(refreshes.count).toBe(1);
  refreshes.release();
  await Promise.all(
    tabs.map(async (tab) => {
      const answer = tab.waitForResponse('**/api/account/me');
      await follow(tab, 'Account');
      expect((await answer).status()).toBe(200);
      await expect(tab.getByText(ada.email)).toBeVisible();
    }),
  );
  expect(statuses).toEqual([200, 200, 200, 200, 200]);
});

test('a sign-out reaches the other tabs, which say so and lead back after the next sign-in', async ({ page, context }) => {
  const ada = newAccount();
  await openWithNewToken(page, ada);
  const other = await context.newPage();
  await visit(other, '/account');
  await signOut(page);
  await expect(other).toHaveURL(isAt('/login'));
  await waitForHydration(other);
  await expect(other.getByText('You signed out.')).toBeVisible();
  await fillSignIn(other, ada);
  await press(other, 'Sign in');
  await expect(other).toHaveURL('/account');
});

test('a sign-out reaches a public page in another tab, which stays there', async ({ page, context }) => {
  await openWithNewToken(page, newAccount());
  const other = await context.newPage();
  await visit(other, '/');
  await expect(banner(other).getByRole('button', { name: 'Sign out' })).toBeVisible();
  await signOut(page);
  await expect(banner(other).getByRole('link', { name: 'Sign in' })).toBeVisible();
  await expect(other).toHaveURL('/');
});

test('a sign-in reaches a page that was rendered before it and comes alive after it', async ({ page, context, server }) => {
  const ada = newAccount();
  server.addUser(ada);
  const late = await context.newPage();
  const { release } = await holdRequests(late, '**/*.wasm');
  await late.goto('/login?next=/account', { waitUntil: 'domcontentloaded' });
  await signIn(page, ada);
  await page.waitForLoadState('networkidle');
  release();
  await expect(late).toHaveURL('/account');
  await expect(late.getByText(ada.email)).toBeVisible();
});

test('a sign-in reaches the other tabs', async ({ page, context, server }) => {
  const ada = newAccount();
  server.addUser(ada);
  const [waiting, elsewhere] = [await context.newPage(), await context.newPage()];
  await visit(waiting, '/login?next=/account');
  await visit(elsewhere, '/');
  await signIn(page, ada);
  await expect(waiting).toHaveURL('/account');
  await expect(waiting.getByText(ada.email)).toBeVisible();
  await expect(banner(elsewhere).getByRole('button', { name: 'Sign out' })).toBeVisible();
});

test('when somebody else signs in in another tab, a tab shows nothing more of the first account', async ({ page, context, server, expectConsole }) => {
  expectConsole(/status of 401.*\/api\/account\/(me|activity|overview|proofs)/);
  const [ada, grace] = [newAccount('Ada Lovelace'), newAccount('Grace Hopper')];
  server.addUser(ada);
  server.addUser(grace);
  const other = await context.newPage();
  // Not hydrated, it neither receives the message of the first sign-in nor sends one of the second.
  await holdRequests(other, '**/*.wasm');
  await other.goto('/login', { waitUntil: 'domcontentloaded' });
  await signIn(page, ada);
  await fillSignIn(other, grace);
  await press(other, 'Sign in');
  await expect(greeting(other, grace.name)).toBeVisible();
  await follow(page, 'Account');
  await expect(page.getByText(grace.email)).toBeVisible();
  await expect(page.getByText(ada.email)).toHaveCount(0);
  await follow(page, 'Dashboard');
  await expect(greeting(page, grace.name)).toBeVisible();
});

test.describe('while the refresh token rotates every three seconds', () => {
  test.use({ settings: { LATCHKEY_SESSIONS_ROTATE_AFTER: '3s' } });

  test('five tabs that are opened and reloaded at the same time all stay signed in', async ({ page, context }) => {
    const ada = newAccount();
    await openAsNew(page, ada);
    const tabs = await Promise.all(Array.from({ length: 5 }, () => context.newPage()));
    const expectSignedIn = () => Promise.all(tabs.map((tab) => expect(greeting(tab, ada.name)).toBeVisible()));
    await Promise.all(tabs.map((tab) => visit(tab, '/dashboard')));
    await expectSignedIn();

    const cookies = new Set<string>();
    for (let round = 0; round < 3 || cookies.size < 3; round += 1) {
      await Promise.all(tabs.map(reload));
      await expectSignedIn();
      for (const { value } of await context.cookies()) cookies.add(value);
    }
    await Promise.all(tabs.map((tab) => visit(tab, '/account')));
    await Promise.all(tabs.map((tab) => expect(tab.getByText(ada.email)).toBeVisible()));
  });
});
