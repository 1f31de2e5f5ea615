import { readFileSync } from 'node:fs';
import { ApiClient } from '../support/api.ts';
import { arriveAs, expect, fillSignIn, press, signIn, somebody, test, visit, type Account, type Page, type Server } from '../support/fixtures.ts';

const MINUTE = /^\d{4}-\d{2}-\d{2} \d{2}:\d{2} UTC$/;
const DAY = 86_400_000;

const rows = (page: Page) => page.getByRole('region', { name: 'Events' }).getByRole('row').filter({ has: page.getByRole('cell') });
const kinds = (page: Page) => page.getByRole('region', { name: 'Events' }).locator('tbody td:nth-child(2)');
const pages = (page: Page) => page.getByRole('navigation', { name: 'Pages' }).getByRole('link');
const day = (at: number) => new Date(at).toISOString().slice(0, 10);

async function asAdmin(page: Page, server: Server): Promise<Account & { id: string }> {
  const ada = somebody();
  const id = server.addUser(ada, 'admin');
  await signIn(page, ada);
  return { ...ada, id };
}

async function ask(page: Page, filter: { event?: string; person?: string; from?: string; before?: string }): Promise<void> {
  await visit(page, '/admin/audit');
  if (filter.event) await page.getByLabel('Event', { exact: true }).selectOption(filter.event);
  if (filter.person) await page.getByLabel('Account (id)', { exact: true }).fill(filter.person);
  if (filter.from) await page.getByLabel('From', { exact: true }).fill(filter.from);
  if (filter.before) await page.getByLabel('Before', { exact: true }).fill(filter.before);
  await press(page, 'Show');
  await expect(page).toHaveURL((url) => url.searchParams.has('event'));
}

test('what was just done is listed first, with who did it, whose account it is, and from where', async ({ page, server }) => {
  const ada = await asAdmin(page, server);
  const grace = somebody('Grace Hopper');
  const id = server.addUser(grace);
  const admin = await ApiClient.signIn(server, ada);
  await admin.call('/api/admin/users/set_roles', { user_id: id, roles: 'editor' });
  await visit(page, '/admin/audit');
  const newest = rows(page).first().getByRole('cell');
  await expect(newest).toHaveText([MINUTE, 'Roles changed', ada.email, grace.email, /127\.0\.0\.1$/, 'from: member, to: member editor']);
  await newest.nth(3).getByRole('link').click();
  await expect(page).toHaveURL(`/admin/users/${id}`);
});

test('the log is filtered by event, by person, and by both', async ({ page, server, newContext, javaScriptEnabled, expectConsole }) => {
  if (javaScriptEnabled) expectConsole(/status of 401.*\/api\/auth\/login/);
  await asAdmin(page, server);
  const grace = somebody('Grace Hopper');
  const id = server.addUser(grace);
  const other = await (await newContext()).newPage();
  await visit(other, '/login');
  await fillSignIn(other, { ...grace, password: 'not this one' });
  await press(other, 'Sign in');
  await expect(other.getByRole('alert')).toBeVisible();
  await signIn(other, grace);

  await ask(page, { person: id });
  await expect(kinds(page)).toHaveText(['Signed in', 'Sign in failed', 'Account created']);
  await ask(page, { person: id, event: 'Sign in failed' });
  await expect(kinds(page)).toHaveText(['Sign in failed']);
  await expect(rows(page).getByRole('cell').last()).toHaveText('why: wrong_password');
  await expect(page.getByLabel('Event', { exact: true })).toHaveValue('sign_in_failed');
  await ask(page, { event: 'Sign in failed' });
  await expect(kinds(page).first()).toHaveText('Sign in failed');
  await expect(kinds(page).filter({ hasNotText: 'Sign in failed' })).toHaveCount(0);
});

