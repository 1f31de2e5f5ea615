import { expect, expectSignedOut, fillSignIn, follow, greeting, heading, isMarkedDocument, markDocument, newAccount, openAs, openWithToken, press, pressAndConfirm, reload, signIn, test, visit, type Account, type Page, type Server } from '../support/fixtures.ts';
import { chooseRoles, expectRoles } from '../support/roles.ts';

const SIGNED_OUT = /status of 401.*\/api\/(account\/(me|activity|overview|proofs)|auth\/refresh)/;
const STALE = /status of 401.*\/api\/(account\/(me|activity|overview|proofs)|notices\/list|admin\/.*)/;

const links = (page: Page) => page.getByRole('navigation', { name: 'Main' }).getByRole('link');

/** An administrator opens the account of Grace, who is signed in in another browser. */
async function watch(admin: Page, other: Page, server: Server, role = 'member'): Promise<Account> {
  const [ada, grace] = [newAccount(), newAccount('Grace Hopper')];
  server.addUser(ada, 'admin');
  const id = server.addUser(grace, role);
  await openWithToken(other, grace);
  await openAs(admin, ada, `/admin/users/${id}`);
  await expect(admin.getByText(grace.email)).toBeVisible();
  return grace;
}

async function setRoles(page: Page, ...roles: ('Editor' | 'Admin')[]): Promise<void> {
  await chooseRoles(page, ...roles);
  await press(page, 'Save roles');
  await expect(page.getByText('Saved. The new roles apply at once.')).toBeVisible();
}

async function expectRefused(page: Page, account: Account): Promise<void> {
  await fillSignIn(page, account);
  await press(page, 'Sign in');
  await expect(page.getByRole('alert')).toHaveText('The email or password is incorrect.');
}

test('a role that is given shows in an open page at its next request, and nobody is signed out', async ({ page, newContext, server, expectConsole }) => {
  expectConsole(STALE);
  const other = await (await newContext()).newPage();
  await watch(page, other, server);
  await markDocument(other);
  await expect(links(other)).toHaveText(['Dashboard', 'Notices', 'Account']);

  await setRoles(page, 'Editor', 'Admin');
  await follow(other, 'Account');
  await expect(links(other)).toHaveText(['Dashboard', 'Notices', 'Account', 'Administration']);
  await follow(other, 'Notices');
  await expect(other.getByRole('main').getByRole('link', { name: 'Write a notice' })).toBeVisible();
  await follow(other, 'Keys');
  await expect(other.getByRole('region', { name: 'Signing keys' })).toBeVisible();
  expect(await isMarkedDocument(other)).toBe(true);
});

test('a role that is taken away disappears from an open page at its next request, and nobody is signed out', async ({ page, newContext, server, expectConsole }) => {
  expectConsole(STALE);
  const other = await (await newContext()).newPage();
  const grace = await watch(page, other, server, 'editor admin');
  await follow(other, 'Notices');
  await expect(other.getByRole('main').getByRole('link', { name: 'Write a notice' })).toBeVisible();
  await markDocument(other);

  await setRoles(page);
  await follow(other, 'Account');
  await expect(links(other)).toHaveText(['Dashboard', 'Notices', 'Account']);
  await expect(other.getByText(grace.email)).toBeVisible();
  await follow(other, 'Notices');
  await expect(heading(other)).toHaveText('Notices');
  await expect(other.getByRole('main').getByRole('link', { name: 'Write a notice' })).toHaveCount(0);
  expect(await isMarkedDocument(other)).toBe(true);
});

test('a page that the roles no longer allow is replaced by the refusal, without being loaded again', async ({ page, newContext, server, expectConsole }) => {
  expectConsole(/status of (401|403).*\/api\/admin\/audit\/list/);
  const other = await (await newContext()).newPage();
  await watch(page, other, server, 'admin');
  await follow(other, 'Accounts');
  await expect(other.getByRole('region', { name: 'Accounts' })).toBeVisible();
  await markDocument(other);
  await setRoles(page);
  await follow(other, 'Audit log');
  await expect(heading(other)).toHaveText('Not allowed');
  await expect(other.getByRole('region')).toHaveCount(0);
  await expect(links(other)).toHaveText(['Dashboard', 'Notices', 'Account']);
  expect(await isMarkedDocument(other)).toBe(true);
});

