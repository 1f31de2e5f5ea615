import { addPasskey } from '../support/authenticator.ts';
import { expect, heading, newAccount, openWithNewToken, press, test, visit, type Account, type Page, type Server } from '../support/fixtures.ts';
import { StubProvider } from '../support/provider.ts';

/** Somebody who has come in through a provider half an hour ago, and may have a passkey. */
async function arrive(page: Page, server: Server, slug: string, withPasskey = false): Promise<Account> {
  const provider = await StubProvider.start(server);
  provider.addTo(server, slug);
  const ada = newAccount();
  await openWithNewToken(page, ada, '/account/security');
  if (withPasskey) await addPasskey(page);
  const linked = `INSERT INTO upstream_identities (provider_id, subject, user_id, email, linked_at, last_used_at)
    SELECT p.id, u.id, u.id, '', 1, 1 FROM upstream_providers p, users u WHERE p.slug = ? AND u.email = ?`;
  server.alter(linked, slug, ada.email);
  server.alter('UPDATE users SET password_hash = NULL WHERE email = ?', ada.email);
  server.setPasswordAge(ada, 30);
  return ada;
}

const dialog = (page: Page) => page.getByRole('dialog', { name: 'Confirm that it is you to continue' });

test('whoever has no password is asked to sign in with their provider again, and comes back', async ({ page, server, expectConsole }) => {
  expectConsole(/status of 403.*account\/delete/);
  await arrive(page, server, 'no-password');
  await visit(page, '/account');
  await page.getByText('Delete your account', { exact: true }).click();
  await expect(page.getByLabel('Password', { exact: true })).toHaveCount(0);
  await page.getByLabel('Type “delete” to confirm', { exact: true }).fill('delete');
  await press(page, 'Delete my account');
  await expect(dialog(page)).toBeVisible();
  await expect(dialog(page).getByLabel('Password', { exact: true })).toHaveCount(0);
  const sent = page.waitForRequest((request) => request.isNavigationRequest() && request.url().includes('state='));
  await dialog(page).getByRole('button', { name: 'Sign in with Stub no-password again' }).click();
  const asked = new URL((await sent).url()).searchParams;
  expect([asked.get('prompt'), asked.get('max_age')]).toEqual(['login', '0']);
});

test('a passkey deletes the account of whoever has no password', async ({ page, server, expectConsole }) => {
  expectConsole(/status of 403.*account\/delete/);
  await arrive(page, server, 'no-password-2', true);
  await visit(page, '/account');
  await page.getByText('Delete your account', { exact: true }).click();
  await page.getByLabel('Type “delete” to confirm', { exact: true }).fill('delete');
  await press(page, 'Delete my account');
  await dialog(page).getByRole('button', { name: 'Use a passkey' }).click();
  await expect(page.getByText('This account was deleted.')).toBeVisible();
});

test('whoever can prove nothing here is told to sign in again, and can cancel', async ({ page, server, expectConsole }) => {
  expectConsole(/status of 403.*totp_begin/);
  await arrive(page, server, 'no-password-3');
  server.command(['provider', 'disable', 'no-password-3']);
  await visit(page, '/account/security');
  await press(page, 'Set up an authenticator app');
  const told = page.getByRole('dialog', { name: 'Sign in again to continue' });
  await expect(told).toContainText('Sign out, sign in again');
  await told.getByRole('button', { name: 'Cancel' }).click();
  await expect(told).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'Set up an authenticator app' })).toBeFocused();
});

test('the page for the password says that there is none', async ({ page, server }) => {
  await arrive(page, server, 'no-password-4');
  await visit(page, '/account/password');
  await expect(heading(page)).toHaveText('Change your password');
  await expect(page.getByText('Your account has no password')).toBeVisible();
  await expect(page.getByLabel('Current password')).toHaveCount(0);
});
