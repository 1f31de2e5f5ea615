import { expect, expectSignedOut, follow, greeting, newAccount, openAs, openWithToken, otherSessions, pressAndConfirm, reload, sessions, signIn, test, thisSession, visit, type Page } from '../support/fixtures.ts';

const REVOKED = 'You signed out on another device.';
const SIGNED_OUT = /status of 401.*\/api\/(account\/(me|activity|overview|proofs)|auth\/refresh)/;
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
const MOMENT = /^.+, \d+ \w+ \d{4} at \d{2}:\d{2} UTC$/;

async function rename(page: Page, name: string): Promise<void> {
  const other = otherSessions(page);
  await other.getByText('Name it', { exact: true }).click();
  await other.getByLabel('Name', { exact: true }).fill(name);
  await other.getByRole('button', { name: 'Save name' }).click();
}

test('each session is listed with its device, its address and its times, and this one is marked', async ({ page, newContext, server }) => {
  const ada = newAccount();
  server.addUser(ada);
  await openAs(await (await newContext({ userAgent: FIREFOX })).newPage(), ada);
  await openAs(page, ada, '/account/sessions');
  await expect(sessions(page)).toHaveCount(2);

  const elsewhere = sessions(page).filter({ hasText: 'Firefox on Linux' });
  await expect(elsewhere.getByRole('heading')).toHaveText('Firefox on Linux');
  await expect(elsewhere.getByRole('definition')).toHaveText(['Firefox on Linux', '127.0.0.1', MOMENT, MOMENT]);
  await expect(elsewhere.getByRole('button', { name: 'End this session' })).toBeVisible();

  const here = thisSession(page);
  await expect(here.getByRole('heading')).toHaveText(/^Chrome on \w+.* This session$/);
  await expect(here.getByRole('button', { name: 'End this session' })).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'End all other sessions' })).toBeVisible();
});

test('of three sessions the chosen one is revoked, says so at its next request, and its owner may sign in again', async ({ page, newContext, server, expectConsole }) => {
  expectConsole(SIGNED_OUT);
  const ada = newAccount();
  server.addUser(ada);
  const [kept, revoked] = [await (await newContext()).newPage(), await (await newContext({ userAgent: FIREFOX })).newPage()];
  await openAs(kept, ada);
  await openWithToken(revoked, ada);
  await openAs(page, ada, '/account/sessions');
  await expect(sessions(page)).toHaveCount(3);
  await pressAndConfirm(page, 'End this session', sessions(page).filter({ hasText: 'Firefox' }));
  await expect(sessions(page)).toHaveCount(2);
  await follow(revoked, 'Account');
  await expectSignedOut(revoked, REVOKED, '/account');
  await follow(kept, 'Account');
  await expect(kept.getByText(ada.email)).toBeVisible();
  await signIn(revoked, ada);
  await reload(page);
  await expect(sessions(page)).toHaveCount(3);
});

test('all other sessions are revoked at once, and this one stays', async ({ page, newContext, server, expectConsole }) => {
  expectConsole(SIGNED_OUT);
  const ada = newAccount();
  server.addUser(ada);
  const others = [await (await newContext()).newPage(), await (await newContext()).newPage()];
  for (const other of others) await openWithToken(other, ada);
  await openAs(page, ada, '/account/sessions');
  await expect(sessions(page)).toHaveCount(3);
  await pressAndConfirm(page, 'End all other sessions');
  await expect(sessions(page)).toHaveCount(1);
  await expect(sessions(page)).toContainText('This session');
  await expect(page.getByRole('button', { name: /^End/ })).toHaveCount(0);
  for (const other of others) {
    await follow(other, 'Account');
    await expectSignedOut(other, REVOKED, '/account');
  }
  await reload(page);
  await follow(page, 'Dashboard');
  await expect(greeting(page, ada.name)).toBeVisible();
});

test('a session is shown under the name that it was given, until the name is removed, and an invalid name is refused', async ({ page, newContext, server, expectConsole }) => {
  expectConsole(/status of 422.*\/api\/sessions\/rename/);
  const ada = newAccount();
  server.addUser(ada);
  const other = await (await newContext()).newPage();
  await openAs(other, ada);
  await openAs(page, ada, '/account/sessions');
  const device = await otherSessions(page).getByRole('heading').innerText();

  await rename(page, '  The <b>old</b> laptop ');
  await expect(otherSessions(page).getByRole('heading')).toHaveText('The <b>old</b> laptop');
  await expect(otherSessions(page).getByRole('definition').first()).toHaveText(device);
  await reload(page);
  await expect(otherSessions(page).getByRole('heading')).toHaveText('The <b>old</b> laptop');
  await visit(other, '/account/sessions');
  await expect(thisSession(other).getByRole('heading')).toHaveText('The <b>old</b> laptop This session');

  await rename(page, '');
  await expect(otherSessions(page).getByRole('heading')).toHaveText(device);
  await reload(page);
  await rename(page, 'The laptop \u202e of somebody');
  await expect(otherSessions(page)).toContainText("A name can't contain control or invisible characters.");
});
