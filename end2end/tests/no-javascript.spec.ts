import { ApiClient } from '../support/api.ts';
import { expect, expectDashboard, expectSignedOut, fill, fillSignIn, follow, greeting, heading, isAt, newAccount, openAs, openAsNew, press, pressAndConfirm, reload, signIn, signInWithApi, signOut, signUp, test, visit, type Page } from '../support/fixtures.ts';
import { HOSTILE_TEXTS, escapeRegExp, hostileName } from '../support/hostile.ts';
import { FORBIDDEN, about } from '../support/pages.ts';
import { setupLink } from '../support/setup.ts';

// Each form and each way through the pages, once, in a real browser without JavaScript. What the server answers in each
// case is tested at the router: src/tests/no_javascript.rs and src/tests/page_access.rs.
test.use({ javaScriptEnabled: false });

const field = (page: Page, label: string) => page.getByLabel(label, { exact: true });

test('somebody signs up, stays signed in after a reload, and signs out; going back then shows nothing of the account', async ({ page, context }) => {
  const ada = newAccount('<img src=x onerror=alert(1)> "Ada" & Éva </script>');
  await signUp(page, ada);
  await reload(page);
  await expect(greeting(page, ada.name)).toBeVisible();
  await expect(page.getByRole('img')).toHaveCount(0);
  expect((await context.cookies()).map(({ name, httpOnly, secure, sameSite }) => ({ name, httpOnly, secure, sameSite }))).toEqual([{ name: '__Host-latchkey', httpOnly: true, secure: true, sameSite: 'Lax' }]);
  await follow(page, 'Account');
  await expect(page.getByText(ada.email)).toBeVisible();
  await signOut(page);
  expect((await context.cookies()).map(({ name }) => name)).toEqual(['__Host-latchkey-device']);
  for (const _ of ['account', 'dashboard']) {
    await page.goBack();
    await expect(page.getByRole('button', { name: 'Sign in', exact: true })).toBeVisible();
    await expect(page.getByText(ada.email)).toHaveCount(0);
  }
  await visit(page, '/dashboard');
  await expect(page).toHaveURL(isAt('/login'));
});

test('an anonymous deep link leads to the sign-in page and, even after a wrong password, back with its query', async ({ page, server }) => {
  const ada = newAccount();
  server.addUser(ada);
  const link = '/account?from=a%20letter&and=%26more';
  await visit(page, link);
  await expect(heading(page)).toHaveText('Sign in');
  await fillSignIn(page, { ...ada, password: 'not this one' });
  await press(page, 'Sign in');
  await expect(page.getByRole('alert')).toHaveText('The email or password is incorrect.');
  await expect(page).toHaveTitle('Error: Sign in · Latchkey');
  await expect(field(page, 'Email')).toHaveValue(ada.email);
  await expect(field(page, 'Password')).toHaveValue('');
  await fill(page, { password: ada.password });
  await page.keyboard.press('Enter');
  await expect(heading(page)).toHaveText('Your account');
  await expect(page).toHaveURL(link);
});

test('the alert names all fields that need attention and leads to each, is shown once, and leaves no trace in an address', async ({ page }) => {
  const addresses: string[] = [];
  page.on('framenavigated', (frame) => addresses.push(frame.url()));
  await visit(page, '/register');
  await fill(page, { email: 'ada@example.org', name: ' ', password: 'short' });
  await press(page, 'Create account');
  await expect(page).toHaveURL('/register');
  const alert = page.getByRole('alert');
  await expect(alert).toContainText('Check the fields below.');
  await expect(alert.getByRole('link')).toHaveText(['Display name', 'Password']);
  await expect(field(page, 'Email')).toHaveValue('ada@example.org');
  await expect(field(page, 'Password')).toHaveValue('');
  await alert.getByRole('link', { name: 'Password' }).click();
  await expect(field(page, 'Password')).toBeFocused();
  await expect(field(page, 'Password')).toHaveAccessibleDescription(/Use at least 8 characters\./);
  await reload(page);
  await expect(alert).toHaveCount(0);
  expect(addresses.filter((address) => /err|example|ada|short/i.test(address))).toEqual([]);
});

test('the first press of the Tab key reaches a link that skips to the content', async ({ page }) => {
  await openAsNew(page, newAccount());
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Skip to content' })).toBeFocused();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Open your account' })).toBeFocused();
});

test('a page on which something can be changed says that this needs JavaScript', async ({ page, server }) => {
  const ada = newAccount();
  const subjects = server.addSubjects(ada, 'editor admin');
  await signInWithApi(page, ada);
  // Changes need an access token, which only a script holds.
  for (const path of ['/account', '/account/password', '/account/sessions', '/account/apps', '/notices/edit', '/admin/users', '/admin/users/:user', '/admin/groups', '/admin/groups/:group', '/admin/clients', '/admin/clients/:client', '/admin/providers', '/admin/providers/:provider', '/admin/keys']) {
    await visit(page, about(subjects, path));
    await expect(heading(page)).toBeVisible();
    await expect(page.getByRole('main').getByText(/needs? JavaScript/).first(), path).toBeVisible();
  }
});

test('an anonymous link to a page of a role leads through sign-in to the refusal', async ({ page, server, expectConsole }) => {
  expectConsole(/status of 403.*\/admin\/keys/);
  const ada = newAccount();
  server.addUser(ada);
  await visit(page, '/admin/keys');
  await fillSignIn(page, ada);
  await press(page, 'Sign in');
  await expect(page).toHaveURL('/admin/keys');
  await expect(heading(page)).toHaveText(FORBIDDEN.heading);
  await page.getByRole('link', { name: 'Go to your dashboard' }).click();
  await expectDashboard(page, ada);
});

