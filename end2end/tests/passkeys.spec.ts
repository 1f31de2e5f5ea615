import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { Authenticator } from '../support/authenticator.ts';
import { confirm, expect, expectDashboard, fillSignIn, heading, newAccount, openAsNew, openWithNewToken, press, pressAndConfirm, signOut, test, visit, type Account, type Page } from '../support/fixtures.ts';

const ADD = 'Add a passkey';
const SIGN_IN = 'Sign in with a passkey';

const passkeys = (page: Page) => page.getByRole('region', { name: 'Passkeys' }).getByRole('listitem');
const signInButton = (page: Page) => page.getByRole('button', { name: SIGN_IN });

/** Somebody who has just added a passkey. */
async function enrol(page: Page, options = {}): Promise<{ ada: Account; phone: Authenticator }> {
  const ada = newAccount();
  await openWithNewToken(page, ada, '/account/security');
  const phone = await Authenticator.add(page, options);
  await press(page, ADD);
  await expect(passkeys(page)).toHaveCount(1);
  return { ada, phone };
}

/** The sign-in page, to press the button. */
async function openSignIn(page: Page, phone: Authenticator): Promise<void> {
  await phone.ignoresSuggestions();
  await signOut(page);
  await visit(page, '/login');
  await expect(signInButton(page)).toBeEnabled();
}

test('a passkey is added, named, listed as synced, and signs in without a password', async ({ page }) => {
  const { ada, phone } = await enrol(page);
  const item = passkeys(page).first();
  await expect(item).toContainText('synced to your other devices');
  await item.getByText('Rename', { exact: true }).click();
  await item.getByLabel('Name', { exact: true }).fill('My phone');
  await item.getByRole('button', { name: 'Save name' }).click();
  await expect(item.getByRole('heading', { name: 'My phone' })).toBeVisible();
  const [credential] = await phone.passkeys();
  expect(credential).toMatchObject({ isResidentCredential: true, rpId: 'localhost', userName: ada.email });
  await openSignIn(page, phone);
  await signInButton(page).click();
  await expectDashboard(page, ada);
  await visit(page, '/account/security');
  await expect(passkeys(page).first()).not.toContainText('never');
});

test('a passkey is suggested for the address and signs in from there', async ({ page }) => {
  const { ada } = await enrol(page);
  await signOut(page);
  await visit(page, '/login');
  await expect(page.getByLabel('Email', { exact: true })).toHaveAttribute('autocomplete', 'username webauthn');
  await expect(signInButton(page)).toBeEnabled();
  await page.getByLabel('Email', { exact: true }).focus();
  await expectDashboard(page, ada);
});

test('a passkey that can be lost with its device says so', async ({ page }) => {
  await enrol(page, { synced: false });
  await expect(passkeys(page).first()).toContainText('only on this device');
});

test('a device that has a passkey of the account makes no second one', async ({ page }) => {
  await enrol(page);
  await press(page, ADD);
  await expect(page.getByText('This device or password manager already has a passkey for your account.')).toBeVisible();
  await expect(passkeys(page)).toHaveCount(1);
});

test('without user verification nobody signs in, and the password still does', async ({ page }) => {
  const { ada, phone } = await enrol(page);
  await openSignIn(page, phone);
  await phone.verifiesUser(false);
  await signInButton(page).click();
  await expect(page.getByRole('alert')).toContainText('No passkey was used.');
  await page.getByLabel('Email', { exact: true }).fill(ada.email);
  await page.getByLabel('Password', { exact: true }).fill(ada.password);
  await press(page, 'Sign in');
  await expectDashboard(page, ada);
});

for (const wrong of [{ isBogusSignature: true }, { isBadUV: true }]) {
  test(`an answer with ${Object.keys(wrong)} is refused`, async ({ page, expectConsole }) => {
    expectConsole(/status of 401.*\/api\/auth\/passkey/);
    const { phone } = await enrol(page);
    await openSignIn(page, phone);
    await phone.does(wrong);
    await signInButton(page).click();
    await expect(page.getByRole('alert')).toContainText('This passkey was not accepted.');
    await expect(page).toHaveURL(/\/login/);
  });
}

test('a removed passkey signs nobody in, and the device forgets it', async ({ page, newContext, server, expectConsole }) => {
  const { ada, phone } = await enrol(page);
  // Removed where this browser does not hear of it.
  const other = await (await newContext()).newPage();
  expectConsole(/status of 401/);
  await visit(other, `${server.url}/login`);
  await other.getByLabel('Email', { exact: true }).fill(ada.email);
  await other.getByLabel('Password', { exact: true }).fill(ada.password);
  await press(other, 'Sign in');
  await expectDashboard(other, ada);
  await visit(other, `${server.url}/account/security`);
  await pressAndConfirm(other, 'Remove this passkey');
  await expect(other.getByText('was removed.')).toBeVisible();
  await phone.ignoresSuggestions();
  await visit(page, '/login');
  await signInButton(page).click();
  await expect(page.getByRole('alert')).toContainText('This passkey is not known here.');
  await expect.poll(() => phone.passkeys()).toEqual([]);
});

