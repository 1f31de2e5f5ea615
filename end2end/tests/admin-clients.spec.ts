import { generateKeyPairSync } from 'node:crypto';
import { byAddress, confirm, expect, follow, newAccount, openAs, press, pressAndConfirm, reload, signInWithApi, test, visit, type Account, type Page, type Server } from '../support/fixtures.ts';
import { App, VERIFIER, addClient, answerAt, requestOf, type Client } from '../support/oauth.ts';

// A list shows all clients of the server: these tests have their own.
test.use({ baseURL: async ({ freshServer }, use) => use(freshServer.url) });

const CALLBACK = 'https://wiki.example.org/callback';

const field = (page: Page, label: string) => page.getByLabel(label, { exact: true });
const rows = (page: Page, label: string) => page.getByRole('region', { name: label }).getByRole('row').filter({ has: page.getByRole('cell') });
const codes = (page: Page) => page.getByRole('status').getByRole('code');

async function openAsAdmin(page: Page, server: Server, path: string): Promise<Account> {
  const ada = newAccount();
  server.addUser(ada, 'admin');
  await openAs(page, ada, path);
  return ada;
}

/** Redeems a code as the app does. */
async function redeem(server: Server, { client_id, client_secret }: Client, code: string, redirect_uri: string): Promise<number> {
  const body = new URLSearchParams({ grant_type: 'authorization_code', code, redirect_uri, code_verifier: VERIFIER, client_id, client_secret: client_secret! });
  return (await fetch(`${server.url}/oauth/token`, { method: 'POST', body })).status;
}

/** Signs somebody in to a client that needs no consent. */
async function use(page: Page, server: Server, client_id: string, redirect_uri: string, account: Account): Promise<void> {
  server.addUser(account);
  await signInWithApi(page, account);
  const answer = await page.request.get(requestOf(client_id, redirect_uri), { maxRedirects: 0 });
  expect(answer.headers()['location']).toContain('code=');
}

test('an app signs people in with what an administrator was shown once when adding it', async ({ page, freshServer: server }) => {
  const app = await App.start();
  await openAsAdmin(page, server, '/dashboard');
  await follow(page, 'Clients');
  await expect(page.getByText('No client is registered.')).toBeVisible();
  await page.getByText('Add a client', { exact: true }).click();
  await field(page, 'Name').fill('Wiki');
  await field(page, 'Redirect URIs').fill(`${CALLBACK}\n${app.callback}`);
  await field(page, 'Consent').selectOption({ label: 'Nobody is asked: it is trusted' });
  await press(page, 'Add client');
  await expect(codes(page)).toHaveCount(2);
  const [client_id, client_secret] = await codes(page).allInnerTexts();
  await expect(rows(page, 'Clients').getByRole('cell')).toHaveText(['Wiki', 'web', 'not asked', 'active', /UTC$/]);
  await expect(field(page, 'Name')).toHaveValue('');

  await page.goto(requestOf(client_id, app.callback));
  const code = (await answerAt(page, app.callback)).searchParams.get('code')!;
  expect(await redeem(server, { client_id, client_secret }, code, app.callback)).toBe(200);
  await visit(page, '/admin/clients');
  await expect(page.getByText(client_secret)).toHaveCount(0);
  app.stop();
});

test('a mistake in a client is said beside its field, and what was typed stays', async ({ page, freshServer: server, expectConsole }) => {
  expectConsole(/status of 422.*\/api\/admin\/clients\/add/);
  await openAsAdmin(page, server, '/admin/clients');
  await page.getByText('Add a client', { exact: true }).click();
  await field(page, 'Name').fill('Wiki');
  await field(page, 'Redirect URIs').fill('https://*.example.org/');
  await press(page, 'Add client');
  const summary = page.getByRole('main').getByRole('alert').filter({ hasText: 'Redirect URIs' });
  await expect(summary).toBeFocused();
  await summary.getByRole('link', { name: 'Redirect URIs' }).click();
  await expect(field(page, 'Redirect URIs')).toBeFocused();
  await expect(field(page, 'Redirect URIs')).toHaveAccessibleDescription(/https:\/\/\*\.example\.org\/: The host is missing or is not written plainly\./);
  await expect(field(page, 'Name')).toHaveValue('Wiki');
  await field(page, 'Redirect URIs').fill(CALLBACK);
  await press(page, 'Add client');
  await expect(rows(page, 'Clients')).toHaveCount(1);
});

