import { expect, fillSignIn, greeting, press, signIn, somebody, test, visit, type Page } from '../support/fixtures.ts';
import { FORBIDDEN, ROLE_PAGES, about } from '../support/pages.ts';

const heading = (page: Page) => page.getByRole('heading', { level: 1 });

for (const { path, title, heading: shown, role: needed } of ROLE_PAGES) {
  for (const role of ['member', 'editor', 'admin'].filter((role) => role !== needed)) {
    test(`${path} answers 403 to somebody whose role is ${role}, who stays signed in`, async ({ page, server, expectConsole }) => {
      const ada = somebody();
      const address = about(server.addUser(ada, role), path);
      expectConsole(new RegExp(`status of 403.*${address}`));
      await signIn(page, ada);
      const response = await visit(page, address);
      expect(response?.status()).toBe(403);
      expect(await response?.text()).not.toContain(`>${shown}</h1>`);
      await expect(page).toHaveURL(address);
      await expect(page).toHaveTitle(FORBIDDEN.title);
      await expect(heading(page)).toHaveText(FORBIDDEN.heading);
      await page.getByRole('link', { name: 'To your dashboard' }).click();
      await expect(greeting(page, ada.name)).toBeVisible();
    });
  }

  test(`${path} is shown to somebody whose role is ${needed}`, async ({ page, server }) => {
    const ada = somebody();
    const address = about(server.addUser(ada, needed), path);
    await signIn(page, ada);
    const response = await visit(page, address);
    expect(response?.status()).toBe(200);
    await expect(page).toHaveURL(address);
    await expect(page).toHaveTitle(title);
    await expect(heading(page)).toHaveText(shown);
  });

  test(`an anonymous link to ${path} leads through sign-in to the same refusal`, async ({ page, server, javaScriptEnabled, expectConsole }) => {
    const ada = somebody();
    const address = about(server.addUser(ada), path);
    // With JavaScript the browser decides from the same table, without loading the page.
    if (!javaScriptEnabled) expectConsole(new RegExp(`status of 403.*${address}`));
    const response = await visit(page, address);
    expect((await response?.request().redirectedFrom()?.response())?.status()).toBe(303);
    await fillSignIn(page, ada);
    await press(page, 'Sign in');
    await expect(page).toHaveURL(address);
    await expect(heading(page)).toHaveText(FORBIDDEN.heading);
  });
}

const LEADING_TO = {
  member: [],
  editor: ['/notices/edit'],
  admin: ['/admin/audit', '/admin/keys', '/admin/users'],
  'editor admin': ['/admin/audit', '/admin/keys', '/admin/users', '/notices/edit'],
};

for (const [role, expected] of Object.entries(LEADING_TO)) {
  test(`somebody whose role is ${role} finds links to the pages of that role and to no others`, async ({ page, server }) => {
    const ada = somebody();
    server.addUser(ada, role);
    await signIn(page, ada);
    const found = new Set<string>();
    for (const path of ['/dashboard', '/notices', '/account', '/account/sessions']) {
      await visit(page, path);
      await expect(heading(page)).toBeVisible();
      for (const link of await page.getByRole('link').all()) found.add((await link.getAttribute('href'))!);
    }
    expect([...found].filter((href) => /^\/(admin|notices\/edit)/.test(href)).sort()).toEqual(expected);
  });
}
