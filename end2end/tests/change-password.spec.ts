import { expect, expectSignedOut, fillSignIn, follow, newAccount, openAs, openAsNew, openWithToken, press, pressAndConfirm, reload, signIn, signOut, test, visit, type Page } from '../support/fixtures.ts';

const NEW = 'battery staple 42';
const CHANGED = 'Your password has been changed. All your other sessions have ended.';

const field = (page: Page, label: string) => page.getByLabel(label, { exact: true });
const done = (page: Page) => page.getByRole('main').getByText(CHANGED);

async function change(page: Page, current: string, chosen: string): Promise<void> {
  await visit(page, '/account/password');
  await fillChange(page, current, chosen);
}

async function fillChange(page: Page, current: string, chosen: string): Promise<void> {
  await field(page, 'Current password').fill(current);
  await field(page, 'New password').fill(chosen);
  await press(page, 'Change password');
}

test('after a change of password this browser stays signed in, and only the new password signs in', async ({ page, expectConsole }) => {
  expectConsole(/status of 401.*\/api\/auth\/login/);
  const ada = newAccount();
  await openAsNew(page, ada, '/account/password');
  await fillChange(page, ada.password, NEW);
  await expect(done(page)).toBeVisible();
  await follow(page, 'Account');
  await expect(page.getByText(ada.email)).toBeVisible();
  await reload(page);
  await expect(page.getByText(ada.email)).toBeVisible();

  await signOut(page);
  await fillSignIn(page, ada);
  await press(page, 'Sign in');
  await expect(page.getByRole('alert')).toHaveText('The email or password is incorrect.');
  await signIn(page, { ...ada, password: NEW });
});

test('a change of password revokes the sessions in other browsers, which say why at their next request', async ({ page, newContext, server, expectConsole }) => {
  expectConsole(/status of 401.*\/api\/(account\/(me|activity|overview|proofs)|auth\/refresh)/);
  const ada = newAccount();
  server.addUser(ada);
  const other = await (await newContext()).newPage();
  await openWithToken(other, ada);
  await openAs(page, ada, '/account/password');
  await fillChange(page, ada.password, NEW);
  await expect(done(page)).toBeVisible();
  await follow(other, 'Account');
  await expectSignedOut(other, 'Your password was changed. Sign in with the new one.', '/account');
  await signIn(other, { ...ada, password: NEW });
});

test('a change of password leaves the other tabs of the same browser signed in', async ({ page, context, expectConsole }) => {
  expectConsole(/status of 401.*\/api\/account\/(me|activity|overview|proofs)/, { optional: true });
  const ada = newAccount();
  await openAsNew(page, ada);
  const tab = await context.newPage();
  await visit(tab, '/dashboard');
  await change(page, ada.password, NEW);
  await expect(done(page)).toBeVisible();
  await follow(tab, 'Account');
  await expect(tab.getByText(ada.email)).toBeVisible();
});

test('a wrong current password is reported at its field, and the old one stays', async ({ page, expectConsole }) => {
  expectConsole(/status of 401.*\/api\/account\/change_password/);
  const ada = newAccount();
  await openAsNew(page, ada, '/account/password');
  await fillChange(page, 'not this one', NEW);
  await expect(page.getByRole('main').getByRole('alert')).toBeFocused();
  await expect(done(page)).toHaveCount(0);
  await expect(field(page, 'Current password')).toHaveAttribute('aria-invalid', 'true');
  await expect(field(page, 'Current password')).toHaveAccessibleDescription('Incorrect password.');
  await signOut(page);
  await signIn(page, ada);
});

test('a new password that is too short, common or like the own address is refused at its field, and the old one stays', async ({ page, expectConsole }) => {
  expectConsole(/status of 422.*\/api\/account\/change_password/);
  const ada = newAccount();
  await openAsNew(page, ada, '/account/password');
  for (const [chosen, problem] of [
    ['short', 'Use at least 8 characters.'],
    ['Password123', 'This password is too common. Choose another one.'],
    [ada.email, 'This password contains your name or email address. Choose another one.'],
  ]) {
    await fillChange(page, ada.password, chosen);
    await expect(page.getByRole('main').getByRole('alert').getByRole('listitem')).toHaveText(`New password: ${problem}`);
    await expect(field(page, 'New password')).toHaveAttribute('aria-invalid', 'true');
    await expect(field(page, 'New password')).toHaveAccessibleDescription(new RegExp(problem));
    await expect(field(page, 'Current password')).not.toHaveAttribute('aria-invalid');
    await expect(done(page)).toHaveCount(0);
  }
  await signOut(page);
  await signIn(page, ada);
});

test('while a password is typed a hint says how strong it is', async ({ page }) => {
  await openAsNew(page, newAccount(), '/account/password');
  const hint = page.getByRole('main').locator('.strength');
  await expect(hint).toHaveRole('status');
  await expect(hint).toBeEmpty();
  for (const [typed, said] of [
    ['short', 'Too short'],
    ['aaaaaaaaaa', 'Easy to guess: few different characters'],
    ['river boat', 'Fair: longer is better'],
    ['river boat tea', 'Good'],
    ['river boat teapot sky', 'Strong'],
    ['', ''],
  ]) {
    await field(page, 'New password').fill(typed);
    await expect(hint).toHaveText(said);
  }
  await field(page, 'New password').pressSequentially('river boat');
  await expect(hint).toHaveText('Fair: longer is better');
});

test('once the password is changed, its fields are empty', async ({ page }) => {
  const ada = newAccount();
  await openAsNew(page, ada, '/account/password');
  await fillChange(page, ada.password, NEW);
  await expect(done(page)).toBeVisible();
  await expect(field(page, 'Current password')).toHaveValue('');
  await expect(field(page, 'New password')).toHaveValue('');
  await expect(page.getByRole('main').locator('.strength')).toBeEmpty();
});

test('password managers are told whose password it is, wherever one is entered', async ({ page, newContext, server, expectConsole }) => {
  expectConsole(/status of 403.*\/api\/sessions\/revoke_others/);
  const ada = newAccount();
  server.addUser(ada);
  await openAs(await (await newContext()).newPage(), ada);
  await openAs(page, ada);
  const usernames = (where = 'main') => page.locator(`${where} form:has(input[type=password]) input[autocomplete=username]`).evaluateAll((fields) => fields.map((field) => (field as HTMLInputElement).value));
  for (const path of ['/account', '/account/password']) {
    await visit(page, path);
    await expect.poll(() => usernames(), { message: path }).toEqual([ada.email]);
  }
  server.setPasswordAge(ada, 16);
  await visit(page, '/account/sessions');
  await pressAndConfirm(page, 'End all other sessions');
  await expect.poll(() => usernames('dialog')).toEqual([ada.email]);
});
