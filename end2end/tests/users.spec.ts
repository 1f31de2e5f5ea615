import { ApiClient } from '../support/api.ts';
import { expect, press, signIn, somebody, test, visit, type Account, type Page, type Server } from '../support/fixtures.ts';

const row = (page: Page) => page.getByRole('region', { name: 'Accounts' }).getByRole('row').filter({ has: page.getByRole('link') });
const email = (page: Page) => row(page).getByRole('link');
const pages = (page: Page) => page.getByRole('navigation', { name: 'Pages' }).getByRole('link');

async function asAdmin(page: Page, server: Server): Promise<Account> {
  const ada = somebody();
  server.addUser(ada, 'admin');
  await signIn(page, ada);
  return ada;
}

async function search(page: Page, text: string): Promise<void> {
  await page.getByRole('searchbox', { name: 'Email or name begins with' }).fill(text);
  await press(page, 'Search');
  await expect(page).toHaveURL((url) => url.searchParams.get('query') === text);
}

test('an account is listed with its address, name, roles, state and day', async ({ page, server }) => {
  await asAdmin(page, server);
  const grace = somebody('Grace Hopper');
  server.addUser(grace, 'editor');
  await visit(page, '/admin/users');
  await search(page, grace.email);
  await expect(row(page).getByRole('cell')).toHaveText([grace.email, 'Grace Hopper', 'member, editor', 'active', /^\d{4}-\d{2}-\d{2} \d{2}:\d{2} UTC$/]);
});

test('accounts are found by the beginning of their address and of their name, in any letter case', async ({ page, server }) => {
  await asAdmin(page, server);
  const tag = somebody().email.split('@')[0];
  const zoe = { ...somebody(`Zoé ${tag}`), email: `a.${tag}@example.org` };
  const bob = { ...somebody('Bob'), email: `zoé.${tag}@example.org`.replace('é', 'e') };
  for (const account of [zoe, bob]) server.addUser(account);
  await visit(page, '/admin/users');
  for (const [text, found] of [
    [`a.${tag}`, [zoe]],
    [`A.${tag}`.toUpperCase(), [zoe]],
    [`zoe.${tag}`, [bob]],
    [`zoé ${tag}`, [zoe]],
    [`ZOÉ ${tag}`, [zoe]],
    [`${tag}.`, []],
    [`.${tag}`, []],
    [`%.${tag}`, []],
    [`_.${tag}`, []],
  ] as const) {
    await search(page, text);
    await expect(email(page), text).toHaveText(found.map(({ email }) => email));
    await expect(page.getByRole('searchbox')).toHaveValue(text);
  }
});

test('a long list has a next page, and leads back to its first', async ({ page, server }) => {
  const ada = await asAdmin(page, server);
  const admin = await ApiClient.signIn(server, ada);
  const tag = somebody().email.split('@')[0];
  const invited = Array.from({ length: 53 }, (_, n) => `${tag}.${String(n).padStart(2, '0')}@example.org`);
  for (const email of invited) await admin.call('/api/admin/users/invite', { email, display_name: 'Somebody' });

  await visit(page, `/admin/users?query=${tag}.`);
  await expect(email(page)).toHaveText(invited.slice(0, 50));
  await expect(pages(page)).toHaveText(['Next page']);
  await pages(page).filter({ hasText: 'Next page' }).click();
  await expect(email(page)).toHaveText(invited.slice(50));
  await expect(pages(page)).toHaveText(['First page']);
  await expect(page.getByRole('searchbox')).toHaveValue(`${tag}.`);
  await page.goBack();
  await expect(email(page)).toHaveText(invited.slice(0, 50));
  await page.goForward();
  await pages(page).filter({ hasText: 'First page' }).click();
  await expect(email(page)).toHaveText(invited.slice(0, 50));
});

test('a page of a list that an address makes up says so, and leads to the first', async ({ page, server, javaScriptEnabled, expectConsole }) => {
  if (javaScriptEnabled) expectConsole(/status of 400.*\/api\/admin\/users\/list/, { optional: true });
  await asAdmin(page, server);
  await visit(page, '/admin/users?cursor=AAAA');
  await expect(page.getByRole('main').getByRole('alert')).toContainText('Start from its first page.');
  await expect(row(page)).toHaveCount(0);
});

test('one account is shown with its sessions and what happened to it', async ({ page, newContext, server }) => {
  await asAdmin(page, server);
  const grace = somebody('Grace Hopper');
  const id = server.addUser(grace, 'editor');
  await visit(page, `/admin/users?query=${grace.email}`);
  await email(page).click();
  await expect(page).toHaveURL(`/admin/users/${id}`);
  await expect(page.getByRole('main').getByRole('definition')).toHaveText([grace.email, 'Grace Hopper', 'active', /UTC$/]);
  await expect(page.getByLabel('Roles', { exact: true })).toHaveValue('member editor');
  await expect(page.getByText('No live sessions.')).toBeVisible();

  await signIn(await (await newContext()).newPage(), grace);
  await visit(page, `/admin/users/${id}`);
  const cells = page.getByRole('region', { name: 'Live sessions' }).getByRole('cell');
  await expect(cells).toHaveText([/^Chrome on /, '127.0.0.1', /UTC$/, /UTC$/]);
  await expect(page.getByRole('region', { name: 'Recent events' }).getByRole('listitem')).toHaveText([/^Signed in · .*127\.0\.0\.1$/, /^Account created · /]);
});

test('an account that is not there is not found', async ({ page, server, javaScriptEnabled, expectConsole }) => {
  if (javaScriptEnabled) expectConsole(/status of 404.*\/api\/admin\/users\/get/, { optional: true });
  await asAdmin(page, server);
  for (const id of ['01a20200-1ee0-7850-8c65-50e180ddcac6', 'nobody']) {
    await visit(page, `/admin/users/${id}`);
    await expect(page.getByRole('main').getByRole('alert').first()).toContainText('There is no such thing.');
    await expect(page.getByRole('button', { name: 'Delete for good' })).toHaveCount(0);
  }
});
