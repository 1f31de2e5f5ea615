import { arriveAs, expect, fill, greeting, press, reload, somebody, test, visit, type Page, type Server } from '../support/fixtures.ts';

const link = (page: Page) => page.getByText(/\/invitation\?token=/);

async function openForm(page: Page, server: Server): Promise<void> {
  const ada = somebody();
  server.addUser(ada, 'admin');
  await arriveAs(page, ada, '/admin/users');
  await page.getByText('Make an account for somebody', { exact: true }).click();
}

test('an administrator makes an account, and its owner accepts the link in another browser', async ({ page, newContext, server }) => {
  const grace = somebody('Grace Hopper');
  await openForm(page, server);
  await fill(page, { email: grace.email, name: 'Somebody' });
  await page.getByLabel('Roles', { exact: true }).selectOption('member, editor');
  await press(page, 'Make the account');
  const said = page.getByRole('status').filter({ hasText: 'Hand this link to its owner' });
  await expect(said).toContainText(grace.email);
  await expect(said).toContainText(/It works once, until \d{4}-\d{2}-\d{2} \d{2}:\d{2} UTC/);
  const address = await link(page).innerText();
  expect(address).toMatch(new RegExp(`^${server.url}/invitation\\?token=[\\w-]{40,}$`));

  const other = await (await newContext()).newPage();
  await visit(other, address);
  await fill(other, { name: grace.name, password: grace.password });
  await press(other, 'Sign in');
  await expect(greeting(other, grace.name)).toBeVisible();
  await expect(other.getByRole('region', { name: 'Editing' })).toBeVisible();
  await expect(other).toHaveURL('/dashboard');
});

test('the link is shown once', async ({ page, server }) => {
  const grace = somebody('Grace Hopper');
  await openForm(page, server);
  await fill(page, { email: grace.email, name: grace.name });
  await press(page, 'Make the account');
  await expect(link(page)).toBeVisible();
  await reload(page);
  await expect(page.getByText(grace.email)).toBeVisible();
  await expect(link(page)).toHaveCount(0);
  expect(await page.content()).not.toContain('invitation?token=');
});

test('the new account is in the list at once, as one that was not accepted yet', async ({ page, server }) => {
  const grace = somebody('Grace Hopper');
  await openForm(page, server);
  await visit(page, `/admin/users?query=${grace.email}`);
  await page.getByText('Make an account for somebody', { exact: true }).click();
  await fill(page, { email: grace.email, name: grace.name });
  await press(page, 'Make the account');
  await expect(link(page)).toBeVisible();
  const row = page.getByRole('region', { name: 'Accounts' }).getByRole('row').filter({ hasText: grace.email });
  await expect(row.getByRole('cell').nth(3)).toHaveText('invited');
  await expect(link(page)).toBeVisible();
});

test('an address that has an account is refused at its field', async ({ page, server, expectConsole }) => {
  expectConsole(/status of 409.*\/api\/admin\/users\/invite/);
  const grace = somebody('Grace Hopper');
  server.addUser(grace);
  await openForm(page, server);
  await fill(page, { email: grace.email, name: grace.name });
  await press(page, 'Make the account');
  await expect(page.getByLabel('Email', { exact: true })).toHaveAccessibleDescription(/There is an account with this email address already\./);
  await expect(link(page)).toHaveCount(0);
});
