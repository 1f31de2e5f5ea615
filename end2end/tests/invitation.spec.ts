import { ApiClient } from '../support/api.ts';
import { expect, fill, fillSignIn, greeting, press, reload, signIn, signOut, signUp, somebody, test, visit, type Account, type Page, type Server } from '../support/fixtures.ts';

const CLOSED = 'This invitation is used up or has expired. Ask an administrator for a new one.';

/** Makes an account and returns the path of its link. */
async function invite(server: Server, { email, name }: Account, roles = 'member'): Promise<string> {
  const ada = somebody();
  server.addUser(ada, 'admin');
  const admin = await ApiClient.signIn(server, ada);
  const { link } = await admin.call<{ link: string }>('/api/admin/users/invite', { email, display_name: name, roles });
  return link.slice(link.indexOf('/invitation'));
}

async function accept(page: Page, { name, password }: Account): Promise<void> {
  await fill(page, { name, password });
  await press(page, 'Sign in');
}

test('whoever is invited chooses a name and a password, is signed in, and signs in again with them', async ({ page, server }) => {
  const grace = somebody('Grace Hopper');
  await visit(page, await invite(server, { ...grace, name: 'Somebody' }, 'member editor'));
  await expect(page.getByText(`Choose a password for ${grace.email}.`)).toBeVisible();
  await accept(page, grace);
  await expect(greeting(page, 'Grace Hopper')).toBeVisible();
  await expect(page.getByRole('region', { name: 'Editing' })).toBeVisible();
  await expect(page.getByRole('region', { name: 'Administration' })).toHaveCount(0);
  await signOut(page);
  await signIn(page, grace);
});

test('an invitation works once', async ({ page, newContext, server }) => {
  const grace = somebody('Grace Hopper');
  const link = await invite(server, grace);
  const late = await (await newContext()).newPage();
  await visit(page, link);
  await accept(page, grace);
  await expect(greeting(page, grace.name)).toBeVisible();
  for (const visitor of [page, late]) {
    await visit(visitor, link);
    await expect(visitor.getByText(CLOSED)).toBeVisible();
    await expect(visitor.getByRole('button', { name: 'Sign in' })).toHaveCount(0);
  }
});

test('of two who open an invitation the second is told that it is used up', async ({ page, newContext, server, javaScriptEnabled, expectConsole }) => {
  if (javaScriptEnabled) expectConsole(/status of 403.*\/api\/auth\/accept_invitation/);
  const grace = somebody('Grace Hopper');
  const link = await invite(server, grace);
  const late = await (await newContext()).newPage();
  await visit(page, link);
  await visit(late, link);
  await accept(page, grace);
  await expect(greeting(page, grace.name)).toBeVisible();
  await accept(late, { ...grace, password: 'another password 1' });
  await expect(late.getByText(CLOSED).first()).toBeVisible();
  await visit(late, '/login');
  await signIn(late, grace);
});

test('a mistake in the form does not use an invitation up', async ({ page, server, javaScriptEnabled, expectConsole }) => {
  if (javaScriptEnabled) expectConsole(/status of 422.*\/api\/auth\/accept_invitation/);
  const grace = somebody('Grace Hopper');
  await visit(page, await invite(server, grace));
  await accept(page, { ...grace, password: 'short' });
  await expect(page.getByRole('alert').getByRole('listitem')).toHaveText('Password: Use at least 8 characters.');
  await expect(page.getByLabel('Display name', { exact: true })).toHaveValue(grace.name);
  await accept(page, grace);
  await expect(greeting(page, grace.name)).toBeVisible();
});

test('before an invitation is accepted nobody signs in with its address', async ({ page, server, javaScriptEnabled, expectConsole }) => {
  if (javaScriptEnabled) expectConsole(/status of 401.*\/api\/auth\/login/);
  const grace = somebody('Grace Hopper');
  await invite(server, grace);
  await visit(page, '/login');
  await fillSignIn(page, grace);
  await press(page, 'Sign in');
  await expect(page.getByRole('alert')).toHaveText('Email or password is not right.');
});

test('whoever is signed in and accepts an invitation goes on as whom it is for', async ({ page, server }) => {
  await signUp(page, somebody());
  const grace = somebody('Grace Hopper');
  await visit(page, await invite(server, grace));
  await accept(page, grace);
  await expect(greeting(page, grace.name)).toBeVisible();
  await reload(page);
  await expect(greeting(page, grace.name)).toBeVisible();
});

test('an address that is no invitation says so', async ({ page }) => {
  for (const address of ['/invitation', '/invitation?token=', `/invitation?token=${'A'.repeat(43)}`]) {
    await visit(page, address);
    await expect(page.getByText(CLOSED)).toBeVisible();
    await expect(page.getByRole('textbox')).toHaveCount(0);
  }
});

test('an invitation that has expired says so, before the form is filled in and after', async ({ page, newContext, server, javaScriptEnabled, expectConsole }) => {
  if (javaScriptEnabled) expectConsole(/status of 403.*\/api\/auth\/accept_invitation/);
  const grace = somebody('Grace Hopper');
  const link = await invite(server, grace);
  await visit(page, link);
  server.expireLinks();
  await accept(page, grace);
  await expect(page.getByText(CLOSED).first()).toBeVisible();
  const late = await (await newContext()).newPage();
  await visit(late, link);
  await expect(late.getByText(CLOSED)).toBeVisible();
  await expect(late.getByRole('button', { name: 'Sign in' })).toHaveCount(0);
});
