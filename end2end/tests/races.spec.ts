import { ApiClient } from '../support/api.ts';
import { expect, expectSignedOut, fill, fillSignIn, follow, greeting, holdRequests, isAt, newAccount, openAs, openWithToken, otherSessions, press, pressAndConfirm, reload, sessions, signIn, signInWithApi, signOut, visit, waitForHydration, type BrowserContext, type Page, type Server } from '../support/fixtures.ts';
import { cookieOwner } from '../support/agreement.ts';
import { test } from '../support/proxied.ts';

const LOST = /Failed to load resource: net::ERR_(EMPTY_RESPONSE|CONNECTION_(RESET|CLOSED|REFUSED)|FAILED)/;
const REFRESH = '/api/auth/refresh';
const CHANGE = '/api/account/change_password';
const NEW = 'battery staple 42';

const banner = (page: Page) => page.getByRole('banner');
const signOutButton = (page: Page) => banner(page).getByRole('button', { name: 'Sign out' });
const offline = (page: Page) => page.getByRole('status').filter({ hasText: "The server can't be reached. Trying again…" });

function addUser(server: Server, name?: string, role?: string) {
  const account = newAccount(name);
  return { ...account, id: server.addUser(account, role) };
}

async function hasSessionCookie(context: BrowserContext): Promise<boolean> {
  return (await context.cookies()).some(({ name }) => name === '__Host-latchkey');
}

/** Whatever this page has sent until now has reached the proxy when this returns. */
function settle(page: Page): Promise<unknown> {
  return page.evaluate(() => fetch('/healthz'));
}

test.describe('who is signed in', () => {
  test('a page of one person that hydrates in the session of another is loaded again and changes nothing', async ({ page, context, server, network }) => {
    const [ada, grace] = [addUser(server), addUser(server, 'Grace Hopper')];
    await openWithToken(page, ada);
    const late = await context.newPage();
    const wasm = await holdRequests(late, '**/*.wasm');
    await late.goto('/account', { waitUntil: 'domcontentloaded' });
    await expect(late.getByText(ada.email)).toBeVisible();
    await signOut(page);
    await signIn(page, grace);

    const refreshes = network.holdRequests(REFRESH);
    wasm.release();
    await waitForHydration(late);
    await late.getByLabel('Display name', { exact: true }).fill('Not Grace');
    await press(late, 'Save');
    await refreshes.arrived;
    refreshes.release();
    await expect(late.getByText(grace.email)).toBeVisible();
    await expect(late.getByLabel('Display name', { exact: true })).toHaveValue(grace.name);
    for (const { name, ...account } of [ada, grace]) {
      const { user } = await ApiClient.signIn(server, { name, ...account });
      expect(user.display_name).toBe(name);
    }
  });

  test('a sign-in that is answered after moving to another page shows there', async ({ page, server, network }) => {
    const ada = addUser(server);
    const answers = network.holdAnswers('/api/auth/login');
    await visit(page, '/login');
    await fillSignIn(page, ada);
    await press(page, 'Sign in');
    await answers.arrived;
    await banner(page).getByRole('link', { name: 'Latchkey' }).click();
    await expect(page).toHaveURL(isAt('/'));
    answers.release();
    await expect(signOutButton(page)).toBeVisible();
    await expect(page).toHaveURL(isAt('/'));
    await follow(page, 'Account');
    await expect(page.getByText(ada.email)).toBeVisible();
  });

  test('an account that is deleted while its owner moves to another page is signed out there', async ({ page, context, server, network }) => {
    const ada = addUser(server);
    await openAs(page, ada, '/account');
    await page.getByText('Delete your account', { exact: true }).click();
    await page.getByLabel('Password', { exact: true }).fill(ada.password);
    await page.getByLabel('Type “delete” to confirm', { exact: true }).fill('delete');
    const answers = network.holdAnswers('/api/account/delete');
    await press(page, 'Delete my account');
    await answers.arrived;
    await banner(page).getByRole('link', { name: 'Latchkey' }).click();
    answers.release();
    await expect(page).toHaveURL(isAt('/login'));
    await expect(page.getByText('This account was deleted.')).toBeVisible();
    expect(await hasSessionCookie(context)).toBe(false);
  });

  test('a tab that was signed out stays so when a refresh answers late, and the cookie stays cleared', async ({ page, context, server, network, expectConsole }) => {
    expectConsole(LOST, { optional: true });
    const ada = addUser(server);
    await openWithToken(page, ada);
    const late = await context.newPage();
    const refreshes = network.holdAnswers(REFRESH);
    await visit(late, '/');
    await refreshes.arrived;
    await signOut(page);
    await expect(banner(late).getByRole('link', { name: 'Sign in' })).toBeVisible();
    const cleared = late.waitForResponse('**/api/auth/logout');
    refreshes.release();
    await cleared;
    await expect(banner(late).getByRole('link', { name: 'Sign in' })).toBeVisible();
    expect(await hasSessionCookie(context)).toBe(false);
  });

  test('a rename is told to the other tabs', async ({ page, context, server }) => {
    const ada = addUser(server);
    await openWithToken(page, ada, '/account');
    const other = await context.newPage();
    await visit(other, '/dashboard');
    await page.getByLabel('Display name', { exact: true }).fill('Countess Lovelace');
    await press(page, 'Save');
    await expect(greeting(other, 'Countess Lovelace')).toBeVisible();
  });

  test('a browser that has lost its cookies is told that its session has ended', async ({ page, context, server, expectConsole }) => {
    expectConsole(/status of 401.*\/api\/auth\/refresh/);
    const ada = addUser(server);
    await signInWithApi(page, ada);
    const wasm = await holdRequests(page, '**/*.wasm');
    await page.goto('/account', { waitUntil: 'domcontentloaded' });
    await context.clearCookies();
    wasm.release();
    await expectSignedOut(page, 'Your session in this browser has ended. Sign in again.', '/account');
  });
});

