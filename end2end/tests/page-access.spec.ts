import { expect, expectDashboard, fillSignIn, followTo, heading, isMarkedDocument, markDocument, newAccount, openAs, press, test, visit } from '../support/fixtures.ts';
import { FORBIDDEN, ROLE_PAGES, about } from '../support/pages.ts';

for (const role of ['member', 'editor', 'admin']) {
  test(`somebody whose role is ${role} moves from page to page, and is shown the pages of that role and no others`, async ({ page, server, expectConsole }) => {
    // Pages that the browser refuses are not asked for.
    expectConsole(/status of 403/, { optional: true });
    const ada = newAccount();
    const subjects = server.addSubjects(ada, role);
    await openAs(page, ada);
    await markDocument(page);
    for (const { path, title, heading: shown, role: needed } of ROLE_PAGES) {
      await followTo(page, about(subjects, path));
      await expect(page).toHaveURL(about(subjects, path));
      await expect(heading(page), path).toHaveText(role === needed ? shown : FORBIDDEN.heading);
      await expect(page, path).toHaveTitle(role === needed ? title : FORBIDDEN.title);
    }
    expect(await isMarkedDocument(page)).toBe(true);
  });
}

test('an anonymous link to a page of a role leads through sign-in to the refusal, which leads to the dashboard', async ({ page, server }) => {
  const ada = newAccount();
  server.addUser(ada);
  const response = await visit(page, '/admin/keys');
  expect((await response?.request().redirectedFrom()?.response())?.status()).toBe(303);
  await markDocument(page);
  await fillSignIn(page, ada);
  await press(page, 'Sign in');
  await expect(heading(page)).toHaveText(FORBIDDEN.heading);
  await expect(page).toHaveURL('/admin/keys');
  // The browser decides from the same table as the server, without loading the page.
  expect(await isMarkedDocument(page)).toBe(true);
  await page.getByRole('link', { name: 'Go to your dashboard' }).click();
  await expectDashboard(page, ada);
});

test('a page that the server refuses shows the refusal, and one stays signed in', async ({ page, server, expectConsole }) => {
  expectConsole(/status of 403.*\/admin\/users/);
  const ada = newAccount();
  server.addUser(ada, 'editor');
  const response = await openAs(page, ada, '/admin/users');
  expect(response?.status()).toBe(403);
  await expect(page).toHaveTitle(FORBIDDEN.title);
  await expect(heading(page)).toHaveText(FORBIDDEN.heading);
  await page.getByRole('link', { name: 'Go to your dashboard' }).click();
  await expectDashboard(page, ada);
});
