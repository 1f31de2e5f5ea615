import { expect, follow, greeting, isAt, press, reload, signIn, signOut, signUp, somebody, test, visit } from '../support/fixtures.ts';

test('a new account arrives on its dashboard, is still signed in after a reload, and signs out', async ({ page }) => {
  const ada = somebody();
  await signUp(page, ada);
  await reload(page);
  await expect(greeting(page, ada.name)).toBeVisible();
  await signOut(page);
  await visit(page, '/dashboard');
  await expect(page).toHaveURL(isAt('/login'));
});

test('whoever has an account signs in with it, again and again', async ({ page, server }) => {
  const ada = somebody();
  server.addUser(ada);
  for (const _ of ['first', 'second']) {
    await signIn(page, ada);
    await signOut(page);
  }
});

test('the address of an account is found in any letter case', async ({ page, server }) => {
  const ada = somebody();
  server.addUser(ada);
  await signIn(page, { ...ada, email: ada.email.toUpperCase() });
});

test('one account is signed in from two browsers, and signing out of one leaves the other', async ({ page, newContext, server }) => {
  const ada = somebody();
  server.addUser(ada);
  const other = await (await newContext()).newPage();
  await signIn(page, ada);
  await signIn(other, ada);
  await signOut(page);
  await reload(other);
  await expect(greeting(other, ada.name)).toBeVisible();
});

test('somebody who is signed in is not asked to sign in or up', async ({ page }) => {
  const ada = somebody();
  await signUp(page, ada);
  for (const form of ['/login', '/register']) {
    await visit(page, form);
    await expect(page).toHaveURL(isAt('/dashboard'));
  }
  await visit(page, '/login?next=/account');
  await expect(page).toHaveURL(isAt('/account'));
});

test('after signing out the back button shows nothing of the account', async ({ page }) => {
  const ada = somebody('Nobody Else Sees This');
  await signUp(page, ada);
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

test('a form is sent with the Enter key', async ({ page, server }) => {
  const ada = somebody();
  server.addUser(ada);
  await visit(page, '/login');
  await page.getByLabel('Email', { exact: true }).fill(ada.email);
  await page.keyboard.press('Tab');
  await page.keyboard.type(ada.password);
  await page.keyboard.press('Enter');
  await expect(greeting(page, ada.name)).toBeVisible();
  await press(page, 'Sign out');
  await expect(page).toHaveURL(isAt('/login'));
});
