import { expect, signIn, signUp, somebody, test, visit } from '../support/fixtures.ts';
import { MEMBER_PAGES, NOT_FOUND, PUBLIC_PAGES, ROLE_PAGES, about } from '../support/pages.ts';
import { Secrets } from '../support/secrets.ts';

test('after signing in no token stands in the HTML or the address of any page', async ({ page, context, server, expectConsole }) => {
  expectConsole(/status of 404/);
  const secrets = new Secrets(context);
  const ada = somebody();
  const id = server.addUser(ada, 'editor admin');
  await signIn(page, ada);
  for (const { path } of [...PUBLIC_PAGES, ...MEMBER_PAGES, ...ROLE_PAGES, NOT_FOUND]) {
    const response = await visit(page, about(id, path));
    expect(secrets.in((await response?.text()) ?? ''), path).toEqual([]);
    expect(secrets.in(await page.content()), path).toEqual([]);
  }
  await expect.poll(() => secrets.refreshTokens.size).toBeGreaterThan(0);
  expect(secrets.in(secrets.addresses.join('\n'))).toEqual([]);
});

test('the session cookie is out of reach of scripts, other sites and other hosts', async ({ page, context }) => {
  await signUp(page, somebody());
  const cookies = await context.cookies();
  expect(cookies).toHaveLength(1);
  expect(cookies[0]).toMatchObject({ name: '__Host-latchkey', path: '/', domain: 'localhost', httpOnly: true, secure: true, sameSite: 'Lax' });
  expect(await page.evaluate(() => document.cookie)).toBe('');
});

test('signing out takes the cookie of the session away, and leaves one that only says that the browser is known', async ({ page, context }) => {
  await signUp(page, somebody());
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByText('You signed out.')).toBeVisible();
  const cookies = await context.cookies();
  expect(cookies.map(({ name }) => name)).toEqual(['__Host-latchkey-device']);
  expect(cookies[0]).toMatchObject({ path: '/', domain: 'localhost', httpOnly: true, secure: true, sameSite: 'Strict' });
});

test('the cookie of a session that was signed out opens nothing', async ({ page, context, newContext }) => {
  await signUp(page, somebody());
  const copied = await context.cookies();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByText('You signed out.')).toBeVisible();
  const other = await newContext();
  await other.addCookies(copied);
  const elsewhere = await other.newPage();
  await visit(elsewhere, '/dashboard');
  await expect(elsewhere).toHaveURL((url) => url.pathname === '/login');
});