test('five tabs stay signed in, and a sign-out in one reaches the others when they are reloaded', async ({ page, context }) => {
  const ada = newAccount();
  await openAsNew(page, ada);
  const tabs = await Promise.all(Array.from({ length: 5 }, () => context.newPage()));
  await Promise.all(tabs.map((tab) => visit(tab, '/account')));
  await Promise.all(tabs.map((tab) => reload(tab)));
  await Promise.all(tabs.map((tab) => expect(tab.getByText(ada.email)).toBeVisible()));
  await signOut(page);
  await Promise.all(tabs.map((tab) => reload(tab)));
  for (const tab of tabs) {
    await expect(tab).toHaveURL(isAt('/login'));
    await expect(tab.getByText(ada.email)).toHaveCount(0);
  }
});

test('a browser whose session is revoked in another browser is told so at its next page', async ({ page, newContext, server }) => {
  const ada = newAccount();
  server.addUser(ada);
  await openAs(page, ada);
  const other = await (await newContext({ javaScriptEnabled: true })).newPage();
  await openAs(other, ada, '/account/sessions');
  await pressAndConfirm(other, 'End all other sessions');
  await expect(other.getByRole('button', { name: 'End all other sessions' })).toHaveCount(0);
  await follow(page, 'Account');
  await expectSignedOut(page, 'You signed out on another device.', '/account');
  await signIn(page, ada);
});

test('an invited person makes a mistake, accepts the invitation and finds it used up', async ({ page, server }) => {
  const [ada, grace] = [newAccount(), newAccount('Grace Hopper')];
  server.addUser(ada, 'admin');
  const admin = await ApiClient.signIn(server, ada);
  const { link } = await admin.call<{ link: string }>('/api/admin/users/invite', { email: grace.email, display_name: grace.name, roles: 'member editor' });
  await visit(page, link);
  await expect(page.getByText(`Choose a password for ${grace.email}.`)).toBeVisible();
  await fill(page, { name: grace.name, password: 'short' });
  await press(page, 'Sign in');
  await expect(page.getByRole('alert').getByRole('listitem')).toHaveText('Password: Use at least 8 characters.');
  await expect(field(page, 'Display name')).toHaveValue(grace.name);
  await fill(page, { password: grace.password });
  await press(page, 'Sign in');
  await expectDashboard(page, grace);
  await expect(page.getByRole('region', { name: 'Editing' })).toBeVisible();
  await visit(page, link);
  await expect(page.getByText('This invitation was used or has expired.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Sign in' })).toHaveCount(0);
});

test.describe('with a server of its own', () => {
  test.use({ baseURL: async ({ freshServer }, use) => use(freshServer.url) });

  test('the setup link makes the first administrator, who is still signed in after a restart of the server', async ({ page, freshServer }) => {
    const ada = newAccount();
    await visit(page, await setupLink(freshServer));
    await fill(page, { ...ada, password: 'short' });
    await press(page, 'Create administrator');
    await expect(page.getByRole('alert')).toContainText('Use at least 8 characters.');
    await fill(page, { password: ada.password });
    await press(page, 'Create administrator');
    await expectDashboard(page, ada);
    await expect(page.getByRole('region', { name: 'Administration' })).toBeVisible();
    await freshServer.stop('SIGKILL');
    await freshServer.start();
    await follow(page, 'Accounts');
    await expect(page.getByRole('region', { name: 'Accounts' })).toContainText(ada.email);
  });
});

test('lists are filtered, searched and leafed through with links and forms', async ({ page, server }) => {
  const ada = newAccount();
  const id = server.addUser(ada, 'admin');
  const client = await ApiClient.signIn(server, ada);
  for (const name of [...'123456789', ada.name]) await client.call('/api/account/update_profile', { display_name: name });
  await openAs(page, ada, '/account');
  const activity = page.getByRole('region', { name: 'Recent activity' }).getByRole('listitem');
  await expect(activity).toHaveCount(10);
  await page.getByRole('link', { name: 'Next page' }).click();
  await expect(activity).toHaveCount(3);
  await page.getByRole('link', { name: 'First page' }).click();
  await expect(activity).toHaveCount(10);

  await visit(page, '/admin/users');
  await page.getByRole('searchbox').fill(ada.email.toUpperCase());
  await press(page, 'Search');
  await page.getByRole('link', { name: ada.email }).click();
  await expect(page).toHaveURL(`/admin/users/${id}`);

  await visit(page, '/admin/audit');
  await field(page, 'Event').selectOption('Profile changed');
  await field(page, 'Account ID').fill(id);
  await press(page, 'Show');
  await expect(page.getByRole('region', { name: 'Events' }).locator('tbody tr')).toHaveCount(10);
  await expect(field(page, 'Event')).toHaveValue('profile_changed');
});

test('markup in a notice is text', async ({ page, server }) => {
  const tag = newAccount().email;
  for (const text of HOSTILE_TEXTS) {
    const grace = newAccount(hostileName(text));
    server.addUser(grace, 'editor');
    const editor = await ApiClient.signIn(server, grace);
    await editor.call('/api/notices/publish', { title: `${tag} ${text}`, body: `First.\n\n${text}\n\nLast.` });
  }
  await openAsNew(page, newAccount(), '/notices');
  for (const text of HOSTILE_TEXTS) {
    const shown = page.getByRole('article').filter({ has: page.getByRole('heading', { name: `${tag} ${text}`, exact: true }) });
    await expect(shown.getByRole('paragraph')).toHaveText([new RegExp(`^${escapeRegExp(hostileName(text))} · .*UTC$`), 'First.', text, 'Last.']);
  }
  await expect(page.getByRole('article').locator('script, img, a, form, input, h1')).toHaveCount(0);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(['Notices']);
});