test('an editor whose role was taken away publishes nothing more from an open page', async ({ page, newContext, server, expectConsole }) => {
  expectConsole(/status of (401|403).*\/api\/notices\/publish/);
  const title = newAccount().email;
  const other = await (await newContext()).newPage();
  await watch(page, other, server, 'editor');
  await visit(other, '/notices/edit');
  await other.getByLabel('Title', { exact: true }).fill(title);
  await other.getByLabel('Text', { exact: true }).fill('Text.');
  await setRoles(page);
  await press(other, 'Publish');
  await expect(heading(other)).toHaveText('Not allowed');
  await follow(other, 'Notices');
  await expect(heading(other)).toHaveText('Notices');
  await expect(other.getByText(title)).toHaveCount(0);
});

test('a disabled account is signed out at its next request and told why, and does not sign in until it is enabled', async ({ page, newContext, server, expectConsole }) => {
  expectConsole(SIGNED_OUT);
  expectConsole(/status of 401.*\/api\/auth\/login/);
  const other = await (await newContext()).newPage();
  const grace = await watch(page, other, server);
  await pressAndConfirm(page, 'Disable the account');
  await expect(page.getByRole('definition').filter({ hasText: /^disabled$/ })).toBeVisible();
  await expect(page.getByText('No active sessions.')).toBeVisible();
  await follow(other, 'Account');
  await expectSignedOut(other, 'This account is no longer active.', '/account');
  await expectRefused(other, grace);

  await press(page, 'Enable the account');
  await expect(page.getByRole('definition').filter({ hasText: /^active$/ })).toBeVisible();
  await signIn(other, grace);
});

test('a session that an administrator revokes says so at its next request, and its owner may sign in again', async ({ page, newContext, server, expectConsole }) => {
  expectConsole(SIGNED_OUT);
  const other = await (await newContext()).newPage();
  const grace = await watch(page, other, server);
  await pressAndConfirm(page, 'End all sessions');
  await expect(page.getByText('No active sessions.')).toBeVisible();
  await follow(other, 'Account');
  await expectSignedOut(other, 'An administrator ended this session.', '/account');
  await signIn(other, grace);
});

test('an account that is deleted leaves the list, is told so, and does not sign in', async ({ page, newContext, server, expectConsole }) => {
  expectConsole(SIGNED_OUT);
  expectConsole(/status of 401.*\/api\/auth\/login/);
  const other = await (await newContext()).newPage();
  const grace = await watch(page, other, server);
  await expect(page.getByText('The email address, name, password and sessions are deleted.')).toBeVisible();
  await pressAndConfirm(page, 'Delete the account');
  await expect(page).toHaveURL('/admin/users');
  await visit(page, `/admin/users?query=${grace.email}`);
  await expect(page.getByRole('region', { name: 'Accounts' })).toBeVisible();
  await expect(page.getByText(grace.email)).toHaveCount(0);

  await follow(other, 'Account');
  await expectSignedOut(other, 'This account was deleted.', '/account');
  await expectRefused(other, grace);
  await visit(other, '/login');
  await expectRefused(other, newAccount());
});

test.describe('the last administrator who can sign in', () => {
  test.use({ baseURL: async ({ freshServer }, use) => use(freshServer.url) });

  const WHY = 'This is the last administrator who can sign in. Make someone else an administrator first.';

  test('is not disabled, demoted or deleted, and the page says why', async ({ page, freshServer, expectConsole }) => {
    expectConsole(/status of 409.*\/api\/admin\/users\//);
    const [ada, disabled] = [newAccount(), newAccount()];
    const id = freshServer.addUser(ada, 'admin');
    // A disabled administrator does not count.
    freshServer.addUser(disabled, 'admin');
    freshServer.command(['user', 'disable', disabled.email]);
    await openAs(page, ada, `/admin/users/${id}`);
    const attempts = [
      () => pressAndConfirm(page, 'Disable the account'),
      async () => {
        await chooseRoles(page);
        await press(page, 'Save roles');
      },
      () => pressAndConfirm(page, 'Delete the account'),
    ];
    for (const attempt of attempts) {
      await attempt();
      await expect(page.getByRole('main').getByRole('alert').filter({ hasText: WHY })).toBeVisible();
      await reload(page);
      await expect(page.getByRole('definition').filter({ hasText: /^active$/ })).toBeVisible();
      await expectRoles(page, 'Admin');
    }
    await follow(page, 'Dashboard');
    await expect(greeting(page, ada.name)).toBeVisible();
    await expect(page.getByRole('region', { name: 'Administration' })).toBeVisible();
  });
});
