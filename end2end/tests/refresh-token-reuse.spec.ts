import { expect, expectSignedOut, follow, greeting, newAccount, openAs, openWithNewToken, openWithToken, reload, test, visit, type BrowserContext, type Page } from '../support/fixtures.ts';

test.use({ settings: { LATCHKEY_SESSIONS_ROTATE_AFTER: '0s', LATCHKEY_SESSIONS_REUSE_GRACE: '0s' } });

const TOLD = /^This session was used from two places/;

/** Reloads the page, which rotates the refresh token. */
async function rotate(page: Page): Promise<void> {
  const refreshed = page.waitForResponse('**/api/auth/refresh');
  await reload(page);
  expect((await refreshed).status()).toBe(200);
}

async function copyCookie(from: BrowserContext, to: BrowserContext): Promise<void> {
  const cookies = await from.cookies();
  expect(cookies.map(({ name }) => name)).toEqual(['__Host-latchkey']);
  await to.addCookies(cookies);
}

const expectRevoked = (page: Page, next: string) => expectSignedOut(page, TOLD, next);

test('a copied cookie that is used after its owner has rotated it revokes the session, and both learn why', async ({ page, context, newContext, server, expectConsole }) => {
  expectConsole(/status of 401.*\/api\/(account\/(me|activity|overview|proofs)|auth\/refresh)/);
  const ada = newAccount();
  server.addUser(ada);
  const bystander = await (await newContext()).newPage();
  await openAs(bystander, ada);

  await openWithToken(page, ada);
  const thief = await newContext();
  await copyCookie(context, thief);
  // Twice: then the copy is too old even for a response that was lost.
  await rotate(page);
  await rotate(page);

  const stolen = await thief.newPage();
  await visit(stolen, '/dashboard');
  await expectRevoked(stolen, '/dashboard');
  await expect(stolen.getByText(ada.name)).toHaveCount(0);

  await follow(page, 'Account');
  await expectRevoked(page, '/account');

  await rotate(bystander);
  await expect(greeting(bystander, ada.name)).toBeVisible();
});

test('a thief without JavaScript is detected as soon as the owner has used the new token', async ({ page, context, newContext, expectConsole }) => {
  expectConsole(/status of 401.*\/api\/(account\/(me|activity|overview|proofs)|auth\/refresh)/);
  const ada = newAccount();
  await openWithNewToken(page, ada);
  const thief = await newContext({ javaScriptEnabled: false });
  await copyCookie(context, thief);
  await rotate(page);
  await follow(page, 'Account');
  await expect(page.getByText(ada.email)).toBeVisible();
  await follow(page, 'Dashboard');

  const stolen = await thief.newPage();
  // The use is recorded in the background.
  await expect
    .poll(async () => {
      await visit(stolen, '/dashboard');
      return new URL(stolen.url()).pathname;
    })
    .toBe('/login');
  await expectRevoked(stolen, '/dashboard');

  await follow(page, 'Account');
  await expectRevoked(page, '/account');
});

test('an owner whose cookie a thief used first revokes the session too, and both learn why', async ({ page, context, newContext, expectConsole }) => {
  expectConsole(/status of 401.*\/api\/(account\/(me|activity|overview|proofs)|auth\/refresh)/);
  const ada = newAccount();
  await openWithNewToken(page, ada);
  const thief = await newContext();
  await copyCookie(context, thief);
  const stolen = await thief.newPage();
  const taken = stolen.waitForResponse('**/api/auth/refresh');
  await visit(stolen, '/dashboard');
  expect((await taken).status()).toBe(200);
  await rotate(stolen);

  await reload(page);
  await expectRevoked(page, '/dashboard');
  await follow(stolen, 'Account');
  await expectRevoked(stolen, '/account');
});

test('every tab of a session that was revoked for reuse says so', async ({ page, context, newContext, expectConsole }) => {
  expectConsole(/status of 401.*\/api\/(account\/(me|activity|overview|proofs)|auth\/refresh)/);
  await openWithNewToken(page, newAccount());
  const thief = await newContext({ javaScriptEnabled: false });
  await copyCookie(context, thief);
  await rotate(page);
  await rotate(page);
  const idle = await context.newPage();
  const supplied = idle.waitForResponse('**/api/auth/refresh');
  await visit(idle, '/dashboard');
  await supplied;

  const stolen = await thief.newPage();
  await visit(stolen, '/dashboard');
  await expectRevoked(stolen, '/dashboard');
  await follow(page, 'Account');
  await expectRevoked(page, '/account');
  await expectRevoked(idle, '/dashboard');
});
