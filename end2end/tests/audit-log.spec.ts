import { readFileSync } from 'node:fs';
import { ApiClient } from '../support/api.ts';
import { expect, fillSignIn, follow, newAccount, openAs, press, test, visit, type Account, type Page, type Server } from '../support/fixtures.ts';

const MOMENT = /^.+, \d+ \w+ \d{4} at \d{2}:\d{2} UTC$/;
const DAY = 86_400_000;

const rows = (page: Page) => page.getByRole('region', { name: 'Events' }).getByRole('row').filter({ has: page.getByRole('cell') });
const kinds = (page: Page) => page.getByRole('region', { name: 'Events' }).locator('tbody td:nth-child(2)');
const pages = (page: Page) => page.getByRole('navigation', { name: 'Pages' }).getByRole('link');
const day = (at: number) => new Date(at).toISOString().slice(0, 10);

async function asAdmin(page: Page, server: Server): Promise<Account & { id: string }> {
  const ada = newAccount();
  const id = server.addUser(ada, 'admin');
  await openAs(page, ada);
  return { ...ada, id };
}

async function filter(page: Page, by: { event?: string; account?: string; from?: string; before?: string }): Promise<void> {
  await visit(page, '/admin/audit');
  if (by.event) await page.getByLabel('Event', { exact: true }).selectOption(by.event);
  if (by.account) await page.getByLabel('Account ID', { exact: true }).fill(by.account);
  if (by.from) await page.getByLabel('From', { exact: true }).fill(by.from);
  if (by.before) await page.getByLabel('Before', { exact: true }).fill(by.before);
  await press(page, 'Show');
  await expect(page).toHaveURL((url) => url.searchParams.has('event'));
}

test('the newest event is listed first, with who did it, whose account it is, and from where', async ({ page, server }) => {
  const ada = await asAdmin(page, server);
  const grace = newAccount('Grace Hopper');
  const id = server.addUser(grace);
  const admin = await ApiClient.signIn(server, ada);
  await admin.call('/api/admin/users/set_roles', { user_id: id, roles: 'editor' });
  await visit(page, '/admin/audit');
  const newest = rows(page).first().getByRole('cell');
  await expect(newest).toHaveText([MOMENT, 'Roles changed', ada.email, grace.email, /127\.0\.0\.1$/, 'from: member, to: member editor']);
  await newest.nth(3).getByRole('link').click();
  await expect(page).toHaveURL(`/admin/users/${id}`);
});

test('the log is filtered by event, by account and by time', async ({ page, server }) => {
  await asAdmin(page, server);
  const grace = newAccount('Grace Hopper');
  const id = server.addUser(grace);
  await expect(ApiClient.signIn(server, { ...grace, password: 'not this one' })).rejects.toThrow('401');
  await ApiClient.signIn(server, grace);

  await filter(page, { account: id });
  await expect(kinds(page)).toHaveText(['Signed in', 'Sign in failed', 'Account created']);
  await expect(rows(page).first().getByRole('cell').last()).toHaveText('factors: password, method: password');
  // A day more on both sides: the test may run at midnight.
  await filter(page, { account: id, event: 'Sign in failed', from: day(Date.now() - DAY), before: day(Date.now() + 2 * DAY) });
  await expect(kinds(page)).toHaveText(['Sign in failed']);
  await expect(rows(page).getByRole('cell').last()).toHaveText('why: wrong_password');
  await expect(page.getByLabel('Event', { exact: true })).toHaveValue('sign_in_failed');
  await filter(page, { event: 'Sign in failed' });
  await expect(kinds(page).first()).toHaveText('Sign in failed');
  await expect(kinds(page).filter({ hasNotText: 'Sign in failed' })).toHaveCount(0);
  await filter(page, { account: id, from: day(Date.now() + 2 * DAY) });
  await expect(page.getByRole('region', { name: 'Events' })).toBeVisible();
  await expect(rows(page)).toHaveCount(0);
});

