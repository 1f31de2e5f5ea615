import { expect, expectDashboard, fill, fillSignIn, heading, newAccount, press, test, visit } from '../support/fixtures.ts';

const LINK = '/account?from=a%20letter&and=%26more';

test('an anonymous deep link leads to the sign-in page and, even after a wrong password, back with its query', async ({ page, server, expectConsole }) => {
  expectConsole(/status of 401.*\/api\/auth\/login/);
  const ada = newAccount();
  server.addUser(ada);
  const response = await visit(page, LINK);
  expect((await response?.request().redirectedFrom()?.response())?.status()).toBe(303);
  await expect(heading(page)).toHaveText('Sign in');
  await fillSignIn(page, { ...ada, password: 'not this one' });
  await press(page, 'Sign in');
  await expect(page.getByRole('alert')).toContainText('The email or password is incorrect.');
  await fillSignIn(page, ada);
  await press(page, 'Sign in');
  await expect(heading(page)).toHaveText('Your account');
  await expect(page).toHaveURL(LINK);
});

test('somebody without an account follows the link through sign-up', async ({ page }) => {
  const ada = newAccount();
  await visit(page, LINK);
  await page.getByRole('link', { name: 'Create an account' }).click();
  await expect(heading(page)).toHaveText('Create an account');
  await fill(page, ada);
  await press(page, 'Create account');
  await expect(page.getByText(ada.email)).toBeVisible();
  await expect(page).toHaveURL(LINK);
});

test('sign-in leads to the dashboard when it was asked to lead to a file, to no page or to itself', async ({ newContext, server }) => {
  const ada = newAccount();
  server.addUser(ada, 'admin');
  for (const next of ['/admin/audit/export', '/nowhere', '/login', '/login?next=/login', '/register']) {
    const page = await (await newContext({ baseURL: server.url })).newPage();
    await visit(page, `/login?next=${encodeURIComponent(next)}`);
    await fillSignIn(page, ada);
    await press(page, 'Sign in');
    await expectDashboard(page, ada);
    // Signed in already, it leads there at once.
    await visit(page, `/login?next=${encodeURIComponent(next)}`);
    await expectDashboard(page, ada);
  }
});
