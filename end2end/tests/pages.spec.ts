import { expect, expectDashboard, fillSignIn, follow, greeting, heading, isAt, newAccount, openAs, openAsNew, press, signOut, test, visit, type Page } from '../support/fixtures.ts';
import { MEMBER_PAGES, NOT_FOUND, PUBLIC_PAGES, ROLE_PAGES, about, type PageInfo } from '../support/pages.ts';

async function expectPage(page: Page, { path, title, heading: shown }: PageInfo, status = 200): Promise<void> {
  const response = await visit(page, path);
  expect(response?.status(), path).toBe(status);
  await expect(page).toHaveURL(path);
  await expect(page).toHaveTitle(title);
  await expect(heading(page)).toHaveText(shown);
  // The hint that a page needs JavaScript is for those who have none.
  await expect(page.getByRole('main').getByText(/needs? JavaScript/), path).toHaveCount(0);
}

test('everybody sees the public pages, and is led from the pages of an account to the sign-in page', async ({ page, expectConsole }) => {
  expectConsole(/status of 404.*\/nowhere/);
  for (const info of PUBLIC_PAGES) await expectPage(page, info);
  for (const { path } of MEMBER_PAGES) {
    await visit(page, path);
    await expect(page).toHaveURL(`/login?next=${path}`);
  }
  await expectPage(page, NOT_FOUND, 404);
  await page.getByRole('link', { name: 'Go to the home page' }).click();
  await expect(page).toHaveTitle('Latchkey');
});

test('the pages of an account and of its roles are shown to its owner', async ({ page, server, expectConsole }) => {
  expectConsole(/status of 404.*\/nowhere/);
  const ada = newAccount();
  const subjects = server.addSubjects(ada, 'editor admin');
  await openAs(page, ada);
  for (const info of [...MEMBER_PAGES, ...ROLE_PAGES]) await expectPage(page, { ...info, path: about(subjects, info.path) });
  await expectPage(page, NOT_FOUND, 404);
});

test('signing in never leads away from Latchkey', async ({ page, server }) => {
  const ada = newAccount();
  server.addUser(ada);
  for (const elsewhere of ['//evil.example', '/\\evil.example', 'https://evil.example/', 'javascript:alert(1)', '/api/auth/logout']) {
    await visit(page, `/login?next=${encodeURIComponent(elsewhere)}`);
    await fillSignIn(page, ada);
    await press(page, 'Sign in');
    await expectDashboard(page, ada);
    await expect(page, elsewhere).toHaveURL('/dashboard');
    await signOut(page);
  }
});

test('a reason or an error message that the address makes up is not shown', async ({ page }) => {
  await visit(page, '/login?reason=<b>Your+password+is+needed</b>');
  await expect(heading(page)).toHaveText('Sign in');
  await expect(page.getByText('Your password is needed')).toHaveCount(0);
  await visit(page, '/login?__path=/api/auth/login&__err=eyJjb2RlIjoiYnVzeSIsIm1lc3NhZ2UiOiJDYWxsIDU1NSJ9&next=/account');
  await expect(page).toHaveURL('/login?next=/account');
  await expect(page.getByRole('alert')).toHaveCount(0);
});

test('the navigation offers what can be done, and shows where one is', async ({ page }) => {
  await visit(page, '/');
  const main = page.getByRole('navigation', { name: 'Main' });
  const links = main.getByRole('link');
  await expect(links).toHaveText(['Sign in', 'Sign up']);
  await expect(page.getByRole('button', { name: 'Sign out' })).toHaveCount(0);
  await openAsNew(page, newAccount());
  await expect(links).toHaveText(['Dashboard', 'Notices', 'Account']);
  for (const link of ['Account', 'Notices', 'Dashboard']) {
    await follow(page, link);
    await expect(page).toHaveURL(isAt(`/${link.toLowerCase()}`));
    await expect(main.locator('[aria-current=page]')).toHaveText([link]);
    await expect(page.getByRole('button', { name: 'Sign out' })).toBeVisible();
  }
});

test('the first press of the Tab key reaches a link that skips to the content', async ({ page }) => {
  const ada = newAccount();
  await openAsNew(page, ada);
  await expect(greeting(page, ada.name)).toBeVisible();
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Skip to content' })).toBeFocused();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Open your account' })).toBeFocused();
});