test('settings are changed and emptied, and stay after a reload', async ({ page, freshServer: server }) => {
  const { client_id } = addClient(server, 'web', '--redirect-uri', CALLBACK, '--developer', 'Example Ltd');
  server.addGroup('staff');
  await openAsAdmin(page, server, `/admin/clients/${client_id}`);
  await field(page, 'Name').fill('Wiki');
  await field(page, 'Developer').fill('');
  await field(page, 'Redirect URIs').fill(`${CALLBACK}\nhttps://wiki.example.org/other`);
  await field(page, 'Groups').fill('staff');
  await press(page, 'Save settings');
  await expect(page.getByText('Saved. The settings apply at once.')).toBeVisible();
  await expect(page.getByRole('main').getByText('Wiki', { exact: true })).toBeVisible();
  await reload(page);
  await expect(field(page, 'Name')).toHaveValue('Wiki');
  await expect(field(page, 'Developer')).toHaveValue('');
  await expect(field(page, 'Redirect URIs')).toHaveValue(`${CALLBACK}\nhttps://wiki.example.org/other`);
  await expect(field(page, 'Groups')).toHaveValue('staff');
});

test('how a client proves who it is and how long its tokens live is set, and what does not fit is said beside its field', async ({ page, freshServer: server, expectConsole }) => {
  expectConsole(/status of 422.*\/api\/admin\/clients\/update/);
  const { client_id } = addClient(server, 'web', '--redirect-uri', CALLBACK);
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  await openAsAdmin(page, server, `/admin/clients/${client_id}`);
  await field(page, 'Proves who it is by').selectOption({ label: 'a signature' });
  await field(page, 'Access tokens live').fill('2m');
  await press(page, 'Save settings');
  await page.getByRole('alert').getByRole('link', { name: 'Public keys' }).click();
  await expect(field(page, 'Public keys')).toBeFocused();
  await expect(field(page, 'Public keys')).toHaveAccessibleDescription(/A client that signs needs its public keys here\./);
  await field(page, 'Public keys').fill(JSON.stringify({ keys: [publicKey.export({ format: 'jwk' })] }));
  await field(page, 'Authorization requests').selectOption({ label: 'Must be pushed (RFC 9126)' });
  await press(page, 'Save settings');
  await expect(page.getByText('This client needs no secret.')).toBeVisible();
  await reload(page);
  await expect(field(page, 'Proves who it is by')).toHaveValue('private_key_jwt');
  await expect(field(page, 'Authorization requests')).toHaveValue('true');
  await expect(field(page, 'Access tokens live')).toHaveValue('2m');
  await field(page, 'Proves who it is by').selectOption({ label: 'its secret, in the header' });
  await press(page, 'Save settings');
  await expect(page.getByRole('listitem').filter({ hasText: /^Made / })).toHaveCount(1);
});

test('a client that can keep no secret is not asked how it proves who it is, and its settings are saved', async ({ page, freshServer: server }) => {
  const { client_id } = addClient(server, 'browser', '--redirect-uri', CALLBACK);
  await openAsAdmin(page, server, `/admin/clients/${client_id}`);
  await expect(field(page, 'Proves who it is by')).toHaveCount(0);
  await field(page, 'Refresh tokens live at the longest').fill('7d');
  await press(page, 'Save settings');
  await expect(page.getByText('Saved. The settings apply at once.')).toBeVisible();
  await reload(page);
  await expect(field(page, 'Refresh tokens live at the longest')).toHaveValue('7d');
});