test('the log is filtered by time', async ({ page, server }) => {
  const { id } = await asAdmin(page, server);
  // A day more on both sides: the test may run at midnight.
  const [before, after] = [day(Date.now() - DAY), day(Date.now() + 2 * DAY)];
  const all = ['Signed in', 'Account created'];
  await ask(page, { person: id, from: before, before: after });
  await expect(kinds(page)).toHaveText(all);
  await ask(page, { person: id, from: before });
  await expect(kinds(page)).toHaveText(all);
  for (const nothing of [{ from: after }, { before }]) {
    await ask(page, { person: id, ...nothing });
    await expect(page.getByRole('region', { name: 'Events' })).toBeVisible();
    await expect(rows(page)).toHaveCount(0);
  }
});

for (const [query, problem] of [
  ['user_id=nobody', 'This is no id of an account.'],
  ['event=party', 'There is no event of this name.'],
]) {
  test(`what is wrong with ${query} is said`, async ({ page, server, javaScriptEnabled, expectConsole }) => {
    if (javaScriptEnabled) expectConsole(/status of 422.*\/api\/admin\/audit\/list/, { optional: true });
    await asAdmin(page, server);
    await visit(page, `/admin/audit?${query}`);
    await expect(page.getByRole('main').getByRole('alert')).toContainText(problem);
  });
}

test('a long log has a next page within its filter, and leads back to its first', async ({ page, server }) => {
  const ada = await asAdmin(page, server);
  const client = await ApiClient.signIn(server, ada);
  for (let n = 1; n <= 53; n += 1) await client.call('/api/account/update_profile', { display_name: `Ada ${n}` });

  await ask(page, { person: ada.id, event: 'Profile changed' });
  await expect(rows(page)).toHaveCount(50);
  await expect(pages(page)).toHaveText(['Next page']);
  await pages(page).click();
  await expect(rows(page)).toHaveCount(3);
  await expect(kinds(page)).toHaveText(Array(3).fill('Profile changed'));
  await expect(pages(page)).toHaveText(['First page']);
  await pages(page).click();
  await expect(rows(page)).toHaveCount(50);
});

test('what is shown is downloaded whole, as lines of JSON', async ({ page, server }) => {
  const ada = await asAdmin(page, server);
  const client = await ApiClient.signIn(server, ada);
  for (let n = 1; n <= 53; n += 1) await client.call('/api/account/update_profile', { display_name: `Ada ${n}` });

  await ask(page, { person: ada.id, event: 'Profile changed' });
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
});

test('a member downloads nothing of the log', async ({ page, server, expectConsole }) => {
  expectConsole(/status of 403.*\/admin\/audit\/export/);
  const ada = somebody();
  server.addUser(ada);
  await signIn(page, ada);
  const response = await page.goto('/admin/audit/export');
  expect(response?.status()).toBe(403);
  expect(await response?.text()).not.toContain('"event"');
});

test('a person sees what happened to their own account, and nothing of others', async ({ page, server, newContext }) => {
  const [ada, grace] = [somebody('Ada Lovelace'), somebody('Grace Hopper')];
  server.addUser(ada);
  server.addUser(grace);
  await signIn(await (await newContext()).newPage(), grace);
  await arriveAs(page, ada, '/account');
  const activity = page.getByRole('region', { name: 'Recent activity' }).getByRole('listitem');
  await expect(activity).toHaveText([/^Signed in · \d{4}-\d{2}-\d{2} \d{2}:\d{2} UTC · Chrome on .+ · 127\.0\.0\.1$/, /^Account created · /]);
});

test('a long activity has a next page, and leads back to its first', async ({ page, server }) => {
  const ada = somebody();
  server.addUser(ada);
  const client = await ApiClient.signIn(server, ada);
  for (const name of [...'123456789', ada.name]) await client.call('/api/account/update_profile', { display_name: name });
  await arriveAs(page, ada, '/account');
  const activity = page.getByRole('region', { name: 'Recent activity' }).getByRole('listitem');
  await expect(activity).toHaveCount(10);
  await pages(page).filter({ hasText: 'Next page' }).click();
  await expect(activity).toHaveCount(3);
  await expect(activity.last()).toContainText('Account created');
  await pages(page).filter({ hasText: 'First page' }).click();
  await expect(activity).toHaveCount(10);
});
