import { expect, expectSignedOut, follow, greeting, newAccount, openAs, openWithToken, otherSessions, press, pressAndConfirm, reload, sessions, signInWithApi, test, visit, type Account, type Page, type Server } from '../support/fixtures.ts';
import { chooseRoles, expectRoles } from '../support/roles.ts';

const TOO_LONG_AGO = 16;
const END_OTHERS = 'End all other sessions';

const dialog = (page: Page) => page.getByRole('dialog', { name: 'Confirm your password to continue' });
const password = (page: Page) => dialog(page).getByLabel('Password', { exact: true });
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

/** Opens the page of sessions for somebody who has another session and entered the password a while ago. */
async function openSessions(page: Page, other: Page, server: Server, minutes = TOO_LONG_AGO): Promise<Account> {
  const ada = newAccount();
  server.addUser(ada);
  await openWithToken(other, ada);
  await signInWithApi(page, ada);
  server.setPasswordAge(ada, minutes);
  await visit(page, '/account/sessions');
  await expect(sessions(page)).toHaveCount(2);
  return ada;
}

async function expectSignedIn(page: Page, { email, name }: Account): Promise<void> {
  await follow(page, 'Account');
  await expect(page.getByText(email)).toBeVisible();
  await follow(page, 'Dashboard');
  await expect(greeting(page, name)).toBeVisible();
}

test('an action that needs a recent password asks for it, and then continues by itself', async ({ page, newContext, server, expectConsole }) => {
  expectConsole(/status of 403.*\/api\/sessions\/revoke_others/);
  expectConsole(/status of 401.*\/api\/(account\/(me|activity|overview|proofs)|auth\/refresh)/);
  const other = await (await newContext()).newPage();
  const ada = await openSessions(page, other, server);
  await pressAndConfirm(page, END_OTHERS);
  await expect(dialog(page)).toBeVisible();
  await expect(password(page)).toBeFocused();
  await password(page).fill(ada.password);
  await dialog(page).getByRole('button', { name: 'Continue' }).click();
  await expect(dialog(page)).toHaveCount(0);
  await expect(sessions(page)).toHaveCount(1);
  await follow(other, 'Account');
  await expectSignedOut(other, 'You signed out on another device.', '/account');
  await expectSignedIn(page, ada);
});

test('a password that was entered recently is not asked for', async ({ page, newContext, server }) => {
  const other = await (await newContext()).newPage();
  await openSessions(page, other, server, 13);
  await pressAndConfirm(page, END_OTHERS);
  await expect(sessions(page)).toHaveCount(1);
  await expect(dialog(page)).toHaveCount(0);
});

test('one entered password is enough for several actions', async ({ page, newContext, server, expectConsole }) => {
  expectConsole(/status of 403.*\/api\/sessions\/revoke/);
  const other = await (await newContext()).newPage();
  const ada = await openSessions(page, other, server);
  await openAs(await (await newContext()).newPage(), ada);
  await reload(page);
  await expect(sessions(page)).toHaveCount(3);
  await pressAndConfirm(page, 'End this session', otherSessions(page).first());
  await password(page).fill(ada.password);
  await page.keyboard.press('Enter');
  await expect(sessions(page)).toHaveCount(2);
  await pressAndConfirm(page, END_OTHERS);
  await expect(sessions(page)).toHaveCount(1);
  await expect(dialog(page)).toHaveCount(0);
});

for (const [how, leave] of [
  ['the button', (page: Page) => dialog(page).getByRole('button', { name: 'Cancel' }).click()],
  ['the Escape key', (page: Page) => page.keyboard.press('Escape')],
] as const) {
  test(`cancelling with ${how} changes nothing, and the focus returns to the button`, async ({ page, newContext, server, expectConsole }) => {
    expectConsole(/status of 403.*\/api\/sessions\/revoke_others/);
    const other = await (await newContext()).newPage();
    const ada = await openSessions(page, other, server);
    await pressAndConfirm(page, END_OTHERS);
    await expect(dialog(page)).toBeVisible();
    await leave(page);
    await expect(dialog(page)).toHaveCount(0);
    await expect(button(page, END_OTHERS)).toBeFocused();
    await expect(button(page, END_OTHERS)).toBeEnabled();
    await expect(sessions(page)).toHaveCount(2);
    await reload(page);
    await expect(sessions(page)).toHaveCount(2);
    await expectSignedIn(other, ada);

    await pressAndConfirm(page, END_OTHERS);
    await expect(dialog(page)).toBeVisible();
  });
}

test('a wrong password is reported in the dialog, which stays open for the right one', async ({ page, newContext, server, expectConsole }) => {
  expectConsole(/status of 403.*\/api\/sessions\/revoke_others/);
  expectConsole(/status of 401.*\/api\/auth\/reauthenticate/);
  const other = await (await newContext()).newPage();
  const ada = await openSessions(page, other, server);
  await pressAndConfirm(page, END_OTHERS);
  await password(page).fill('not this one');
  await dialog(page).getByRole('button', { name: 'Continue' }).click();
  await expect(dialog(page).getByRole('alert').first()).toContainText('Incorrect password.');
  await expect(dialog(page).getByRole('alert').first()).toBeFocused();
  await expect(sessions(page)).toHaveCount(2);
  await password(page).fill(ada.password);
  await dialog(page).getByRole('button', { name: 'Continue' }).click();
  await expect(sessions(page)).toHaveCount(1);
  await expect(dialog(page)).toHaveCount(0);
});

test('the keyboard is enough, and the focus stays within the open dialog', async ({ page, newContext, server, expectConsole }) => {
  expectConsole(/status of 403.*\/api\/sessions\/revoke_others/);
  const other = await (await newContext()).newPage();
  const ada = await openSessions(page, other, server);
  await button(page, END_OTHERS).focus();
  await page.keyboard.press('Enter');
  await expect(button(page, 'Cancel')).toBeFocused();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await expect(password(page)).toBeFocused();
  for (const name of ['Show password', 'Continue', 'Cancel']) {
    await page.keyboard.press('Tab');
    await expect(dialog(page).getByRole('button', { name })).toBeFocused();
  }
  for (let press = 0; press < 3; press += 1) await page.keyboard.press('Shift+Tab');
  await expect(password(page)).toBeFocused();
  await page.keyboard.type(ada.password);
  await page.keyboard.press('Enter');
  await expect(sessions(page)).toHaveCount(1);
  await expect(dialog(page)).toHaveCount(0);
});

test('a change by an administrator needs a recent password too, and keeps what was chosen', async ({ page, server, expectConsole }) => {
  expectConsole(/status of 403.*\/api\/admin\/users\/set_roles/);
  const [ada, grace] = [newAccount(), newAccount('Grace Hopper')];
  server.addUser(ada, 'admin');
  const id = server.addUser(grace);
  await signInWithApi(page, ada);
  server.setPasswordAge(ada, TOO_LONG_AGO);
  await visit(page, `/admin/users/${id}`);
  await chooseRoles(page, 'Editor');
  await press(page, 'Save roles');
  await password(page).fill(ada.password);
  await page.keyboard.press('Enter');
  await expect(page.getByText('Saved. The new roles apply at once.')).toBeVisible();
  await reload(page);
  await expectRoles(page, 'Editor');
});
