import { expect, heading, newAccount, openAs, press, pressAndConfirm, test, visit } from '../support/fixtures.ts';
import { App, addClient, answerAt, requestOf } from '../support/oauth.ts';

test('a person allows an app, sees it under Apps with what it may do, and takes its access back', async ({ page, server }) => {
  const app = await App.start();
  const { client_id } = addClient(server, 'native', '--developer', 'Example Ltd', '--redirect-uri', 'http://127.0.0.1/callback');
  const ada = newAccount();
  server.addUser(ada);
  await openAs(page, ada, '/account');
  await page.getByRole('navigation', { name: 'Your account' }).getByRole('link', { name: 'Apps', exact: true }).click();
  await expect(heading(page)).toHaveText('Your apps');
  await expect(page.getByRole('region', { name: 'Apps' })).toContainText('No app has access to your account.');

  await visit(page, requestOf(client_id, app.callback));
  await press(page, 'Allow');
  await answerAt(page, app.callback);
  await visit(page, '/account/apps');
  const shown = page.getByRole('main').getByRole('listitem').filter({ has: page.getByRole('heading', { name: 'A native app' }) });
  await expect(shown).toContainText('Example Ltd');
  await expect(shown).toContainText('See your display name');
  await pressAndConfirm(page, 'Take access back', shown);
  await expect(page.getByText('“A native app” has no access any more.')).toBeVisible();
  await expect(page.getByRole('region', { name: 'Apps' })).toBeVisible();
  await expect(shown).toHaveCount(0);
  // It asks anew.
  await visit(page, requestOf(client_id, app.callback));
  await expect(page.getByRole('button', { name: 'Allow', exact: true })).toBeVisible();
  app.stop();
});