test.describe('signing out', () => {
  test('before the first refresh has answered ends the session', async ({ page, context, server, network }) => {
    const ada = addUser(server);
    await signInWithApi(page, ada);
    const refreshes = network.holdAnswers(REFRESH);
    await visit(page, '/dashboard');
    await refreshes.arrived;
    await signOut(page);
    refreshes.release();
    await reload(page);
    await expect(signOutButton(page)).toHaveCount(0);
    expect(await cookieOwner(context, network.url)).toBeNull();
  });

  test('does not wait for a refresh that hangs, and the page says that the server does not answer', async ({ page, context, server, network }) => {
    const ada = addUser(server);
    await openWithToken(page, ada);
    const refreshes = network.holdRequests(REFRESH);
    const tabs = [await context.newPage(), await context.newPage()];
    for (const tab of tabs) await visit(tab, '/dashboard');
    await refreshes.arrived;
    for (const tab of tabs) await expect(offline(tab)).toBeVisible();
    expect(refreshes.count).toBe(1);
    await press(tabs[1], 'Sign out');
    for (const tab of [page, ...tabs]) {
      await expect(tab).toHaveURL(isAt('/login'));
      await expect(tab.getByText('You signed out.')).toBeVisible();
    }
    expect(await hasSessionCookie(context)).toBe(false);
  });

  test('is not followed by another reason when the window gets the focus meanwhile', async ({ page, server, network }) => {
    const ada = addUser(server);
    await openWithToken(page, ada, '/account');
    const pages = network.holdRequests('/login?reason=signed_out');
    const beats = network.holdRequests('/healthz');
    beats.release();
    await page.evaluate(() => {
      setInterval(() => {
        window.dispatchEvent(new Event('focus'));
        void fetch('/healthz');
      }, 20);
    });
    await press(page, 'Sign out');
    await pages.arrived;
    const before = beats.count;
    await expect.poll(() => beats.count).toBeGreaterThan(before + 5);
    pages.release();
    await expect(page.getByText('You signed out.')).toBeVisible();
    await expect(page).toHaveURL(isAt('/login'));
  });

  test('is not taken for done when its answer is lost: the page finds out', async ({ page, server, network, expectConsole }) => {
    expectConsole(LOST);
    expectConsole(/status of 401.*\/api\/auth\/refresh/);
    const ada = addUser(server);
    await openWithToken(page, ada);
    const answers = network.holdAnswers('/api/auth/logout');
    await press(page, 'Sign out');
    await answers.arrived;
    answers.lose();
    await expect(page.getByText('You signed out.')).toBeVisible();
    await expect(page).toHaveURL(isAt('/login'));
  });
});

test('a refresh that hangs is given up, and the next one brings the page back', async ({ page, context, server, network }) => {
  const ada = addUser(server);
  await signInWithApi(page, ada);
  const refreshes = network.holdRequests(REFRESH);
  await visit(page, '/account');
  const other = await context.newPage();
  await visit(other, '/dashboard');
  await refreshes.arrived;
  await expect(offline(page)).toBeVisible();
  network.holdNoMore(refreshes);
  for (const tab of [page, other]) await expect(offline(tab)).toHaveCount(0, { timeout: 25_000 });
  await page.getByLabel('Display name', { exact: true }).fill('Ada King');
  await press(page, 'Save');
  await expect(greeting(other, 'Ada King')).toBeVisible();
});

