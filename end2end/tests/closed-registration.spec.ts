import { expect, newAccount, signIn, signOut, test, visit } from '../support/fixtures.ts';

test.use({ settings: { LATCHKEY_REGISTRATION: 'closed' } });

test('where sign-up is closed no page offers it, its page says so, and those who have an account sign in and out', async ({ page, server }) => {
  for (const path of ['/', '/login', '/register']) {
    await visit(page, path);
    await expect(page.getByRole('link', { name: /sign up|create an account/i })).toHaveCount(0);
  }
  await expect(page.getByText('Sign-up is closed here.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Create account' })).toHaveCount(0);
  const ada = newAccount();
  server.addUser(ada);
  await signIn(page, ada);
  await signOut(page);
});
