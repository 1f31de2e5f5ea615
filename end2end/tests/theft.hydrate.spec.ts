import { expect, follow, greeting, isAt, reload, signIn, signUp, somebody, test, visit, type BrowserContext, type Page } from '../support/fixtures.ts';

test.use({ settings: { LATCHKEY_SESSIONS_ROTATE_AFTER: '0s', LATCHKEY_SESSIONS_REUSE_GRACE: '0s' } });

const TOLD = /^This session was used from two places/;

/** Loads the page again, which moves the cookie on. */
async function moveOn(page: Page): Promise<void> {
  const moved = page.waitForResponse('**/api/auth/refresh');
  await reload(page);
  expect((await moved).status()).toBe(200);
}

async function copyCookie(from: BrowserContext, to: BrowserContext): Promise<void> {
  const cookies = await from.cookies();
  expect(cookies.map(({ name }) => name)).toEqual(['__Host-latchkey']);
  await to.addCookies(cookies);
}

async function expectClosed(page: Page, next: string): Promise<void> {
  await expect(page).toHaveURL(isAt('/login'));
  expect(new URL(page.url()).searchParams.get('next')).toBe(next);
  await expect(page.getByRole('status').filter({ hasText: TOLD })).toBeVisible();
}

test('a copied cookie that is used after its owner has moved on closes the session, and both learn why', async ({ page, context, newContext, server, expectConsole }) => {
  expectConsole(/status of 401.*\/api\/(account\/(me|activity)|auth\/refresh)/);
  const ada = somebody();
  server.addUser(ada);
  const bystander = await (await newContext()).newPage();
  await signIn(bystander, ada);

  await signIn(page, ada);
  const thief = await newContext();
  await copyCookie(context, thief);
  // Twice: the copy is then too old even for an answer that was lost.
  await moveOn(page);
  await moveOn(page);

  const stolen = await thief.newPage();
  await visit(stolen, '/dashboard');
  await expectClosed(stolen, '/dashboard');
  await expect(stolen.getByText(ada.name)).toHaveCount(0);

  await follow(page, 'Account');
  await expectClosed(page, '/account');

  await moveOn(bystander);
  await expect(greeting(bystander, ada.name)).toBeVisible();
});

test('a thief without JavaScript is found out as soon as the owner has used the new token', async ({ page, context, newContext, expectConsole }) => {
  expectConsole(/status of 401.*\/api\/(account\/(me|activity)|auth\/refresh)/);
  const ada = somebody();
  await signUp(page, ada);
  const thief = await newContext({ javaScriptEnabled: false });
  await copyCookie(context, thief);
  await moveOn(page);
  await follow(page, 'Account');
  await expect(page.getByText(ada.email)).toBeVisible();
  await follow(page, 'Dashboard');

  const stolen = await thief.newPage();
  // The use is noted in the background.
  await expect
    .poll(async () => {
      await visit(stolen, '/dashboard');
      return new URL(stolen.url()).pathname;
    })
    .toBe('/login');
  await expectClosed(stolen, '/dashboard');

  await follow(page, 'Account');
  await expectClosed(page, '/account');
});

test('an owner whose cookie was used by a thief first closes the session too, and both learn why', async ({ page, context, newContext, expectConsole }) => {
  expectConsole(/status of 401.*\/api\/(account\/(me|activity)|auth\/refresh)/);
  const ada = somebody();
  await signUp(page, ada);
  const thief = await newContext();
  await copyCookie(context, thief);
  const stolen = await thief.newPage();
  const taken = stolen.waitForResponse('**/api/auth/refresh');
  await visit(stolen, '/dashboard');
  expect((await taken).status()).toBe(200);
  await moveOn(stolen);

  await reload(page);
  await expectClosed(page, '/dashboard');
  await follow(stolen, 'Account');
  await expectClosed(stolen, '/account');
});

test('every tab of a session that was closed as stolen says so', async ({ page, context, newContext, expectConsole }) => {
  expectConsole(/status of 401.*\/api\/(account\/(me|activity)|auth\/refresh)/);
  await signUp(page, somebody());
  const thief = await newContext({ javaScriptEnabled: false });
  await copyCookie(context, thief);
  await moveOn(page);
  await moveOn(page);
  const idle = await context.newPage();
  const supplied = idle.waitForResponse('**/api/auth/refresh');
  await visit(idle, '/dashboard');
  await supplied;

  const stolen = await thief.newPage();
  await visit(stolen, '/dashboard');
  await expectClosed(stolen, '/dashboard');
  await follow(page, 'Account');
  await expectClosed(page, '/account');
  await expectClosed(idle, '/dashboard');
});
