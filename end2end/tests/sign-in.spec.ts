import { expect, expectDashboard, follow, greeting, isAt, newAccount, openAs, openAsNew, openWithToken, press, reload, signIn, signOut, signUp, test, visit } from '../support/fixtures.ts';

test('a new account sees its dashboard, is still signed in after a reload, and signs out', async ({ page }) => {
  const ada = newAccount();
  await signUp(page, ada);
  await reload(page);
  await expect(greeting(page, ada.name)).toBeVisible();
  await signOut(page);
  await visit(page, '/dashboard');
  await expect(page).toHaveURL(isAt('/login'));
});

test('somebody signs in and out again and again, in any letter case of the address', async ({ page, server }) => {
  const ada = newAccount();
  server.addUser(ada);
  for (const email of [ada.email, ada.email.toUpperCase()]) {
    await signIn(page, { ...ada, email });
    await signOut(page);
  }
});

test('signing out in one browser leaves another signed in', async ({ page, newContext, server }) => {
  const ada = newAccount();
  server.addUser(ada);
  const other = await (await newContext()).newPage();
  await openWithToken(page, ada);
  await openAs(other, ada);
  await signOut(page);
  await reload(other);
  await expect(greeting(other, ada.name)).toBeVisible();
});

test('after signing out the back button shows nothing of the account', async ({ page }) => {
  const ada = newAccount('Nobody Else Sees This');
  await openAsNew(page, ada);
  await follow(page, 'Account');
  await expect(page.getByText(ada.email)).toBeVisible();
  await signOut(page);
  for (const _ of ['account', 'dashboard']) {
    await page.goBack();
    await expect(page.getByRole('button', { name: 'Sign in', exact: true })).toBeVisible();
    await expect(page.getByText(ada.name)).toHaveCount(0);
    await expect(page.getByText(ada.email)).toHaveCount(0);
  }
});

test('the Enter key sends a form', async ({ page, server }) => {
  const ada = newAccount();
  server.addUser(ada);
  await visit(page, '/login');
  await page.getByLabel('Email', { exact: true }).fill(ada.email);
  await page.keyboard.press('Tab');
  await page.keyboard.type(ada.password);
  await page.keyboard.press('Enter');
  await expectDashboard(page, ada);
  await press(page, 'Sign out');
  await expect(page).toHaveURL(isAt('/login'));
});
