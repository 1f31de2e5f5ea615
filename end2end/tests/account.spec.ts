import { arriveAs, expect, signIn, signUp, somebody, test, visit } from '../support/fixtures.ts';

test('the account page shows the address, the roles and since when', async ({ page, server, javaScriptEnabled }) => {
  const ada = somebody();
  server.addUser(ada, 'editor admin');
  await arriveAs(page, ada, '/account');
  await expect(page.getByRole('definition').nth(0)).toHaveText(ada.email);
  await expect(page.getByRole('definition').nth(1)).toHaveText('member, editor, admin');
  await expect(page.getByRole('definition').nth(2)).toHaveText(/^\d{4}-\d{2}-\d{2} \d{2}:\d{2}/);
  await expect(page.getByLabel('Display name', { exact: true })).toHaveValue(ada.name);
  await expect(page.locator('noscript p')).toHaveCount(javaScriptEnabled ? 0 : 1);
});

test('the dashboard shows the panels of those roles that one holds', async ({ page, newContext, server }) => {
  const everyone = ['Your account', 'Notices'];
  const panels = { member: everyone, editor: [...everyone, 'Editing'], admin: [...everyone, 'Administration'] };
  for (const [role, titles] of Object.entries(panels)) {
    const ada = somebody();
    server.addUser(ada, role);
    const visitor = await (await newContext()).newPage();
    await signIn(visitor, ada);
    await expect(visitor.getByRole('region').getByRole('heading')).toHaveText(titles);
    await visit(visitor, '/dashboard');
    await expect(visitor.getByRole('region').getByRole('heading')).toHaveText(titles);
  }
  await signUp(page, somebody());
  await expect(page.getByRole('region').getByRole('heading')).toHaveText(panels.member);
});
