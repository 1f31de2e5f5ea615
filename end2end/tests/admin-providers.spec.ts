import { expect, follow, newAccount, openAs, press, pressAndConfirm, test, visit, type Page } from '../support/fixtures.ts';
import { StubProvider } from '../support/provider.ts';

// A list shows all providers of the server: these tests have their own.
test.use({ baseURL: async ({ freshServer }, use) => use(freshServer.url) });

const field = (page: Page, label: string) => page.getByLabel(label, { exact: true });
const rows = (page: Page) => page.getByRole('region', { name: 'Providers' }).getByRole('row').filter({ has: page.getByRole('cell') });

test('a provider is added, changed, switched off and on, and removed', async ({ page, newContext, freshServer: server }) => {
  const ada = newAccount();
  server.addUser(ada, 'admin');
  const provider = await StubProvider.start(server);
  await openAs(page, ada, '/dashboard');
  await follow(page, 'Providers');
  await expect(page.getByText('There are no providers.')).toBeVisible();
  await expect(page.getByText(`${server.url}/auth/upstream/SLUG/callback`)).toBeVisible();
  await page.getByText('Add a provider', { exact: true }).click();
  await field(page, 'Slug').fill('acme');
  await field(page, 'Issuer').fill(provider.issuer);
  await field(page, 'Name').fill('Acme');
  await field(page, 'Client ID').fill('latchkey');
  await field(page, 'Client secret').fill('a-secret');
  await field(page, 'Where it may be').selectOption('true');
  await press(page, 'Add provider');
  await expect(rows(page).getByRole('cell')).toHaveText(['Acme', provider.issuer, 'closed', '0', 'active', /UTC$/]);
  await expect(field(page, 'Client secret')).toHaveValue('');

  await rows(page).getByRole('link').click();
  await expect(page.getByText(`${server.url}/auth/upstream/acme/callback`)).toBeVisible();
  await field(page, 'Name').fill('Acme Works');
  await field(page, 'New accounts').selectOption('domains');
  await field(page, 'Domains').fill('example.org\nexample.net');
  await press(page, 'Save settings');
  await expect(page.getByText('Saved. The settings apply to the next sign-in.')).toBeVisible();
  const stranger = await (await newContext({ baseURL: server.url })).newPage();
  const button = stranger.getByRole('button', { name: 'Sign in with Acme Works', exact: true });
  await visit(stranger, '/login');
  await expect(button).toBeVisible();

  await pressAndConfirm(page, 'Disable the provider');
  await expect(page.getByRole('main').getByText('disabled', { exact: true })).toBeVisible();
  await visit(stranger, '/login');
  await expect(button).toBeHidden();
  await press(page, 'Enable the provider');
  await expect(page.getByRole('main').getByText('active', { exact: true })).toBeVisible();
  await page.reload();
  await expect(field(page, 'Domains')).toHaveValue('example.org\nexample.net');
  await pressAndConfirm(page, 'Remove the provider');
  await expect(page).toHaveURL('/admin/providers');
  await expect(page.getByText('There are no providers.')).toBeVisible();
  provider.stop();
});

test('a provider that can’t be asked about itself is refused in words', async ({ page, freshServer: server, expectConsole }) => {
  expectConsole(/status of 422.*\/api\/admin\/providers\/add/);
  const ada = newAccount();
  server.addUser(ada, 'admin');
  const provider = await StubProvider.start(server);
  await openAs(page, ada, '/admin/providers');
  await page.getByText('Add a provider', { exact: true }).click();
  await field(page, 'Slug').fill('acme');
  await field(page, 'Issuer').fill(`${provider.issuer}/`);
  await field(page, 'Name').fill('Acme');
  await field(page, 'Client ID').fill('latchkey');
  await field(page, 'Where it may be').selectOption('true');
  await press(page, 'Add provider');
  await expect(field(page, 'Issuer')).toHaveAccessibleDescription(new RegExp(`The provider calls itself "${provider.issuer}"`));
  // What was typed stays.
  await expect(field(page, 'Slug')).toHaveValue('acme');
  provider.stop();
});