test('removing a passkey makes the device forget it', async ({ page }) => {
  const { phone } = await enrol(page);
  await page.getByRole('button', { name: 'Remove this passkey' }).click();
  await confirm(page, 'Remove this passkey');
  await expect(passkeys(page)).toHaveCount(0);
  await expect.poll(() => phone.passkeys()).toEqual([]);
});

test('a passkey confirms who it is where that must be recent', async ({ page, server, expectConsole }) => {
  expectConsole(/status of 403.*\/api\/account\/passkey_remove/);
  const { ada } = await enrol(page);
  server.setPasswordAge(ada, 16);
  await visit(page, '/account/security');
  await pressAndConfirm(page, 'Remove this passkey');
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Use a passkey' }).click();
  await expect(dialog).toHaveCount(0);
  await expect(passkeys(page)).toHaveCount(0);
});

test('a passkey is asked for after the password once its owner wants that', async ({ page }) => {
  const { ada, phone } = await enrol(page);
  await press(page, 'Ask for a passkey after my password');
  await expect(page.getByRole('heading', { name: 'Keep these recovery codes' })).toBeVisible();
  await expect(page.getByText('Your password alone is not enough to sign in, and you have recovery codes')).toBeVisible();
  await openSignIn(page, phone);
  await fillSignIn(page, ada);
  await press(page, 'Sign in');
  await expect(heading(page)).toHaveText('Confirm that it is you');
  await page.getByRole('button', { name: 'Use a passkey' }).click();
  await expectDashboard(page, ada);
  await visit(page, '/account/security');
  await pressAndConfirm(page, 'Stop asking for a passkey');
  await expect(page.getByRole('button', { name: 'Ask for a passkey after my password' })).toBeVisible();
});

test('a browser without passkeys has no button for them, and nothing moves', async ({ page }) => {
  await page.addInitScript(() => Reflect.deleteProperty(window, 'PublicKeyCredential'));
  await visit(page, '/login');
  await expect(signInButton(page)).toHaveCount(0);
  await openAsNew(page, newAccount(), '/account/security');
  await expect(page.getByText('This browser has no passkeys.')).toBeVisible();
  await expect(page.getByRole('button', { name: ADD })).toBeDisabled();
});

test('a page of another origin gets nothing from a passkey of this one', async ({ page, server }) => {
  const { phone } = await enrol(page);
  await page.goto(server.url.replace('localhost', '127.0.0.1'), { waitUntil: 'commit' });
  const name = await page.evaluate(async () => {
    const publicKey = { challenge: new Uint8Array(32), rpId: 'localhost' };
    return navigator.credentials.get({ publicKey }).then(() => 'an answer', (error: Error) => error.name);
  });
  expect(name).toBe('SecurityError');
});

const PACKAGES = resolve(import.meta.dirname, '../../target/tools/python');
const SECOND_OPINION = resolve(import.meta.dirname, '../support/second_opinion.py');

/** What python-fido2 says of a registration and a sign-in. */
function secondOpinion(given: object): string {
  const input = JSON.stringify(given);
  const { stdout, stderr } = spawnSync('python3', [SECOND_OPINION], { input, encoding: 'utf8', env: { ...process.env, PYTHONPATH: PACKAGES } });
  return stdout.trim() || stderr;
}

test('python-fido2 accepts what is accepted here, and neither takes another challenge', async ({ page, server }) => {
  const options = async (path: string) => (await (await page.waitForResponse(`**/api/${path}`)).json()).options;
  const credential = async (path: string) => {
    const body = (await page.waitForRequest(`**/api/${path}`)).postData() ?? '';
    return JSON.parse(new URLSearchParams(body).get('credential') ?? '');
  };
  const registration = Promise.all([options('account/passkey_options'), credential('account/passkey_add')]);
  const { ada, phone } = await enrol(page);
  const [creation, created] = await registration;
  await openSignIn(page, phone);
  // What is suggested has a challenge of its own.
  const suggested = page.waitForResponse('**/api/auth/passkey_options');
  await page.getByLabel('Email', { exact: true }).focus();
  await suggested;
  const authentication = Promise.all([options('auth/passkey_options'), credential('auth/passkey')]);
  await signInButton(page).click();
  const [request, used] = await authentication;
  await expectDashboard(page, ada);
  const given = { origin: server.url, creation, created, request, used };
  expect(secondOpinion(given)).toBe('ok');
  expect(secondOpinion({ ...given, request: creation })).toContain('challenge');
});