test('a long log has a next page within its filter and a way back to its first, and is downloaded whole', async ({ page, server }) => {
  const ada = await asAdmin(page, server);
  const client = await ApiClient.signIn(server, ada);
  for (let n = 1; n <= 53; n += 1) await client.call('/api/account/update_profile', { display_name: `Ada ${n}` });

  await filter(page, { account: ada.id, event: 'Profile changed' });
  await expect(rows(page)).toHaveCount(50);
  const started = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Download as JSON lines' }).click();
  const download = await started;
  expect(download.suggestedFilename()).toBe('audit.jsonl');
  const lines = readFileSync(await download.path(), 'utf8').trimEnd().split('\n');
  const events = lines.map((line) => JSON.parse(line));
  expect(events).toHaveLength(53);
  for (const event of events) {
    expect(event).toMatchObject({ event: 'profile_changed', ip: '127.0.0.1', actor: { id: ada.id, email: ada.email }, subject: { id: ada.id } });
  }
  expect(events.map(({ id }) => id)).toEqual(events.map(({ id }) => id).sort((one, other) => other - one));

  await expect(pages(page)).toHaveText(['Next page']);
  await pages(page).click();
  await expect(rows(page)).toHaveCount(3);
  await expect(kinds(page)).toHaveText(Array(3).fill('Profile changed'));
  await expect(pages(page)).toHaveText(['First page']);
  await pages(page).click();
  await expect(rows(page)).toHaveCount(50);
});

test('the page says what is wrong with an address', async ({ page, server, expectConsole }) => {
  expectConsole(/status of (400|404|422).*\/api\/admin\//, { optional: true });
  await asAdmin(page, server);
  for (const [path, problem] of [
    ['/admin/audit?user_id=nobody', 'This is not a valid account ID.'],
    ['/admin/audit?event=party', 'There is no event of this name.'],
    ['/admin/users?cursor=AAAA', 'Start from its first page.'],
    ['/admin/users/01a20200-1ee0-7850-8c65-50e180ddcac6', 'This no longer exists. It may have been deleted.'],
    ['/admin/users/nobody', 'This no longer exists. It may have been deleted.'],
  ]) {
    await visit(page, path);
    await expect(page.getByRole('main').getByRole('alert').first(), path).toContainText(problem);
    await expect(page.getByRole('main').getByRole('row'), path).toHaveCount(0);
    await expect(page.getByRole('button', { name: 'Delete the account' }), path).toHaveCount(0);
  }
});

test('a download without a session shows the sign-in page, saves nothing, and leads back to the same part of the log', async ({ page, context, server }) => {
  const ada = await asAdmin(page, server);
  await filter(page, { account: ada.id, event: 'Signed in' });
  await expect(kinds(page)).toHaveText(['Signed in']);
  // A refresh that is still on its way would bring the cookie back.
  await page.waitForLoadState('networkidle');
  await context.clearCookies();
  let downloads = 0;
  page.on('download', () => (downloads += 1));
  await page.getByRole('link', { name: 'Download as JSON lines' }).click();
  await fillSignIn(page, ada);
  await press(page, 'Sign in');
  await expect(page).toHaveURL((url) => url.pathname === '/admin/audit' && url.searchParams.get('event') === 'signed_in');
  await expect(kinds(page)).toHaveText(['Signed in', 'Signed in']);
  expect(downloads).toBe(0);
  const started = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Download as JSON lines' }).click();
  expect(readFileSync(await (await started).path(), 'utf8').trimEnd().split('\n')).toHaveLength(2);
});

test('the filter, the list and the download follow the address within the app', async ({ page, server }) => {
  const ada = await asAdmin(page, server);
  const download = page.getByRole('link', { name: 'Download as JSON lines' });
  const expectFilter = async (event: string, account: string) => {
    await expect(page.getByLabel('Event', { exact: true })).toHaveValue(event);
    await expect(page.getByLabel('Account ID', { exact: true })).toHaveValue(account);
    const query = new URL((await download.getAttribute('href'))!, page.url()).searchParams;
    expect([query.get('event') ?? '', query.get('user_id') ?? '']).toEqual([event, account]);
  };
  await filter(page, { account: ada.id, event: 'Signed in' });
  await expect(kinds(page)).toHaveText(['Signed in']);
  await page.getByLabel('Account ID', { exact: true }).fill('typed and not sent');
  await follow(page, 'Audit log');
  await expect(page).toHaveURL('/admin/audit');
  await expect(kinds(page).filter({ hasNotText: 'Signed in' }).first()).toBeVisible();
  await expectFilter('', '');
  await page.goBack();
  await expect(kinds(page)).toHaveText(['Signed in']);
  await expectFilter('signed_in', ada.id);
});
