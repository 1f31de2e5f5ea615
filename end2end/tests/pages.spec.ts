import { expect, fillSignIn, follow, greeting, isAt, press, signUp, somebody, test, visit, type Page } from '../support/fixtures.ts';
import { MEMBER_PAGES, NOT_FOUND, PUBLIC_PAGES, type PageInfo } from '../support/pages.ts';

async function expectPage(page: Page, { path, title, heading }: PageInfo, status = 200): Promise<void> {
  const response = await visit(page, path);
  expect(response?.status()).toBe(status);
  await expect(page).toHaveURL(path);
  await expect(page).toHaveTitle(title);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(heading);
}

for (const info of PUBLIC_PAGES) {
  test(`anyone sees ${info.path}`, async ({ page }) => expectPage(page, info));
}

test('each page of an account is shown to its owner, and leads anybody else to the sign-in page', async ({ page, newContext }) => {
  await signUp(page, somebody());
  const anonymous = await (await newContext()).newPage();
  for (const info of MEMBER_PAGES) {
    await expectPage(page, info);
    await visit(anonymous, info.path);
    await expect(anonymous).toHaveURL(`/login?next=${info.path}`);
  }
});

test('a path of no page answers 404, signed in or not, and leads back', async ({ page, expectConsole }) => {
  expectConsole(/status of 404.*\/nowhere/);
  await expectPage(page, NOT_FOUND, 404);
  await page.getByRole('link', { name: 'To the first page' }).click();
  await expect(page).toHaveTitle('Latchkey');
  await signUp(page, somebody());
  await expectPage(page, NOT_FOUND, 404);
});

test('a slash at the end leads to the page without it, for good', async ({ page }) => {
  await signUp(page, somebody());
  const response = await visit(page, '/dashboard/?from=mail');
  await expect(page).toHaveURL('/dashboard?from=mail');
  expect((await response?.request().redirectedFrom()?.response())?.status()).toBe(308);
  await expect(greeting(page, 'Ada Lovelace')).toBeVisible();
});

for (const elsewhere of ['//evil.example', '/\\evil.example', 'https://evil.example/', 'javascript:alert(1)', '/api/auth/logout']) {
  test(`signing in never leads to ${elsewhere}`, async ({ page, server }) => {
    const ada = somebody();
    server.addUser(ada);
    await visit(page, `/login?next=${encodeURIComponent(elsewhere)}`);
    await fillSignIn(page, ada);
    await press(page, 'Sign in');
    await expect(greeting(page, ada.name)).toBeVisible();
    await expect(page).toHaveURL('/dashboard');
    await visit(page, `/login?next=${encodeURIComponent(elsewhere)}`);
    await expect(page).toHaveURL('/dashboard');
  });
}

test('a reason that the address makes up is not shown', async ({ page }) => {
  await visit(page, '/login?reason=<b>Your+password+is+needed</b>');
  await expect(page.getByRole('heading', { level: 1, name: 'Sign in' })).toBeVisible();
  await expect(page.getByText('Your password is needed')).toHaveCount(0);
});

test('an error message that the address brings is not shown', async ({ page }) => {
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
  await signUp(page, somebody());
  await expect(links).toHaveText(['Dashboard', 'Notices', 'Account']);
  for (const link of ['Account', 'Notices', 'Dashboard']) {
    await follow(page, link);
    await expect(page).toHaveURL(isAt(`/${link.toLowerCase()}`));
    await expect(main.locator('[aria-current=page]')).toHaveText([link]);
  }
});

test('the first thing that the Tab key reaches skips to the content', async ({ page }) => {
  await signUp(page, somebody());
  await visit(page, '/dashboard');
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Skip to content' })).toBeFocused();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Open your account' })).toBeFocused();
});
