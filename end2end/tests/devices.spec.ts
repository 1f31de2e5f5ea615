import { beginDevice, enterCode, send } from '../support/app-states.ts';
import { expect, fillSignIn, follow, heading, newAccount, openAs, press, test, visit } from '../support/fixtures.ts';
import { addClient } from '../support/oauth.ts';

const ALERT = 'No device waits for this code. Compare it with the one that the device shows.';

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? 'with JavaScript' : 'without JavaScript', () => {
    test.use({ javaScriptEnabled });

    test('a person finds the page from their apps, mistypes the code, connects a device and sees it among the apps', async ({ page, server }) => {
      const { client_id } = addClient(server, 'device');
      const ada = newAccount();
      server.addUser(ada);
      await openAs(page, ada, '/account/apps');
      await page.getByRole('link', { name: 'Connect it' }).click();
      await expect(heading(page)).toHaveText('Connect a device');
      await page.getByLabel('Code', { exact: true }).fill('BCDF-GHJK');
      await send(page, 'Continue');
      await expect(page.getByRole('alert').filter({ hasText: ALERT })).toBeVisible();
      await expect(page).toHaveTitle('Error: Connect a device · Latchkey');
      await expect(page.getByLabel('Code', { exact: true })).toHaveAccessibleDescription(new RegExp(ALERT));
      const code = await beginDevice(server, client_id);
      await page.getByLabel('Code', { exact: true }).fill(code.toLowerCase().replace('-', ' '));
      await send(page, 'Continue');
      await expect(page.getByText('See your display name')).toBeVisible();
      await expect(page.getByText(code, { exact: true })).toBeVisible();
      await send(page, 'Allow');
      await expect(heading(page)).toHaveText('Your device is connected');
      await page.getByRole('link', { name: 'See your apps' }).click();
      await expect(page.getByRole('heading', { name: 'A device app' })).toBeVisible();
      // The page begins anew.
      await page.getByRole('link', { name: 'Connect it' }).click();
      await expect(heading(page)).toHaveText('Connect a device');
      await expect(page.getByLabel('Code', { exact: true })).toHaveValue('');
    });

    test('the code in the address is filled in after signing in, and another account can take it over', async ({ page, server }) => {
      const { client_id } = addClient(server, 'device');
      const [ada, grace] = [newAccount(), newAccount('Grace Hopper')];
      server.addUser(ada);
      server.addUser(grace);
      const code = await beginDevice(server, client_id);
      await visit(page, `/device?user_code=${code}`);
      await fillSignIn(page, ada);
      await press(page, 'Sign in');
      await expect(page.getByLabel('Code', { exact: true })).toHaveValue(code);
      await send(page, 'Continue');
      await expect(page.getByText(`You are signed in as ${ada.email}.`)).toBeVisible();
      await send(page, 'Sign out and use another account');
      await fillSignIn(page, grace);
      await press(page, 'Sign in');
      await expect(page.getByLabel('Code', { exact: true })).toHaveValue(code);
      await send(page, 'Continue');
      await expect(page.getByText(`You are signed in as ${grace.email}.`)).toBeVisible();
      await send(page, 'Cancel');
      await expect(heading(page)).toHaveText('Your device is not connected');
      await page.getByRole('link', { name: 'Enter another code' }).click();
      await expect(heading(page)).toHaveText('Connect a device');
    });

    test('whoever guesses codes is told for how long to wait, on the same page', async ({ page, server, expectConsole }) => {
      expectConsole(/status of 429.*\/device/);
      const ada = newAccount();
      server.addUser(ada);
      await openAs(page, ada);
      for (let attempt = 0; attempt < 10; attempt += 1) await page.request.post('/device', { form: { user_code: 'BCDF-GHJK' } });
      await enterCode(page, 'BCDF-GHJK');
      await expect(heading(page)).toHaveText('Connect a device');
      await expect(page.getByRole('alert').filter({ hasText: 'Too many attempts.' })).toBeVisible();
      await expect(page.getByRole('timer')).toHaveText(/^You can try again in /);
      await follow(page, 'Dashboard');
      await expect(heading(page)).toHaveText(`Hello, ${ada.name}`);
    });
  });
}
