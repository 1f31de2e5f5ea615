import { expect, expectSignedOut, fillSignIn, follow, greeting, isAt, newAccount, openAs, openAsNew, openWithToken, press, reload, signUp, test, visit, type Page } from '../support/fixtures.ts';

const alert = (page: Page) => page.getByRole('main').getByRole('alert');

/** On the account page: opens the form that deletes the account, and fills it in. */
async function fillDelete(page: Page, { password, word = 'delete' }: { password: string; word?: string }): Promise<void> {
  await page.getByText('Delete your account', { exact: true }).click();
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByLabel('Type “delete” to confirm', { exact: true }).fill(word);
}

test('the page says before what deletion removes, and nothing of it is there afterwards', async ({ page, context, expectConsole }) => {
  expectConsole(/status of 401.*\/api\/auth\/login/);
  const ada = newAccount();
  await openAsNew(page, ada, '/account');
  await fillDelete(page, ada);
  await expect(page.getByText('Your email address, name, password and all sessions are deleted at once.')).toBeVisible();
  await press(page, 'Delete my account');
  await expect(page).toHaveURL(isAt('/login'));
  await expect(page.getByText('This account was deleted.')).toBeVisible();
  expect((await context.cookies()).map(({ name }) => name)).not.toContain('__Host-latchkey');

  const seen: string[] = [];
  for (const { email } of [ada, newAccount()]) {
    await visit(page, '/login');
    await fillSignIn(page, { ...ada, email });
    await press(page, 'Sign in');
    await expect(page.getByRole('alert')).toHaveText('The email or password is incorrect.');
    seen.push((await page.getByRole('main').innerText()).replaceAll(email, ''));
  }
  expect(seen[0]).toBe(seen[1]);
  await signUp(page, ada);
});

test('another browser of somebody who has deleted their account is told so at its next request', async ({ page, newContext, server, expectConsole }) => {
  expectConsole(/status of 401.*\/api\/(account\/(me|activity|overview|proofs)|auth\/refresh)/);
  const ada = newAccount();
  server.addUser(ada);
  const other = await (await newContext()).newPage();
  await openWithToken(other, ada);
  await openAs(page, ada, '/account');
  await fillDelete(page, ada);
  await press(page, 'Delete my account');
  await expect(page).toHaveURL(isAt('/login'));
  await follow(other, 'Account');
  await expectSignedOut(other, 'This account was deleted.', '/account');
});

test('without the typed word nothing is sent', async ({ page }) => {
  const ada = newAccount();
  await openAsNew(page, ada, '/account');
  let sent = 0;
  page.on('request', (request) => (sent += Number(request.url().endsWith('/api/account/delete'))));
  await fillDelete(page, ada);
  for (const word of ['', 'yes']) {
    await page.getByLabel('Type “delete” to confirm', { exact: true }).fill(word);
    await press(page, 'Delete my account');
    await expect(page.getByLabel('Type “delete” to confirm', { exact: true })).toBeFocused();
  }
  await reload(page);
  await expect(page.getByText(ada.email)).toBeVisible();
  expect(sent).toBe(0);
});

test('a wrong password is reported at its field, and nothing is deleted', async ({ page, expectConsole }) => {
  expectConsole(/status of 401.*\/api\/account\/delete/);
  const ada = newAccount();
  await openAsNew(page, ada, '/account');
  await fillDelete(page, { password: 'not this one' });
  await press(page, 'Delete my account');
  await expect(alert(page)).toBeFocused();
  await expect(page.getByLabel('Password', { exact: true })).toHaveAttribute('aria-invalid', 'true');
  await expect(page.getByLabel('Password', { exact: true })).toHaveAccessibleDescription('Incorrect password.');
  await reload(page);
  await expect(page.getByText(ada.email)).toBeVisible();
});

test.describe('the last administrator', () => {
  test.use({ baseURL: async ({ freshServer }, use) => use(freshServer.url) });

  test('is told why their account is not deleted, and stays', async ({ page, freshServer, expectConsole }) => {
    expectConsole(/status of 409.*\/api\/account\/delete/);
    const ada = newAccount();
    freshServer.addUser(ada, 'admin');
    freshServer.addUser(newAccount());
    await openAs(page, ada, '/account');
    await fillDelete(page, ada);
    await press(page, 'Delete my account');
    await expect(alert(page)).toContainText('This is the last administrator who can sign in. Make someone else an administrator first.');
    await reload(page);
    await follow(page, 'Dashboard');
    await expect(greeting(page, ada.name)).toBeVisible();
    await expect(page.getByRole('region', { name: 'Administration' })).toBeVisible();

    freshServer.addUser(newAccount(), 'admin');
    await follow(page, 'Account');
    await fillDelete(page, ada);
    await press(page, 'Delete my account');
    await expect(page).toHaveURL(isAt('/login'));
  });
});
