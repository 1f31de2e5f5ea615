import { arriveAs, expect, fillSignIn, follow, greeting, isAt, isMarked, mark, press, reload, signIn, somebody, test, toldWhy, visit, type Account, type Page, type Server } from '../support/fixtures.ts';

const SIGNED_OUT = /status of 401.*\/api\/(account\/(me|activity)|auth\/refresh)/;
const STALE = /status of 401.*\/api\/(account\/(me|activity)|notices\/list|admin\/.*)/;

const links = (page: Page) => page.getByRole('navigation', { name: 'Main' }).getByRole('link');

/** An administrator looks at the account of Grace, who is signed in in another browser. */
async function watching(admin: Page, other: Page, server: Server, role = 'member'): Promise<Account> {
  const [ada, grace] = [somebody(), somebody('Grace Hopper')];
  server.addUser(ada, 'admin');
  const id = server.addUser(grace, role);
  await signIn(other, grace);
  await arriveAs(admin, ada, `/admin/users/${id}`);
  await expect(admin.getByText(grace.email)).toBeVisible();
  return grace;
}

async function setRoles(page: Page, roles: string): Promise<void> {
  await page.getByLabel('Roles', { exact: true }).selectOption(roles);
  await press(page, 'Save roles');
  await expect(page.getByText('Saved. It has taken effect.')).toBeVisible();
}

async function expectRefused(page: Page, account: Account): Promise<void> {
  await fillSignIn(page, account);
  await press(page, 'Sign in');
  await expect(page.getByRole('alert')).toHaveText('Email or password is not right.');
}

test('a role that is given shows in an open page at its next call, and nobody is signed out', async ({ page, newContext, server, expectConsole }) => {
  expectConsole(STALE);
  const other = await (await newContext()).newPage();
  await watching(page, other, server);
  await mark(other);
  await expect(links(other)).toHaveText(['Dashboard', 'Notices', 'Account']);

  await setRoles(page, 'member, editor, admin');
  await follow(other, 'Account');
  await expect(links(other)).toHaveText(['Dashboard', 'Notices', 'Account', 'Accounts', 'Audit log', 'Keys']);
  await follow(other, 'Notices');
  await expect(other.getByRole('main').getByRole('link', { name: 'Write a notice' })).toBeVisible();
  await follow(other, 'Keys');
  await expect(other.getByRole('region', { name: 'Signing keys' })).toBeVisible();
  expect(await isMarked(other)).toBe(true);
});

test('a role that is taken away is gone from an open page at its next call, and nobody is signed out', async ({ page, newContext, server, expectConsole }) => {
  expectConsole(STALE);
  const other = await (await newContext()).newPage();
  const grace = await watching(page, other, server, 'editor admin');
  await follow(other, 'Notices');
  await expect(other.getByRole('main').getByRole('link', { name: 'Write a notice' })).toBeVisible();
  await mark(other);

  await setRoles(page, 'member');
  await follow(other, 'Account');
  await expect(links(other)).toHaveText(['Dashboard', 'Notices', 'Account']);
  await expect(other.getByText(grace.email)).toBeVisible();
  await follow(other, 'Notices');
  await expect(other.getByRole('heading', { level: 1 })).toHaveText('Notices');
  await expect(other.getByRole('main').getByRole('link', { name: 'Write a notice' })).toHaveCount(0);
  expect(await isMarked(other)).toBe(true);
});

test('a page that its role no longer allows shows nothing more, without being loaded again', async ({ page, newContext, server, expectConsole }) => {
  expectConsole(/status of (401|403).*\/api\/admin\/audit\/list/);
  const other = await (await newContext()).newPage();
  await watching(page, other, server, 'admin');
  await follow(other, 'Accounts');
  await expect(other.getByRole('region', { name: 'Accounts' })).toBeVisible();
  await mark(other);
  await setRoles(page, 'member');
  await follow(other, 'Audit log');
  await expect(other.getByRole('heading', { level: 1 })).toHaveText('Not allowed');
  await expect(other.getByRole('region')).toHaveCount(0);
  await expect(links(other)).toHaveText(['Dashboard', 'Notices', 'Account']);
  expect(await isMarked(other)).toBe(true);
});

test('an editor whose role was taken away publishes nothing more from an open page', async ({ page, newContext, server, expectConsole }) => {
  expectConsole(/status of (401|403).*\/api\/notices\/publish/);
  const title = somebody().email;
  const other = await (await newContext()).newPage();
  await watching(page, other, server, 'editor');
  await visit(other, '/notices/edit');
  await other.getByLabel('Title', { exact: true }).fill(title);
  await other.getByLabel('Text', { exact: true }).fill('Text.');
  await setRoles(page, 'member');
  await press(other, 'Publish');
  await expect(other.getByRole('heading', { level: 1 })).toHaveText('Not allowed');
  await follow(other, 'Notices');
  await expect(other.getByRole('heading', { level: 1 })).toHaveText('Notices');
  await expect(other.getByText(title)).toHaveCount(0);
});

