import { expect, fill, follow, greeting, press, reload, signUp, somebody, test, visit } from '../support/fixtures.ts';

test('a new name shows at once, on the dashboard too, and after a reload', async ({ page }) => {
  await signUp(page, somebody('Ada Byron'));
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

test('a page load, whose token is still on its way, saves a name too', async ({ page }) => {
  await signUp(page, somebody('Ada Byron'));
  await visit(page, '/account');
  await fill(page, { name: 'Ada Lovelace' });
  await press(page, 'Save');
  await expect(page.getByText('Saved.')).toBeVisible();
});

test('a name that is none is refused at its field, and the old one stays', async ({ page, expectConsole }) => {
  expectConsole(/status of 422.*\/api\/account\/update_profile/);
  const ada = somebody();
  await signUp(page, ada);
  await follow(page, 'Account');
  await fill(page, { name: '   ' });
  await press(page, 'Save');
  await expect(page.getByRole('main').getByRole('alert')).toContainText('Display name: Enter a name.');
  await expect(page.getByText('Saved.')).toHaveCount(0);
  await follow(page, 'Dashboard');
  await expect(greeting(page, ada.name)).toBeVisible();
});
