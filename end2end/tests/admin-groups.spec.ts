import { byAddress, expect, follow, newAccount, openAs, press, pressAndConfirm, test, visit, type Account, type Page, type Server } from '../support/fixtures.ts';
import { addClient } from '../support/oauth.ts';

// A list shows all groups of the server: these tests have their own.
test.use({ baseURL: async ({ freshServer }, use) => use(freshServer.url) });

const field = (page: Page, label: string) => page.getByLabel(label, { exact: true });
const rows = (page: Page, label: string) => page.getByRole('region', { name: label }).getByRole('row').filter({ has: page.getByRole('cell') });

async function openAsAdmin(page: Page, server: Server, path: string): Promise<void> {
  const ada = newAccount();
  server.addUser(ada, 'admin');
  await openAs(page, ada, path);
}

async function addMember(page: Page, { email }: Account): Promise<void> {
  await field(page, 'Email').fill(email);
  await press(page, 'Add member');
  await expect(rows(page, 'Members').filter({ hasText: email })).toHaveCount(1);
}

test('a group is added, its members come and go, and it is removed', async ({ page, freshServer: server }) => {
  const people = byAddress(newAccount('Grace Hopper'), newAccount('Mary Somerville'));
  for (const person of people) server.addUser(person);
  await openAsAdmin(page, server, '/dashboard');
  await follow(page, 'Groups');
  await expect(page.getByText('There are no groups.')).toBeVisible();
  await field(page, 'Name').fill('staff');
  await press(page, 'Add group');
  await expect(rows(page, 'Groups').getByRole('cell')).toHaveText(['staff', '0', /UTC$/]);
  await expect(field(page, 'Name')).toHaveValue('');
  await rows(page, 'Groups').getByRole('link').click();
  await expect(page.getByText('Nobody is in this group.')).toBeVisible();
  for (const person of people) await addMember(page, person);
  await expect(field(page, 'Email')).toHaveValue('');

  const remove = rows(page, 'Members').getByRole('button', { name: 'Remove' });
  await pressAndConfirm(page, 'Remove', rows(page, 'Members').first());
  await expect(page.getByText(`${people[0].email} is no longer in this group.`)).toBeVisible();
  await expect(remove).toBeFocused();
  // Whoever was taken out can come back.
  await addMember(page, people[0]);
  await expect(rows(page, 'Members')).toHaveCount(2);

  await page.getByRole('navigation', { name: 'Breadcrumbs' }).getByRole('link', { name: 'Groups' }).click();
  await expect(rows(page, 'Groups').getByRole('cell')).toHaveText(['staff', '2', /UTC$/]);
  await page.goBack();
  await pressAndConfirm(page, 'Remove the group');
  await expect(page).toHaveURL('/admin/groups');
  await expect(page.getByText('There are no groups.')).toBeVisible();
});

test('when the last member goes the focus moves to the heading', async ({ page, freshServer: server }) => {
  const grace = newAccount('Grace Hopper');
  server.addUser(grace);
  await openAsAdmin(page, server, `/admin/groups/${server.addGroup('staff', grace)}`);
  await pressAndConfirm(page, 'Remove', rows(page, 'Members'));
  await expect(page.getByText('Nobody is in this group.')).toBeVisible();
  await expect(page.getByRole('heading', { level: 1 })).toBeFocused();
});

test('an address without an account, a name that is taken and a group that a client is for are refused in words', async ({ page, freshServer: server, expectConsole }) => {
  expectConsole(/status of 422.*\/api\/admin\/groups\/add_member/);
  expectConsole(/status of 422.*\/api\/admin\/groups\/add\b/);
  expectConsole(/status of 422.*\/api\/admin\/groups\/remove/);
  const id = server.addGroup('staff');
  addClient(server, 'native', '--redirect-uri', 'http://127.0.0.1/callback', '--group', 'staff');
  await openAsAdmin(page, server, '/admin/groups');
  await field(page, 'Name').fill('staff');
  await press(page, 'Add group');
  await expect(field(page, 'Name')).toHaveAccessibleDescription('There is a group of this name already.');
  await visit(page, `/admin/groups/${id}`);
  await field(page, 'Email').fill('nobody@example.org');
  await press(page, 'Add member');
  await expect(field(page, 'Email')).toHaveAccessibleDescription('There is no account with this email address.');
  await expect(page.getByRole('main').getByRole('link', { name: 'A native app' })).toBeVisible();
  await pressAndConfirm(page, 'Remove the group');
  await expect(page.getByText('These clients are for this group: A native app.')).toBeVisible();
});