test('a secret is rotated for a day, and replaced at once when it has leaked', async ({ page, freshServer: server }) => {
  const { client_id } = addClient(server, 'web', '--redirect-uri', CALLBACK);
  await openAsAdmin(page, server, `/admin/clients/${client_id}`);
  const secrets = page.getByRole('listitem').filter({ hasText: /^Made / });
  await expect(secrets).toHaveCount(1);
  await pressAndConfirm(page, 'Rotate the secret');
  await expect(secrets).toHaveCount(2);
  await expect(secrets.filter({ hasText: ', ends ' })).toHaveCount(1);
  await expect(codes(page)).toHaveText([client_id, /^lks_/]);
  await pressAndConfirm(page, 'Replace a leaked secret');
  await expect(secrets).toHaveCount(1);
  await expect(codes(page)).toHaveText([client_id, /^lks_/]);
});

test('a client is disabled, enabled and removed, and each says what happens', async ({ page, freshServer: server }) => {
  const { client_id } = addClient(server, 'web', '--redirect-uri', CALLBACK);
  await openAsAdmin(page, server, `/admin/clients/${client_id}`);
  const state = page.getByRole('main').getByRole('definition').nth(3);
  await press(page, 'Disable the client');
  await expect(page.getByRole('alertdialog')).toContainText('“A web app” is signed out everywhere and signs nobody in until it is enabled again.');
  await confirm(page, 'Disable the client');
  await expect(state).toHaveText('disabled');
  await press(page, 'Enable the client');
  await expect(state).toHaveText('active');
  await press(page, 'Remove the client');
  await expect(page.getByRole('alertdialog')).toContainText("This can't be undone.");
  await confirm(page, 'Remove the client');
  await expect(page).toHaveURL('/admin/clients');
  await expect(page.getByText('No client is registered.')).toBeVisible();
});

test('who uses a client is listed, and when somebody loses it the focus moves to the next, and from the last to the heading', async ({ page, newContext, freshServer: server }) => {
  const callback = 'http://127.0.0.1/callback';
  const { client_id } = addClient(server, 'native', '--redirect-uri', callback, '--trusted');
  const people = byAddress(newAccount('Grace Hopper'), newAccount('Mary Somerville'));
  for (const person of people) await use(await (await newContext({ baseURL: server.url })).newPage(), server, client_id, callback, person);
  await openAsAdmin(page, server, `/admin/clients/${client_id}`);
  const users = rows(page, 'Who uses it');
  await expect(users.getByRole('link')).toHaveText(people.map(({ email }) => email));
  const revoke = users.getByRole('button', { name: 'Revoke' });
  await revoke.first().click();
  await expect(page.getByRole('alertdialog')).toContainText(`The client signs ${people[0].email} out`);
  await confirm(page, 'Revoke');
  await expect(users.getByRole('link')).toHaveText([people[1].email]);
  await expect(page.getByText(`${people[0].email} is signed out of this client.`)).toBeVisible();
  await expect(revoke).toBeFocused();
  await pressAndConfirm(page, 'Revoke');
  await expect(page.getByText('Nobody uses this client.')).toBeVisible();
  await expect(page.getByRole('heading', { level: 1 })).toBeFocused();
});

test('a redirect URI that was refused stands beside the registered one', async ({ page, freshServer: server, expectConsole }) => {
  expectConsole(/status of 400.*\/oauth\/authorize/);
  const { client_id } = addClient(server, 'web', '--redirect-uri', CALLBACK);
  await openAsAdmin(page, server, '/dashboard');
  await page.goto(requestOf(client_id, `${CALLBACK}/`));
  await expect(page.getByText('asked to be answered at an address that is not registered.')).toBeVisible();
  await expect(page.getByText(CALLBACK)).toHaveCount(0);
  await visit(page, `/admin/clients/${client_id}`);
  await expect(rows(page, 'Refused redirect URIs').getByRole('cell')).toHaveText([`${CALLBACK}/`, CALLBACK, '1', /UTC$/]);
});
