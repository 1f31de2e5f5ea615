import { expectNoViolations } from '../support/axe.ts';
import { expect, expectDashboard, newAccount, openWithNewToken, openWithToken, press, pressAndConfirm, signOut, test, visit } from '../support/fixtures.ts';
import { code, codeOf, enrol, firstStep, section } from '../support/totp.ts';

test('somebody sets up an authenticator app and signs in with its code, with the keyboard alone', async ({ page, expectConsole }) => {
  expectConsole(/status of 401.*second_factor/);
  const ada = newAccount();
  await openWithNewToken(page, ada, '/account/security');
  await expect(page.getByText('Whoever learns your password can sign in.')).toBeVisible();
  const { secret } = await enrol(page);
  await expect(page.getByText('Your password alone is not enough to sign in, and')).toBeVisible();
  await expectNoViolations(page);

  await signOut(page);
  await firstStep(page, ada);
  await expectNoViolations(page);
  await code(page).focus();
  await page.keyboard.type('000000');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('alert')).toContainText('This code does not work.');
  await expect(page.getByRole('alert')).toBeFocused();
  await expectNoViolations(page);
  await code(page).fill(codeOf(secret, 1));
  await page.keyboard.press('Enter');
  await expectDashboard(page, ada);
});

test('a recovery code signs in once, and the page says how many are left', async ({ page, expectConsole }) => {
  expectConsole(/status of 401.*second_factor/);
  const ada = newAccount();
  await openWithNewToken(page, ada, '/account/security');
  const { codes } = await enrol(page);
  await signOut(page);
  await firstStep(page, ada);
  await code(page).fill(codes[0].toLowerCase());
  await press(page, 'Continue');
  await expectDashboard(page, ada);
  await visit(page, '/account/security');
  await expect(section(page, 'Recovery codes')).toContainText('Codes left: 9');
  await signOut(page);
  await firstStep(page, ada);
  await code(page).fill(codes[0]);
  await press(page, 'Continue');
  await expect(page.getByRole('alert')).toContainText('This code does not work.');
});

test('removing the app and new recovery codes are confirmed, and the page follows', async ({ page }) => {
  const ada = newAccount();
  await openWithNewToken(page, ada, '/account/security');
  const { codes } = await enrol(page);
  const recovery = section(page, 'Recovery codes');
  await pressAndConfirm(page, 'Create new recovery codes', recovery);
  await expect(recovery.getByText(codes[0])).toHaveCount(0);
  await expect(recovery.getByRole('heading', { name: 'Keep these recovery codes' })).toBeFocused();
  await expect(recovery.getByRole('listitem')).toHaveCount(10);
  await pressAndConfirm(page, 'Remove the authenticator app', section(page, 'Authenticator app'));
  await expect(section(page, 'Authenticator app').getByRole('button', { name: 'Set up an authenticator app' })).toBeVisible();
  await expect(page.getByText('Whoever learns your password can sign in.')).toBeVisible();
});

test('what needs a recent proof asks for the code too, and then continues by itself', async ({ page, server, expectConsole }) => {
  expectConsole(/status of 403.*totp_remove/);
  expectConsole(/status of 401.*reauthenticate/);
  const ada = newAccount();
  await openWithNewToken(page, ada, '/account/security');
  const { secret } = await enrol(page);
  server.setPasswordAge(ada, 16);
  await visit(page, '/account/security');
  await pressAndConfirm(page, 'Remove the authenticator app');
  const dialog = page.getByRole('dialog', { name: 'Confirm your password to continue' });
  await dialog.getByLabel('Password', { exact: true }).fill(ada.password);
  await dialog.getByLabel('Code', { exact: true }).fill('000000');
  await page.keyboard.press('Enter');
  await expect(dialog.getByRole('alert').first()).toContainText('This code does not work.');
  await dialog.getByLabel('Password', { exact: true }).fill(ada.password);
  await dialog.getByLabel('Code', { exact: true }).fill(codeOf(secret, 1));
  await page.keyboard.press('Enter');
  await expect(dialog).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'Set up an authenticator app' })).toBeVisible();
});

test('an administrator resets lost factors and hands over a code that signs in once', async ({ page, newContext, server }) => {
  const [ada, admin] = [newAccount(), newAccount()];
  await openWithNewToken(page, ada, '/account/security');
  await enrol(page);
  server.addUser(admin, 'admin');
  const administrator = await (await newContext()).newPage();
  await openWithToken(administrator, admin, `/admin/users?query=${ada.email}`);
  await administrator.getByRole('main').getByRole('link', { name: ada.email }).click();
  await pressAndConfirm(administrator, 'Reset second factors');
  const handedOver = (await administrator.getByRole('status').locator('code').textContent())!;
  const other = await (await newContext()).newPage();
  await firstStep(other, ada);
  await expect(other.getByText('Enter one of your recovery codes.')).toBeVisible();
  await code(other).fill(handedOver);
  await press(other, 'Continue');
  await expectDashboard(other, ada);
});

test.describe('without JavaScript', () => {
  test('somebody signs in with a code, and with a recovery code', async ({ newContext, page }) => {
    const ada = newAccount();
    await openWithNewToken(page, ada, '/account/security');
    const { secret, codes } = await enrol(page);
    for (const typed of [codeOf(secret, 1), codes[3]]) {
      const other = await (await newContext({ javaScriptEnabled: false })).newPage();
      await firstStep(other, ada);
      await code(other).fill('000000');
      await press(other, 'Continue');
      await expect(other.getByRole('alert')).toContainText('This code does not work.');
      await code(other).fill(typed);
      await press(other, 'Continue');
      await expectDashboard(other, ada);
    }
  });
});
