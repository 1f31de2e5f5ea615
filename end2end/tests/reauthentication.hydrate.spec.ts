import { expect, follow, greeting, otherSessions, press, reload, sessions, signIn, somebody, test, toldWhy, visit, type Account, type Page, type Server } from '../support/fixtures.ts';

const TOO_LONG_AGO = 16;
const END_OTHERS = 'End all other sessions';

const dialog = (page: Page) => page.getByRole('dialog', { name: 'Enter your password to go on' });
const password = (page: Page) => dialog(page).getByLabel('Password', { exact: true });
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

/** On the page of sessions, as somebody who has another one and entered the password in this one a while ago. */
async function amongSessions(page: Page, other: Page, server: Server, minutes = TOO_LONG_AGO): Promise<Account> {
  const ada = somebody();
  server.addUser(ada);
  await signIn(other, ada);
  await signIn(page, ada);
  server.enteredPasswordAgo(ada, minutes);
  await visit(page, '/account/sessions');
  await expect(sessions(page)).toHaveCount(2);
  return ada;
}

async function isSignedIn(page: Page, { email, name }: Account): Promise<void> {
  await follow(page, 'Account');
  await expect(page.getByText(email)).toBeVisible();
  await follow(page, 'Dashboard');
  await expect(greeting(page, name)).toBeVisible();
}

test('what needs a recent password asks for it, and then goes on by itself', async ({ page, newContext, server, expectConsole }) => {
  expectConsole(/status of 403.*\/api\/sessions\/revoke_others/);
  expectConsole(/status of 401.*\/api\/(account\/(me|activity)|auth\/refresh)/);
  const other = await (await newContext()).newPage();
  const ada = await amongSessions(page, other, server);
  await press(page, END_OTHERS);
  await expect(dialog(page)).toBeVisible();
  await expect(password(page)).toBeFocused();
  await password(page).fill(ada.password);
  await dialog(page).getByRole('button', { name: 'Go on' }).click();
  await expect(dialog(page)).toHaveCount(0);
  await expect(sessions(page)).toHaveCount(1);
  await follow(other, 'Account');
  await toldWhy(other, 'You signed out on another device.', '/account');
  await isSignedIn(page, ada);
});

test('a password that was entered a short while ago is not asked for', async ({ page, newContext, server }) => {
  const other = await (await newContext()).newPage();
  await amongSessions(page, other, server, 13);
  await press(page, END_OTHERS);
  await expect(sessions(page)).toHaveCount(1);
  await expect(dialog(page)).toHaveCount(0);
});

test('once entered the password is good for more than one thing', async ({ page, newContext, server, expectConsole }) => {
  expectConsole(/status of 403.*\/api\/sessions\/revoke/);
  const other = await (await newContext()).newPage();
  const ada = await amongSessions(page, other, server);
  await signIn(await (await newContext()).newPage(), ada);
  await reload(page);
  await expect(sessions(page)).toHaveCount(3);
  await otherSessions(page).first().getByRole('button', { name: 'End this session' }).click();
  await password(page).fill(ada.password);
  await page.keyboard.press('Enter');
  await expect(sessions(page)).toHaveCount(2);
  await press(page, END_OTHERS);
  await expect(sessions(page)).toHaveCount(1);
  await expect(dialog(page)).toHaveCount(0);
});

for (const [how, leave] of [
  ['the button', (page: Page) => dialog(page).getByRole('button', { name: 'Cancel' }).click()],
  ['the Escape key', (page: Page) => page.keyboard.press('Escape')],
] as const) {
  test(`cancelling with ${how} leaves everything as it was`, async ({ page, newContext, server, expectConsole }) => {
    expectConsole(/status of 403.*\/api\/sessions\/revoke_others/);
    const other = await (await newContext()).newPage();
    const ada = await amongSessions(page, other, server);
    await press(page, END_OTHERS);
    await expect(dialog(page)).toBeVisible();
    await leave(page);
    await expect(dialog(page)).toHaveCount(0);
    await expect(button(page, END_OTHERS)).toBeEnabled();
    await expect(sessions(page)).toHaveCount(2);
    await reload(page);
    await expect(sessions(page)).toHaveCount(2);
    await isSignedIn(other, ada);

    await press(page, END_OTHERS);
    await expect(dialog(page)).toBeVisible();
  });

  test(`after cancelling with ${how} the focus is back on the button that was pressed`, async ({ page, newContext, server, expectConsole }) => {
    expectConsole(/status of 403.*\/api\/sessions\/revoke_others/);
    await amongSessions(page, await (await newContext()).newPage(), server);
    await press(page, END_OTHERS);
    await expect(dialog(page)).toBeVisible();
    await leave(page);
    await expect(dialog(page)).toHaveCount(0);
    await expect(button(page, END_OTHERS)).toBeFocused();
  });
}

test('a wrong password is said in the dialog, which stays for the right one', async ({ page, newContext, server, expectConsole }) => {
  expectConsole(/status of 403.*\/api\/sessions\/revoke_others/);
  expectConsole(/status of 401.*\/api\/auth\/reauthenticate/);
  const other = await (await newContext()).newPage();
  const ada = await amongSessions(page, other, server);
  await press(page, END_OTHERS);
  await password(page).fill('not this one');
  await dialog(page).getByRole('button', { name: 'Go on' }).click();
  await expect(dialog(page).getByRole('alert')).toContainText('This is not your password.');
  await expect(dialog(page).getByRole('alert')).toBeFocused();
  await expect(sessions(page)).toHaveCount(2);
  await password(page).fill(ada.password);
  await dialog(page).getByRole('button', { name: 'Go on' }).click();
  await expect(sessions(page)).toHaveCount(1);
  await expect(dialog(page)).toHaveCount(0);
});

test('the keyboard alone is enough, and stays within the dialog while it is open', async ({ page, newContext, server, expectConsole }) => {
  expectConsole(/status of 403.*\/api\/sessions\/revoke_others/);
  const other = await (await newContext()).newPage();
  const ada = await amongSessions(page, other, server);
  await button(page, END_OTHERS).focus();
  await page.keyboard.press('Enter');
  await expect(password(page)).toBeFocused();
  for (const name of ['Go on', 'Cancel']) {
    await page.keyboard.press('Tab');
    await expect(dialog(page).getByRole('button', { name })).toBeFocused();
  }
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Shift+Tab');
  await expect(password(page)).toBeFocused();
  await page.keyboard.type(ada.password);
  await page.keyboard.press('Enter');
  await expect(sessions(page)).toHaveCount(1);
  await expect(dialog(page)).toHaveCount(0);
});

test('what an administrator changes needs a recent password too, and goes on with what was chosen', async ({ page, server, expectConsole }) => {
  expectConsole(/status of 403.*\/api\/admin\/users\/set_roles/);
  const [ada, grace] = [somebody(), somebody('Grace Hopper')];
  server.addUser(ada, 'admin');
  const id = server.addUser(grace);
  await signIn(page, ada);
  server.enteredPasswordAgo(ada, TOO_LONG_AGO);
  await visit(page, `/admin/users/${id}`);
  await page.getByLabel('Roles', { exact: true }).selectOption('member, editor');
  await press(page, 'Save roles');
  await password(page).fill(ada.password);
  await page.keyboard.press('Enter');
  await expect(page.getByText('Saved. It has taken effect.')).toBeVisible();
  await reload(page);
  await expect(page.getByLabel('Roles', { exact: true })).toHaveValue('member editor');
});