test.describe('changing the password', () => {
  const field = (page: Page, label: string) => page.getByLabel(label, { exact: true });
  const done = (page: Page) => page.getByText('Your password has been changed.');

  async function change(page: Page, current: string): Promise<void> {
    await field(page, 'Current password').fill(current);
    await field(page, 'New password').fill(NEW);
    await press(page, 'Change password');
  }

  async function expectStaysSignedIn(page: Page, account: { email: string }): Promise<void> {
    await reload(page);
    await follow(page, 'Account');
    await expect(page.getByText(account.email)).toBeVisible();
  }

  test('waits for a refresh of another tab, whose late answer takes nothing back', async ({ page, context, server, network }) => {
    const ada = addUser(server);
    await openWithToken(page, ada, '/account/password');
    const other = await context.newPage();
    const refreshes = network.holdAnswers(REFRESH);
    const changes = network.holdRequests(CHANGE);
    await visit(other, '/dashboard');
    await refreshes.arrived;
    await change(page, ada.password);
    await settle(page);
    expect(changes.count, 'changes of password while the refresh is under way').toBe(0);
    changes.release();
    refreshes.release();
    await expect(done(page)).toBeVisible();
    for (const tab of [page, other]) await expectStaysSignedIn(tab, ada);
    await ApiClient.signIn(server, { ...ada, password: NEW });
  });

  test('keeps this browser signed in when the answer is lost', async ({ page, context, server, network, expectConsole }) => {
    expectConsole(LOST);
    expectConsole(/status of 401.*\/api\/auth\/refresh/);
    const ada = addUser(server);
    await openWithToken(page, ada, '/account/password');
    const other = await context.newPage();
    await visit(other, '/dashboard');
    const answers = network.holdAnswers(CHANGE);
    await change(page, ada.password);
    await answers.arrived;
    answers.lose();
    await expect(done(page)).toBeVisible();
    await expect(field(page, 'New password')).toHaveValue('');
    for (const tab of [page, other]) await expectStaysSignedIn(tab, ada);
    await ApiClient.signIn(server, { ...ada, password: NEW });
  });

  test('is not said to have happened when it was refused and the answer is lost', async ({ page, server, network, expectConsole }) => {
    expectConsole(LOST);
    const ada = addUser(server);
    await openWithToken(page, ada, '/account/password');
    const answers = network.holdAnswers(CHANGE);
    await change(page, 'not this one');
    await answers.arrived;
    answers.lose();
    await expect(page.getByRole('main').getByRole('alert')).toContainText('The server can be reached again.');
    await expect(done(page)).toHaveCount(0);
    await expectStaysSignedIn(page, ada);
    await ApiClient.signIn(server, ada);
  });

  test('lets a request of another tab wait for the new session', async ({ page, context, server, network, expectConsole }) => {
    expectConsole(/status of 401.*\/api\/account\/(me|activity|overview|proofs)/);
    const ada = addUser(server);
    await openWithToken(page, ada, '/account/password');
    const other = await context.newPage();
    const refreshed = other.waitForResponse(`**${REFRESH}`);
    await visit(other, '/dashboard');
    await refreshed;
    const answers = network.holdAnswers(CHANGE);
    await change(page, ada.password);
    await answers.arrived;
    const refused = other.waitForResponse((response) => response.url().endsWith('/api/account/me') && response.status() === 401);
    await follow(other, 'Account');
    await refused;
    answers.release();
    await expect(other.getByText(ada.email)).toBeVisible();
    await expect(done(page)).toBeVisible();
    for (const tab of [page, other]) await expectStaysSignedIn(tab, ada);
  });
});

