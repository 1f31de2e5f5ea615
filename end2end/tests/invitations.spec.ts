import { ApiClient } from '../support/api.ts';
import { expect, expectDashboard, fill, greeting, newAccount, openAs, openAsNew, press, reload, signIn, signOut, test, visit, type Account, type Page, type Server } from '../support/fixtures.ts';
import { chooseRoles } from '../support/roles.ts';

const CLOSED = 'This invitation was used or has expired. Ask an administrator for a new one.';

const link = (page: Page) => page.getByText(/\/invitation\?token=/);

async function openForm(page: Page, server: Server, query: string): Promise<void> {
  const ada = newAccount();
  server.addUser(ada, 'admin');
  await openAs(page, ada, `/admin/users?query=${query}`);
  await page.getByText('Invite someone', { exact: true }).click();
}

/** Makes an account through the API and returns the path of its link. */
async function invite(server: Server, { email, name }: Account, roles = 'member'): Promise<string> {
  const ada = newAccount();
  server.addUser(ada, 'admin');
  const admin = await ApiClient.signIn(server, ada);
  const { link } = await admin.call<{ link: string }>('/api/admin/users/invite', { email, display_name: name, roles });
  return link.slice(link.indexOf('/invitation'));
}

async function accept(page: Page, { name, password }: Account): Promise<void> {
  await fill(page, { name, password });
  await press(page, 'Sign in');
}

test('an administrator invites somebody, who accepts the link in another browser', async ({ page, newContext, server }) => {
  const grace = newAccount('Grace Hopper');
  await openForm(page, server, grace.email);
  await fill(page, { email: grace.email, name: 'Somebody' });
  await chooseRoles(page, 'Editor');
  await press(page, 'Create invitation');
  const said = page.getByRole('status').filter({ hasText: 'this link to set a password' });
  await expect(said).toContainText(grace.email);
  await expect(said).toContainText(/It works once, expires .+ UTC/);
  const address = await link(page).innerText();
  expect(address).toMatch(new RegExp(`^${server.url}/invitation\\?token=[\\w-]{40,}$`));
  // The new account is in the list at once.
  const row = page.getByRole('region', { name: 'Accounts' }).getByRole('row').filter({ hasText: grace.email });
  await expect(row.getByRole('cell').nth(3)).toHaveText('invited');
  await expect(link(page)).toBeVisible();

  const other = await (await newContext()).newPage();
  await visit(other, address);
  await accept(other, grace);
  await expectDashboard(other, grace);
  await expect(other.getByRole('region', { name: 'Editing' })).toBeVisible();

  // The link is shown once.
  await reload(page);
  await expect(page.getByText(grace.email)).toBeVisible();
  await expect(link(page)).toHaveCount(0);
  expect(await page.content()).not.toContain('invitation?token=');
});

test('an address that has an account is refused at its field', async ({ page, server, expectConsole }) => {
  expectConsole(/status of 409.*\/api\/admin\/users\/invite/);
  const grace = newAccount('Grace Hopper');
  server.addUser(grace);
  await openForm(page, server, grace.email);
  await fill(page, { email: grace.email, name: grace.name });
  await press(page, 'Create invitation');
  await expect(page.getByLabel('Email', { exact: true })).toHaveAccessibleDescription(/There is already an account with this email address\./);
  await expect(link(page)).toHaveCount(0);
});

test('a mistake does not use an invitation up, and whoever accepts it signs in again with the new password', async ({ page, server, expectConsole }) => {
  expectConsole(/status of 422.*\/api\/auth\/accept_invitation/);
  const grace = newAccount('Grace Hopper');
  await visit(page, await invite(server, { ...grace, name: 'Somebody' }, 'member editor'));
  await expect(page.getByText(`Choose a password for ${grace.email}.`)).toBeVisible();
  await accept(page, { ...grace, password: 'short' });
  await expect(page.getByRole('alert').getByRole('listitem')).toHaveText('Password: Use at least 8 characters.');
  await expect(page.getByLabel('Display name', { exact: true })).toHaveValue(grace.name);
  await accept(page, grace);
  await expectDashboard(page, grace);
  await expect(page.getByRole('region', { name: 'Editing' })).toBeVisible();
  await expect(page.getByRole('region', { name: 'Administration' })).toHaveCount(0);
  await signOut(page);
  await signIn(page, grace);
});

test('of two people who open an invitation the second is told that it is used up', async ({ page, newContext, server, expectConsole }) => {
  expectConsole(/status of 403.*\/api\/auth\/accept_invitation/);
  const grace = newAccount('Grace Hopper');
  const link = await invite(server, grace);
  const late = await (await newContext()).newPage();
  await visit(page, link);
  await visit(late, link);
  await accept(page, grace);
  await expectDashboard(page, grace);
  await accept(late, { ...grace, password: 'another password 1' });
  await expect(late.getByText(CLOSED).first()).toBeVisible();
  await visit(late, link);
  await expect(late.getByText(CLOSED)).toBeVisible();
  await expect(late.getByRole('button', { name: 'Sign in' })).toHaveCount(0);
  await signIn(late, grace);
});

test('whoever accepts an invitation while signed in continues as the invited person', async ({ page, server }) => {
  const grace = newAccount('Grace Hopper');
  await openAsNew(page, newAccount(), await invite(server, grace));
  await accept(page, grace);
  await expect(greeting(page, grace.name)).toBeVisible();
  await reload(page);
  await expect(greeting(page, grace.name)).toBeVisible();
});
