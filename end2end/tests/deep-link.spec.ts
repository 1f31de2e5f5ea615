import { expect, fill, fillSignIn, press, signUp, somebody, test, visit } from '../support/fixtures.ts';

const LINK = '/account?from=mail&part=2';

test('an anonymous deep link leads to the sign-in page and, after signing in, back with its query', async ({ page, server }) => {
  const ada = somebody();
  server.addUser(ada);
  const response = await visit(page, LINK);
  expect((await response?.request().redirectedFrom()?.response())?.status()).toBe(303);
  await expect(page.getByRole('heading', { level: 1, name: 'Sign in' })).toBeVisible();
  await fillSignIn(page, ada);
  await press(page, 'Sign in');
  await expect(page).toHaveURL(LINK);
  await expect(page.getByRole('heading', { level: 1, name: 'Your account' })).toBeVisible();
});

test('the way back survives a wrong password', async ({ page, server, javaScriptEnabled, expectConsole }) => {
  const ada = somebody();
  server.addUser(ada);
  if (javaScriptEnabled) expectConsole(/status of 401.*\/api\/auth\/login/);
  await visit(page, LINK);
  await fillSignIn(page, { ...ada, password: 'not this one' });
  await press(page, 'Sign in');
  await expect(page.getByRole('alert')).toContainText('Email or password is not right.');
  await fillSignIn(page, ada);
  await press(page, 'Sign in');
  await expect(page).toHaveURL(LINK);
});

test('somebody without an account follows the link through sign-up', async ({ page }) => {
  const ada = somebody();
  await visit(page, LINK);
  await page.getByRole('link', { name: 'Create an account' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Create an account' })).toBeVisible();
  await fill(page, ada);
  await press(page, 'Create account');
  await expect(page).toHaveURL(LINK);
  await expect(page.getByText(ada.email)).toBeVisible();
});

test('whoever is signed in already goes where the link says', async ({ page }) => {
  await signUp(page, somebody());
  const response = await visit(page, LINK);
  expect(response?.status()).toBe(200);
  await expect(page).toHaveURL(LINK);
});

test('what is encoded in a deep link comes back as it was', async ({ page, server }) => {
  const ada = somebody();
  server.addUser(ada);
  const link = '/account?from=a%20letter&and=%26more';
  await visit(page, link);
  await fillSignIn(page, ada);
  await press(page, 'Sign in');
  await expect(page.getByRole('heading', { level: 1 })).not.toHaveText('Sign in');
  await expect(page).toHaveURL(link, { timeout: 5000 });
});