test('an account that is disabled is signed out at its next call and told why, and does not sign in until it is enabled', async ({ page, newContext, server, expectConsole }) => {
  expectConsole(SIGNED_OUT);
  expectConsole(/status of 401.*\/api\/auth\/login/);
  const other = await (await newContext()).newPage();
  const grace = await watching(page, other, server);
  await press(page, 'Disable the account');
  await expect(page.getByRole('definition').filter({ hasText: /^disabled$/ })).toBeVisible();
  await expect(page.getByText('No live sessions.')).toBeVisible();
  await follow(other, 'Account');
  await toldWhy(other, 'This account is no longer active.', '/account');
  await expectRefused(other, grace);

  await press(page, 'Enable the account');
  await expect(page.getByRole('definition').filter({ hasText: /^active$/ })).toBeVisible();
  await signIn(other, grace);
});

test('sessions that an administrator ends say so at their next call, and may begin anew', async ({ page, newContext, server, expectConsole }) => {
  expectConsole(SIGNED_OUT);
  const other = await (await newContext()).newPage();
  const grace = await watching(page, other, server);
  await press(page, 'End all sessions');
  await expect(page.getByText('No live sessions.')).toBeVisible();
  await follow(other, 'Account');
  await toldWhy(other, 'An administrator ended this session.', '/account');
  await signIn(other, grace);
});

test('an account that is deleted is gone from the list, is told so, and does not sign in', async ({ page, newContext, server, expectConsole }) => {
  expectConsole(SIGNED_OUT);
  expectConsole(/status of 401.*\/api\/auth\/login/);
  const other = await (await newContext()).newPage();
  const grace = await watching(page, other, server);
  await page.getByText('Delete the account', { exact: true }).click();
  await expect(page.getByText('Address, name, password and sessions are deleted for good.')).toBeVisible();
  await press(page, 'Delete for good');
  await expect(page).toHaveURL('/admin/users');
  await visit(page, `/admin/users?query=${grace.email}`);
  await expect(page.getByRole('region', { name: 'Accounts' })).toBeVisible();
  await expect(page.getByText(grace.email)).toHaveCount(0);

  await follow(other, 'Account');
  await expect(other).toHaveURL(isAt('/login'));
  await expectRefused(other, grace);
  await visit(other, '/login');
  await expectRefused(other, somebody());
});

test('whoever is deleted by an administrator is told at the next call', async ({ page, newContext, server, expectConsole }) => {
  expectConsole(SIGNED_OUT);
  const other = await (await newContext()).newPage();
  await watching(page, other, server);
  await page.getByText('Delete the account', { exact: true }).click();
  await press(page, 'Delete for good');
  await expect(page).toHaveURL('/admin/users');
  await follow(other, 'Account');
  await toldWhy(other, 'This account was deleted.', '/account');
});

test.describe('the last administrator who can sign in', () => {
  test.use({ baseURL: async ({ freshServer }, use) => use(freshServer.url) });

  const WHY = 'This is the last administrator who can sign in. Make another one first.';

  const ATTEMPTS = {
    'is not disabled': (page: Page) => press(page, 'Disable the account'),
    'is not demoted': async (page: Page) => {
      await page.getByLabel('Roles', { exact: true }).selectOption('member');
      await press(page, 'Save roles');
    },
    'is not deleted': async (page: Page) => {
      await page.getByText('Delete the account', { exact: true }).click();
      await press(page, 'Delete for good');
    },
  };

  for (const [what, attempt] of Object.entries(ATTEMPTS)) {
    test(`${what}, and the page says why`, async ({ page, freshServer, expectConsole }) => {
      expectConsole(/status of 409.*\/api\/admin\/users\//);
      const [ada, disabled] = [somebody(), somebody()];
      const id = freshServer.addUser(ada, 'admin');
      // One who cannot sign in does not count.
      freshServer.addUser(disabled, 'admin');
      freshServer.command(['user', 'disable', disabled.email]);
      await arriveAs(page, ada, `/admin/users/${id}`);
      await attempt(page);
      await expect(page.getByRole('main').getByRole('alert').filter({ hasText: WHY })).toBeVisible();
      await reload(page);
      await expect(page.getByRole('definition').filter({ hasText: /^active$/ })).toBeVisible();
      await expect(page.getByLabel('Roles', { exact: true })).toHaveValue('member admin');
      await follow(page, 'Dashboard');
      await expect(greeting(page, ada.name)).toBeVisible();
      await expect(page.getByRole('region', { name: 'Administration' })).toBeVisible();
    });
  }
});