test.describe('answers that come late, twice or wrong', () => {
  test('two sessions that are ended at once both leave the list', async ({ page, newContext, server, network }) => {
    const ada = addUser(server);
    for (const _ of ['one', 'two']) await signInWithApi(await (await newContext()).newPage(), ada);
    await openWithToken(page, ada, '/account/sessions');
    await expect(sessions(page)).toHaveCount(3);
    const answers = network.holdAnswers('/api/sessions/revoke');
    for (const at of [0, 1]) await pressAndConfirm(page, 'End this session', otherSessions(page).nth(at));
    await expect.poll(() => answers.count).toBe(2);
    answers.release();
    await expect(sessions(page)).toHaveCount(1);
  });

  test('a request that is refused while the password is checked joins those that wait for it', async ({ page, newContext, server, network, expectConsole }) => {
    expectConsole(/status of 403.*\/api\/sessions\/revoke/);
    // Both end the same session; one comes first.
    expectConsole(/status of 404.*\/api\/sessions\/revoke/, { optional: true });
    const ada = addUser(server);
    await signInWithApi(await (await newContext()).newPage(), ada);
    await signInWithApi(page, ada);
    server.setPasswordAge(ada, 16);
    await visit(page, '/account/sessions');
    await expect(sessions(page)).toHaveCount(2);
    const late = network.holdAnswers('/api/sessions/revoke_others');
    const check = network.holdAnswers('/api/auth/reauthenticate');
    await pressAndConfirm(page, 'End all other sessions');
    await late.arrived;
    await pressAndConfirm(page, 'End this session', otherSessions(page));
    const dialog = page.getByRole('dialog', { name: 'Confirm your password to continue' });
    await dialog.getByLabel('Password', { exact: true }).fill(ada.password);
    await dialog.getByRole('button', { name: 'Continue' }).click();
    await check.arrived;
    const refused = page.waitForResponse('**/api/sessions/revoke_others');
    late.release();
    await refused;
    await expect(dialog.getByLabel('Password', { exact: true })).toHaveValue(ada.password);
    check.release();
    await expect(dialog).toHaveCount(0);
    await expect(sessions(page)).toHaveCount(1);
  });

  test('a session that is ended elsewhere while the dialog is open leaves the page', async ({ page, server, expectConsole }) => {
    expectConsole(/status of 403.*\/api\/sessions\/revoke_others/);
    expectConsole(/status of 401.*\/api\/auth\/(reauthenticate|refresh)/);
    const ada = addUser(server);
    await ApiClient.signIn(server, ada);
    await signInWithApi(page, ada);
    server.setPasswordAge(ada, 16);
    await visit(page, '/account/sessions');
    await pressAndConfirm(page, 'End all other sessions');
    const dialog = page.getByRole('dialog', { name: 'Confirm your password to continue' });
    await expect(dialog).toBeVisible();
    const elsewhere = await ApiClient.signIn(server, ada);
    await elsewhere.call('/api/sessions/revoke_others');
    await dialog.getByLabel('Password', { exact: true }).fill(ada.password);
    await dialog.getByRole('button', { name: 'Continue' }).click();
    await expectSignedOut(page, 'You signed out on another device.', '/account/sessions');
  });

  test('an answer that is not one of the server is an error, and not said to be saved', async ({ page, server, network }) => {
    const ada = addUser(server);
    await openWithToken(page, ada, '/account');
    network.replaceAnswers('/api/account/update_profile', 200, 'text/html', '<h1>Welcome to the café</h1>');
    await press(page, 'Save');
    await expect(page.getByRole('main').getByRole('alert')).toContainText('The server did not answer as expected.');
    await expect(page.getByText('Saved.')).toHaveCount(0);
  });

  test('errors about the connection go away when it is back', async ({ page, server, network, expectConsole }) => {
    expectConsole(LOST);
    const ada = addUser(server);
    await openWithToken(page, ada, '/account');
    const [saves, refreshes] = [network.holdRequests('/api/account/update_profile'), network.holdRequests(REFRESH)];
    await press(page, 'Save');
    await saves.arrived;
    saves.lose();
    const error = page.getByRole('main').getByRole('alert');
    await expect(error).toContainText("The server can't be reached.");
    await expect(offline(page)).toBeVisible();
    refreshes.release();
    await expect(offline(page)).toHaveCount(0);
    await expect(error).toHaveText('The server can be reached again. Check whether this was done before you try again.');
  });

  test('a list shows what has become of an action whose answer was lost', async ({ page, server, network, expectConsole }) => {
    expectConsole(LOST);
    const ada = addUser(server);
    await ApiClient.signIn(server, ada);
    await openWithToken(page, ada, '/account/sessions');
    const answers = network.holdAnswers('/api/sessions/revoke');
    await pressAndConfirm(page, 'End this session', otherSessions(page));
    await answers.arrived;
    await expect(otherSessions(page)).toHaveCount(1);
    answers.lose();
    await expect(otherSessions(page)).toHaveCount(0);
    await expect(sessions(page)).toHaveCount(1);
  });
});

test('accepting an invitation while signed in as somebody else says who is signed out by it', async ({ page, server }) => {
  const [ada, admin] = [addUser(server), addUser(server, 'Grace Hopper', 'admin')];
  const api = await ApiClient.signIn(server, admin);
  const invited = newAccount('Alan Turing');
  const { link } = await api.call<{ link: string }>('/api/admin/users/invite', { email: invited.email, display_name: invited.name });
  await openAs(page, ada, new URL(link).pathname + new URL(link).search);
  const warning = page.getByRole('main').getByText(`You are signed in as ${ada.name}`);
  await expect(warning).toBeVisible();
  await fill(page, { name: invited.name, password: invited.password });
  await press(page, 'Sign in');
  await expect(greeting(page, invited.name)).toBeVisible();
});
