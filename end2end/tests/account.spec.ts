import { ApiClient } from '../support/api.ts';
import { expect, fill, follow, greeting, newAccount, openAs, openAsNew, press, reload, signIn, signOut, test } from '../support/fixtures.ts';

const EVERYONE = { panels: ['Your account', 'Notices'], links: ['Dashboard', 'Notices', 'Account'] };
const ADMIN_LINKS = [...EVERYONE.links, 'Administration'];

const SHOWN = {
  member: EVERYONE,
  editor: { panels: [...EVERYONE.panels, 'Editing'], links: EVERYONE.links },
  admin: { panels: [...EVERYONE.panels, 'Administration'], links: ADMIN_LINKS },
  'editor admin': { panels: [...EVERYONE.panels, 'Editing', 'Administration'], links: ADMIN_LINKS },
};

test('after sign-in the dashboard shows the panels and links of the roles that one holds', async ({ page, server }) => {
  for (const [role, { panels, links }] of Object.entries(SHOWN)) {
    const ada = newAccount();
    server.addUser(ada, role);
    await signIn(page, ada);
    await expect(page.getByRole('region').getByRole('heading'), role).toHaveText(panels);
    await expect(page.getByRole('navigation', { name: 'Main' }).getByRole('link'), role).toHaveText(links);
    await signOut(page);
  }
});

test('a new name shows at once, on the dashboard too, and after a reload', async ({ page }) => {
  await openAsNew(page, newAccount('Ada Byron'));
  await follow(page, 'Account');
  await fill(page, { name: '  Ada Lovelace ' });
  await press(page, 'Save');
  await expect(page.getByRole('status').filter({ hasText: 'Saved.' })).toBeVisible();
  await follow(page, 'Dashboard');
  await expect(greeting(page, 'Ada Lovelace')).toBeVisible();
  await reload(page);
  await expect(greeting(page, 'Ada Lovelace')).toBeVisible();
  await follow(page, 'Account');
  await expect(page.getByLabel('Display name', { exact: true })).toHaveValue('Ada Lovelace');
});

test('the account page shows what it should, and saves a name although its access token is still on its way', async ({ page, server }) => {
  const ada = newAccount('Ada Byron');
  server.addUser(ada, 'editor admin');
  await openAs(page, ada, '/account');
  await fill(page, { name: 'Ada Lovelace' });
  await press(page, 'Save');
  await expect(page.getByText('Saved.')).toBeVisible();
  await expect(page.getByRole('definition').nth(0)).toHaveText(ada.email);
  await expect(page.getByRole('definition').nth(1)).toHaveText('member, editor, admin');
  await expect(page.getByRole('definition').nth(2)).toHaveText(/ UTC$/);
});

test('an invalid name is refused at its field, and the old one stays', async ({ page, expectConsole }) => {
  expectConsole(/status of 422.*\/api\/account\/update_profile/);
  const ada = newAccount();
  await openAsNew(page, ada, '/account');
  await fill(page, { name: '   ' });
  await press(page, 'Save');
  await expect(page.getByRole('main').getByRole('alert')).toContainText('Display name: Enter a name.');
  await expect(page.getByText('Saved.')).toHaveCount(0);
  await follow(page, 'Dashboard');
  await expect(greeting(page, ada.name)).toBeVisible();
});

test('the recent activity shows the device, and has a next page and a way back to its first', async ({ page, server }) => {
  const ada = newAccount();
  server.addUser(ada);
  const client = await ApiClient.signIn(server, ada);
  for (const name of [...'123456789', ada.name]) await client.call('/api/account/update_profile', { display_name: name });
  await openAs(page, ada, '/account');
  const activity = page.getByRole('region', { name: 'Recent activity' }).getByRole('listitem');
  const pages = page.getByRole('navigation', { name: 'Pages' }).getByRole('link');
  await expect(activity).toHaveCount(10);
  await expect(activity.first()).toHaveText(/^Signed in · .+ UTC · Chrome on .+ · 127\.0\.0\.1$/);
  await pages.filter({ hasText: 'Next page' }).click();
  await expect(activity).toHaveCount(3);
  await expect(activity.last()).toContainText('Account created');
  await pages.filter({ hasText: 'First page' }).click();
  await expect(activity).toHaveCount(10);
});

test('a Persian name with a joiner and an emoji of several parts are names; an invisible one is refused', async ({ page, expectConsole }) => {
  expectConsole(/status of 422.*\/api\/account\/update_profile/);
  await openAsNew(page, newAccount(), '/account');
  for (const name of ['نگار می\u200Cخواهم', 'Mae 👩🏽\u200D🚀', 'क्\u200Dष']) {
    await fill(page, { name });
    await press(page, 'Save');
    await expect(page.getByText('Saved.')).toBeVisible();
    await reload(page);
    await expect(page.getByLabel('Display name', { exact: true })).toHaveValue(name);
  }
  await fill(page, { name: 'A\u200Dda' });
  await press(page, 'Save');
  await expect(page.getByRole('main').getByRole('alert')).toContainText("A name can't contain control or invisible characters.");
});
