import { expect, fillSignIn, greeting, press, signIn, somebody, test, visit, type Page } from '../support/fixtures.ts';
import { ADMIN_PAGES, FORBIDDEN } from '../support/pages.ts';

const heading = (page: Page) => page.getByRole('heading', { level: 1 });

for (const { path, title, heading: shown } of ADMIN_PAGES) {
  for (const role of ['member', 'editor']) {
    test(`${path} answers 403 to somebody whose role is ${role}, who stays signed in`, async ({ page, server, expectConsole }) => {
      expectConsole(new RegExp(`status of 403.*${path}`));
      const ada = somebody();
      server.addUser(ada, role);
      await signIn(page, ada);
      const response = await visit(page, path);
      expect(response?.status()).toBe(403);
      expect(await response?.text()).not.toContain(shown);
      await expect(page).toHaveURL(path);
      await expect(page).toHaveTitle(FORBIDDEN.title);
      await expect(heading(page)).toHaveText(FORBIDDEN.heading);
      await expect(page.getByRole('banner').locator(`a[href="${path}"]`)).toHaveCount(0);
      await page.getByRole('link', { name: 'To your dashboard' }).click();
      await expect(greeting(page, ada.name)).toBeVisible();
    });
  }

  test(`${path} is shown to an administrator`, async ({ page, server }) => {
    const ada = somebody();
    server.addUser(ada, 'admin');
    await signIn(page, ada);
    await page.getByRole('banner').locator(`a[href="${path}"]`).click();
    await expect(page).toHaveURL(path);
    await expect(heading(page)).toHaveText(shown);
    const response = await visit(page, path);
    expect(response?.status()).toBe(200);
    await expect(page).toHaveTitle(title);
    await expect(heading(page)).toHaveText(shown);
  });

  test(`an anonymous link to ${path} leads through sign-in to the same refusal`, async ({ page, server, javaScriptEnabled, expectConsole }) => {
    // With JavaScript the browser decides from the same table, without loading the page.
    if (!javaScriptEnabled) expectConsole(new RegExp(`status of 403.*${path}`));
    const ada = somebody();
    server.addUser(ada);
    const response = await visit(page, path);
    expect((await response?.request().redirectedFrom()?.response())?.status()).toBe(303);
    await fillSignIn(page, ada);
    await press(page, 'Sign in');
    await expect(page).toHaveURL(path);
    await expect(heading(page)).toHaveText(FORBIDDEN.heading);
    await expect(page.getByText(shown, { exact: true })).toHaveCount(0);
  });
}
