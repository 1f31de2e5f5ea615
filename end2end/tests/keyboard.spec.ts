import { beginDevice } from '../support/app-states.ts';
import { expect, newAccount, openAs, test, visit } from '../support/fixtures.ts';
import { confirmByKeyboard, tabToElement, tabsIn, typesIn } from '../support/keyboard.ts';
import { App, addClient, answerAt, requestOf } from '../support/oauth.ts';

// Every flow with the keyboard alone: nothing here clicks, and nothing moves the focus but the Tab key and the pages.

test('somebody signs in, ends a session, renames the account and signs out with the keyboard alone', async ({ page, newContext, server }) => {
  const ada = newAccount();
  server.addUser(ada);
  await openAs(await (await newContext()).newPage(), ada);
  const tabTo = tabsIn(page);
  await visit(page, '/login');
  await tabTo('textbox', 'Email');
  await page.keyboard.type(ada.email);
  await tabTo('textbox', 'Password');
  await page.keyboard.type(ada.password);
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL('/dashboard');
  await tabTo('link', 'See your sessions');
  await page.keyboard.press('Enter');
  await tabTo('button', 'End this session');
  await page.keyboard.press('Enter');
  await confirmByKeyboard(page);
  await expect(page.getByText(/was signed out/)).toBeVisible();
  await tabTo('link', 'Profile');
  await page.keyboard.press('Enter');
  await tabTo('textbox', 'Display name');
  await page.keyboard.press('Control+A');
  await page.keyboard.type('Ada Byron');
  await page.keyboard.press('Enter');
  await expect(page.getByText('Saved.')).toBeVisible();
  await page.reload();
  await tabTo('button', 'Sign out');
  await page.keyboard.press('Enter');
  await expect(page.getByText('You signed out.')).toBeVisible();
});

test('somebody allows an app, takes its access back and connects a device with the keyboard alone', async ({ page, server }) => {
  const app = await App.start();
  const { client_id } = addClient(server, 'native', '--redirect-uri', 'http://127.0.0.1/callback');
  const device = addClient(server, 'device');
  const ada = newAccount();
  server.addUser(ada);
  const tabTo = tabsIn(page);
  await openAs(page, ada, requestOf(client_id, app.callback));
  await tabTo('button', 'Allow');
  await page.keyboard.press('Enter');
  await answerAt(page, app.callback);
  app.stop();
  await visit(page, '/account/apps');
  await tabTo('button', 'Take access back');
  await page.keyboard.press('Enter');
  await confirmByKeyboard(page);
  await expect(page.getByText(/has no access any more/)).toBeVisible();
  await tabTo('link', 'Connect it');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL('/device');
  await tabTo('textbox', 'Code');
  await page.keyboard.type(await beginDevice(server, device.client_id));
  await page.keyboard.press('Enter');
  await expect(page.getByText('See your display name')).toBeVisible();
  await tabTo('button', 'Allow');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Your device is connected');
});

test('somebody signs up, changes the password and deletes the account with the keyboard alone', async ({ page }) => {
  const ada = newAccount();
  const tabTo = tabsIn(page);
  const type = typesIn(page);
  await visit(page, '/register');
  await type('Email', ada.email);
  await type('Display name', ada.name);
  await type('Password', ada.password);
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL('/dashboard');
  await visit(page, '/account/password');
  await type('Current password', ada.password);
  await type('New password', 'battery staple 42');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('main').getByText('Your password has been changed.')).toBeVisible();
  await visit(page, '/account');
  await tabToElement(page, page.getByText('Delete your account', { exact: true }));
  await page.keyboard.press('Enter');
  await type('Password', 'battery staple 42');
  await type('Type “delete” to confirm', 'delete');
  await page.keyboard.press('Enter');
  await expect(page.getByText('This account was deleted.')).toBeVisible();
});

test.describe('on a server of its own', () => {
  // Its lists show all there is.
  test.use({ baseURL: async ({ freshServer }, use) => use(freshServer.url) });

  test('an administrator adds a group, removes it and removes a client with the keyboard alone', async ({ page, freshServer: server }) => {
    const ada = newAccount();
    server.addUser(ada, 'admin');
    const tabTo = tabsIn(page);
    await openAs(page, ada, '/admin/groups');
    await tabTo('textbox', 'Name');
    await page.keyboard.type('staff');
    await page.keyboard.press('Enter');
    await tabTo('link', 'staff');
    await page.keyboard.press('Enter');
    await tabTo('button', 'Remove the group');
    await page.keyboard.press('Enter');
    await confirmByKeyboard(page);
    await expect(page.getByText('There are no groups.')).toBeVisible();
    const { client_id } = addClient(server, 'native', '--redirect-uri', 'http://127.0.0.1/callback');
    await visit(page, `/admin/clients/${client_id}`);
    await tabTo('button', 'Remove the client');
    await page.keyboard.press('Enter');
    await confirmByKeyboard(page);
    await expect(page.getByText('No client is registered.')).toBeVisible();
  });
});
