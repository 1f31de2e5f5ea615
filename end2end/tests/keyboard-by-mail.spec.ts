import { Authenticator } from '../support/authenticator.ts';
import { expect, heading, isAt, newAccount, visit, waitForHydration } from '../support/fixtures.ts';
import { confirmByKeyboard, tabToElement, tabsIn, typesIn } from '../support/keyboard.ts';
import { test } from '../support/mails.ts';

// As in keyboard.spec.ts: nothing here clicks.

test('somebody signs up by mail, adds and removes a passkey, changes the address and sets a new password with the keyboard alone', async ({ page, mails, server }) => {
  const ada = newAccount();
  const tabTo = tabsIn(page);
  const type = typesIn(page);
  await visit(page, '/register');
  await type('Email', ada.email);
  await page.keyboard.press('Enter');
  await expect(page.getByText('A mail is on its way.')).toBeVisible();
  await visit(page, await mails.link(ada.email, '/register/finish?token='));
  await type('Display name', ada.name);
  await type('Password', ada.password);
  await page.keyboard.press('Enter');
  await page.waitForURL(isAt('/dashboard'));

  const phone = await Authenticator.add(page);
  await visit(page, '/account/security');
  const passkeys = page.getByRole('region', { name: 'Passkeys' });
  await tabTo('button', 'Add a passkey');
  await page.keyboard.press('Enter');
  await expect(passkeys.getByRole('listitem')).toHaveCount(1);
  await tabToElement(page, passkeys.getByText('Rename', { exact: true }));
  await page.keyboard.press('Enter');
  await tabTo('textbox', 'Name');
  await page.keyboard.press('Control+A');
  await page.keyboard.type('My phone');
  await page.keyboard.press('Enter');
  await expect(passkeys.getByRole('heading', { name: 'My phone' })).toBeVisible();
  await visit(page, '/account/security');
  await tabTo('button', 'Remove this passkey');
  await page.keyboard.press('Enter');
  await confirmByKeyboard(page);
  await expect(passkeys.getByText('“My phone” was removed.')).toBeVisible();
  await expect(heading(page)).toBeFocused();
  // The page tells the device so. Who leaves before that is suggested the passkey when they sign in, and refused.
  await expect.poll(() => phone.passkeys()).toEqual([]);

  const address = newAccount().email;
  await visit(page, '/account');
  await type('New email', address);
  await page.keyboard.press('Enter');
  await expect(page.getByText(`${address} is not confirmed yet.`)).toBeVisible();
  await visit(page, await mails.link(address, '/confirm-email?token='));
  await tabTo('button', 'Confirm the address');
  await page.keyboard.press('Enter');
  await expect(page.getByText('The address is confirmed.')).toBeVisible();
  await waitForHydration(page);

  // An address gets one mail a minute.
  const grace = newAccount();
  server.addUser(grace);
  await page.context().clearCookies();
  await visit(page, '/login');
  await tabTo('link', 'Forgot your password?');
  await page.keyboard.press('Enter');
  await expect(heading(page)).toHaveText('Forgot your password?');
  await type('Email', grace.email);
  await page.keyboard.press('Enter');
  await visit(page, await mails.link(grace.email, '/reset?token='));
  await type('New password', 'an entirely new password');
  await page.keyboard.press('Enter');
  await expect(page.getByText('Your password was changed.')).toBeVisible();
});
