import { expect, fillSignIn, follow, greeting, isAt, isMarkedDocument, markDocument, newAccount, openAsNew, press, reload, test, visit, waitForParts, type Page } from '../support/fixtures.ts';

// With short-lived tokens a tab finds out by itself that the server is away.
test.use({
  settings: { LATCHKEY_TOKENS_ACCESS_TTL: '5s' },
  baseURL: async ({ freshServer }, use) => use(freshServer.url),
});

const NO_SERVER = /Failed to load resource: net::ERR_(CONNECTION_(REFUSED|RESET|CLOSED)|EMPTY_RESPONSE)/;

const notice = (page: Page) => page.getByRole('status').filter({ hasText: "The server can't be reached. Trying again…" });

test('a page says that the server is away, and works again when it is back', async ({ page, freshServer, expectConsole }) => {
  expectConsole(NO_SERVER);
  const ada = newAccount();
  await openAsNew(page, ada);
  await markDocument(page);
  await waitForParts(page);
  await freshServer.stop();
  await follow(page, 'Account');
  await expect(notice(page)).toBeVisible();
  const alerts = page.getByRole('main').getByRole('alert');
  await expect(alerts).toContainText(["The server can't be reached.", "The server can't be reached."]);

  await freshServer.start();
  await expect(notice(page)).toHaveCount(0, { timeout: 40_000 });
  await expect(alerts).toHaveCount(0);
  await expect(page.getByText(ada.email)).toBeVisible();
  await follow(page, 'Dashboard');
  await expect(greeting(page, ada.name)).toBeVisible();
  expect(await isMarkedDocument(page)).toBe(true);
  await reload(page);
  await expect(greeting(page, ada.name)).toBeVisible();
});

test('a tab that nobody touches notices the outage and its end, and stays signed in', async ({ page, context, freshServer, expectConsole }) => {
  expectConsole(NO_SERVER);
  const ada = newAccount();
  await openAsNew(page, ada);
  const other = await context.newPage();
  await visit(other, '/account');
  await expect(other.getByText(ada.email)).toBeVisible();
  await markDocument(page);
  await freshServer.stop('SIGKILL');
  await expect(notice(page)).toBeVisible({ timeout: 20_000 });
  await expect(notice(other)).toBeVisible({ timeout: 20_000 });
  await expect(greeting(page, ada.name)).toBeVisible();

  await freshServer.start();
  await expect(notice(page)).toHaveCount(0, { timeout: 40_000 });
  await expect(notice(other)).toHaveCount(0, { timeout: 40_000 });
  expect(await isMarkedDocument(page)).toBe(true);
  await follow(page, 'Account');
  await expect(page.getByText(ada.email)).toBeVisible();
});

test('signing out while the server is away says that one may still be signed in, and works when it is back', async ({ page, context, freshServer, expectConsole }) => {
  expectConsole(NO_SERVER);
  await openAsNew(page, newAccount());
  await freshServer.stop();
  await press(page, 'Sign out');
  await expect(page.getByRole('alert').filter({ hasText: "The server can't be reached, so you may still be signed in." })).toBeVisible();
  await freshServer.start();
  await press(page, 'Sign out');
  await expect(page).toHaveURL(isAt('/login'));
  expect((await context.cookies()).map(({ name }) => name)).not.toContain('__Host-latchkey');
});

test('signing in while the server is away says so, keeps what was typed, and works when it is back', async ({ page, freshServer, expectConsole }) => {
  expectConsole(NO_SERVER);
  const ada = newAccount();
  freshServer.addUser(ada);
  await visit(page, '/login');
  await fillSignIn(page, ada);
  await freshServer.stop();
  await press(page, 'Sign in');
  await expect(page.getByRole('alert')).toContainText("The server can't be reached.");
  await expect(page.getByLabel('Email', { exact: true })).toHaveValue(ada.email);
  await freshServer.start();
  await press(page, 'Sign in');
  await expect(greeting(page, ada.name)).toBeVisible();
});
