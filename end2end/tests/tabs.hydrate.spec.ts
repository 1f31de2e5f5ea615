import { expect, fillSignIn, follow, greeting, holdBack, hydrated, isAt, press, signIn, signOut, signUp, somebody, test, visit, type Page } from '../support/fixtures.ts';

test.use({ settings: { LATCHKEY_SESSIONS_ROTATE_AFTER: '0s' } });

const banner = (page: Page) => page.getByRole('banner');

test('five tabs that refresh at once take turns, and all get a token that works', async ({ page, context }) => {
  const ada = somebody();
  await signUp(page, ada);
  const tabs = await Promise.all(Array.from({ length: 5 }, () => context.newPage()));
  const statuses: number[] = [];
  context.on('response', (response) => response.url().endsWith('/api/auth/refresh') && statuses.push(response.status()));
  const refreshes = await holdBack(context, '**/api/auth/refresh');
  await Promise.all(tabs.map((tab) => visit(tab, '/dashboard')));
  await expect.poll(() => refreshes.held).toBeGreaterThan(0);
  expect(refreshes.held).toBe(1);
  refreshes.letGo();
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

test('a tab learns of a sign-out in another and says so, and leads back after the next sign-in', async ({ page, context }) => {
  const ada = somebody();
  await signUp(page, ada);
  const other = await context.newPage();
  await visit(other, '/account');
  await signOut(page);
  await expect(other).toHaveURL(isAt('/login'));
  await hydrated(other);
  await expect(other.getByText('You signed out.')).toBeVisible();
  await fillSignIn(other, ada);
  await press(other, 'Sign in');
  await expect(other).toHaveURL('/account');
});

test('a public page in another tab shows that nobody is signed in any more', async ({ page, context }) => {
  await signUp(page, somebody());
  const other = await context.newPage();
  await visit(other, '/');
  await expect(banner(other).getByRole('button', { name: 'Sign out' })).toBeVisible();
  await signOut(page);
  await expect(banner(other).getByRole('link', { name: 'Sign in' })).toBeVisible();
  await expect(other).toHaveURL('/');
});

test('signing in in one tab signs the others in', async ({ page, context, server }) => {
  const ada = somebody();
  server.addUser(ada);
  const [waiting, elsewhere] = [await context.newPage(), await context.newPage()];
  await visit(waiting, '/login?next=/account');
  await visit(elsewhere, '/');
  await signIn(page, ada);
  await expect(waiting).toHaveURL('/account');
  await expect(waiting.getByText(ada.email)).toBeVisible();
  await expect(banner(elsewhere).getByRole('button', { name: 'Sign out' })).toBeVisible();
});

test('when somebody else signs in in another tab, a tab shows nothing more of the first', async ({ page, context, server, expectConsole }) => {
  expectConsole(/status of 401.*\/api\/account\/(me|activity)/);
  const [ada, grace] = [somebody('Ada Lovelace'), somebody('Grace Hopper')];
  server.addUser(ada);
  server.addUser(grace);
  const other = await context.newPage();
  // Not taken over, it neither hears of the first sign-in nor tells of the second.
  await holdBack(other, '**/*.wasm');
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
