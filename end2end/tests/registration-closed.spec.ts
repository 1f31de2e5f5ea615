import { expect, press, signIn, somebody, test, visit } from '../support/fixtures.ts';

test.use({ settings: { LATCHKEY_REGISTRATION: 'closed' } });

test('where sign-up is closed no page offers it, and its page says so', async ({ page }) => {
  for (const path of ['/', '/login', '/register']) {
    await visit(page, path);
    await expect(page.getByRole('link', { name: /sign up|create an account/i })).toHaveCount(0);
  }
  await expect(page.getByText('Sign-up is closed here.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Create account' })).toHaveCount(0);
});

test('whoever was given an account signs in and out where sign-up is closed', async ({ page, server }) => {
  const ada = somebody();
  server.addUser(ada);
  await signIn(page, ada);
  await press(page, 'Sign out');
  await expect(page.getByText('You signed out.')).toBeVisible();
});
