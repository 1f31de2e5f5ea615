import { ApiClient } from '../support/api.ts';
import { expect, fill, follow, followTo, newAccount, openAs, press, signInWithApi, test, visit, type Account, type Page, type Server } from '../support/fixtures.ts';
import { chooseRoles, expectRoles } from '../support/roles.ts';

const row = (page: Page) => page.getByRole('region', { name: 'Accounts' }).getByRole('row').filter({ has: page.getByRole('link') });
const email = (page: Page) => row(page).getByRole('link');
const pages = (page: Page) => page.getByRole('navigation', { name: 'Pages' }).getByRole('link');

async function openAsAdmin(page: Page, server: Server, path: string): Promise<Account> {
  const ada = newAccount();
  server.addUser(ada, 'admin');
  await openAs(page, ada, path);
  return ada;
}

async function search(page: Page, text: string): Promise<void> {
  await page.getByRole('searchbox', { name: 'Email or name begins with' }).fill(text);
  await press(page, 'Search');
  await expect(page).toHaveURL((url) => url.searchParams.get('query') === text);
}

test('an account is found in any letter case, and shown with its sessions and events', async ({ page, newContext, server }) => {
  await openAsAdmin(page, server, '/admin/users');
  const grace = newAccount('Grace Hopper');
  const id = server.addUser(grace, 'editor');
  for (const text of [grace.email.toUpperCase(), grace.email]) {
    await search(page, text);
    await expect(row(page).getByRole('cell')).toHaveText([grace.email, 'Grace Hopper', 'member, editor', 'active', / UTC$/]);
    await expect(page.getByRole('searchbox')).toHaveValue(text);
  }
  await email(page).click();
  await expect(page).toHaveURL(`/admin/users/${id}`);
  await expect(page.getByRole('main').getByRole('definition')).toHaveText([grace.email, 'active', /UTC$/, 'no']);
  await expect(page.getByRole('main').getByText('Grace Hopper', { exact: true })).toBeVisible();
  await expectRoles(page, 'Editor');
  await expect(page.getByText('No active sessions.')).toBeVisible();

  await signInWithApi(await (await newContext()).newPage(), grace);
  await visit(page, `/admin/users/${id}`);
  const cells = page.getByRole('region', { name: 'Active sessions' }).getByRole('cell');
  await expect(cells).toHaveText([/^Chrome on /, '127.0.0.1', /UTC$/, /UTC$/]);
  await expect(page.getByRole('region', { name: 'Recent events' }).getByRole('listitem')).toHaveText([/^Signed in · .*127\.0\.0\.1$/, /^Account created · /]);
});

test('a long list has a next page, and leads back to its first', async ({ page, server }) => {
  const ada = await openAsAdmin(page, server, '/dashboard');
  const admin = await ApiClient.signIn(server, ada);
  const tag = newAccount().email.split('@')[0];
  const invited = Array.from({ length: 53 }, (_, n) => `${tag}.${String(n).padStart(2, '0')}@example.org`);
  for (const email of invited) await admin.call('/api/admin/users/invite', { email, display_name: 'Somebody' });

  await visit(page, `/admin/users?query=${tag}.`);
  await expect(email(page)).toHaveText(invited.slice(0, 50));
  await expect(pages(page)).toHaveText(['Next page']);
  await pages(page).filter({ hasText: 'Next page' }).click();
  await expect(email(page)).toHaveText(invited.slice(50));
  await expect(pages(page)).toHaveText(['First page']);
  await expect(page.getByRole('searchbox')).toHaveValue(`${tag}.`);
  await page.goBack();
  await expect(email(page)).toHaveText(invited.slice(0, 50));
  await page.goForward();
  await pages(page).filter({ hasText: 'First page' }).click();
  await expect(email(page)).toHaveText(invited.slice(0, 50));
});

test('the search box follows the address within the app', async ({ page, server }) => {
  const ada = await openAsAdmin(page, server, '/admin/users');
  await search(page, ada.email);
  await expect(email(page)).toHaveText([ada.email]);
  await page.getByRole('searchbox').fill('typed and not sent');
  await follow(page, 'Accounts');
  await expect(page).toHaveURL('/admin/users');
  await expect(page.getByRole('searchbox')).toHaveValue('');
  await page.goBack();
  await expect(page.getByRole('searchbox')).toHaveValue(ada.email);
  await expect(email(page)).toHaveText([ada.email]);
});

test('what was done with one account is not said about another', async ({ page, server }) => {
  await openAsAdmin(page, server, '/admin/users');
  const [grace, mary] = [newAccount('Grace Hopper'), newAccount('Mary Somerville')];
  const [first, second] = [server.addUser(grace), server.addUser(mary)];
  await visit(page, `/admin/users/${first}`);
  await chooseRoles(page, 'Editor');
  await press(page, 'Save roles');
  await expect(page.getByText('Saved. The new roles apply at once.')).toBeVisible();
  await press(page, 'Create a password reset link');
  await expect(page.getByText(/\/reset\?token=/)).toBeVisible();
  await followTo(page, `/admin/users/${second}`);
  await expect(page.getByText(mary.email)).toBeVisible();
  await expect(page.getByText('Saved. The new roles apply at once.')).toHaveCount(0);
  await expect(page.getByText(/\/reset\?token=/)).toHaveCount(0);
  await expectRoles(page);
  // A choice that was not saved is not the other's either.
  await chooseRoles(page, 'Admin');
  await page.goBack();
  await expect(page.getByText(grace.email)).toBeVisible();
  await expectRoles(page, 'Editor');
  await expect(page.getByText('Saved. The new roles apply at once.')).toHaveCount(0);
});

test('an error in an invitation stands apart from the link of the one before, which says whom it is for', async ({ page, server, expectConsole }) => {
  expectConsole(/status of 409.*\/api\/admin\/users\/invite/);
  const ada = await openAsAdmin(page, server, '/admin/users');
  const grace = newAccount('Grace Hopper');
  await page.getByText('Invite someone', { exact: true }).click();
  const form = page.getByRole('group').filter({ hasText: 'Invite someone' });
  const made = page.getByRole('status').filter({ hasText: 'this link to set a password' });
  await fill(page, { email: grace.email, name: grace.name });
  await press(page, 'Create invitation');
  await expect(made).toContainText(grace.email);
  await fill(page, { email: ada.email, name: ada.name });
  await press(page, 'Create invitation');
  await expect(page.getByRole('alert').filter({ hasText: 'There is already an account with this email address.' })).toBeVisible();
  await expect(made).toContainText(grace.email);
  await expect(form.getByText('this link to set a password')).toHaveCount(0);
});
