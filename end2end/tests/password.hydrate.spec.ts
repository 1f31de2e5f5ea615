import { expect, fillSignIn, follow, press, reload, signIn, signOut, signUp, somebody, test, toldWhy, visit, type Page } from '../support/fixtures.ts';

const NEW = 'battery staple 42';
const CHANGED = 'Your password is changed. All your other sessions were ended.';

const field = (page: Page, label: string) => page.getByLabel(label, { exact: true });
const done = (page: Page) => page.getByRole('main').getByText(CHANGED);

async function change(page: Page, current: string, chosen: string): Promise<void> {
  await visit(page, '/account/password');
  await field(page, 'Current password').fill(current);
  await field(page, 'New password').fill(chosen);
  await press(page, 'Change password');
}

test('after a change of password this browser stays signed in, and only the new password signs in', async ({ page, expectConsole }) => {
  expectConsole(/status of 401.*\/api\/auth\/login/);
  const ada = somebody();
  await signUp(page, ada);
  await change(page, ada.password, NEW);
  await expect(done(page)).toBeVisible();
  await follow(page, 'Account');
  await expect(page.getByText(ada.email)).toBeVisible();
  await reload(page);
  await expect(page.getByText(ada.email)).toBeVisible();

  await signOut(page);
  await fillSignIn(page, ada);
  await press(page, 'Sign in');
  await expect(page.getByRole('alert')).toHaveText('Email or password is not right.');
  await signIn(page, { ...ada, password: NEW });
});

test('a change of password signs the other browsers of that person out at their next call, and they say why', async ({ page, newContext, server, expectConsole }) => {
  expectConsole(/status of 401.*\/api\/(account\/(me|activity)|auth\/refresh)/);
  const ada = somebody();
  server.addUser(ada);
  const other = await (await newContext()).newPage();
  await signIn(other, ada);
  await signIn(page, ada);
  await change(page, ada.password, NEW);
  await expect(done(page)).toBeVisible();
  await follow(other, 'Account');
  await toldWhy(other, 'Your password was changed on another device. Sign in with the new one.', '/account');
  await signIn(other, { ...ada, password: NEW });
});

test('a change of password leaves the other tabs of the same browser signed in', async ({ page, context, expectConsole }) => {
  expectConsole(/status of 401.*\/api\/account\/(me|activity)/, { optional: true });
  const ada = somebody();
  await signUp(page, ada);
  const tab = await context.newPage();
  await visit(tab, '/dashboard');
  await change(page, ada.password, NEW);
  await expect(done(page)).toBeVisible();
  await follow(tab, 'Account');
  await expect(tab.getByText(ada.email)).toBeVisible();
});

test('a wrong current password is said at its field, and the old one stays', async ({ page, expectConsole }) => {
  expectConsole(/status of 401.*\/api\/account\/change_password/);
  const ada = somebody();
  await signUp(page, ada);
  await change(page, 'not this one', NEW);
  await expect(page.getByRole('main').getByRole('alert')).toBeFocused();
  await expect(done(page)).toHaveCount(0);
  await expect(field(page, 'Current password')).toHaveAttribute('aria-invalid', 'true');
  await expect(field(page, 'Current password')).toHaveAccessibleDescription('This is not your password.');
  await signOut(page);
  await signIn(page, ada);
});

const REFUSED = {
  'one that is too short': { chosen: () => 'short', problem: 'Use at least 8 characters.' },
  'a common one': { chosen: () => 'Password123', problem: 'This is one of the passwords that are tried first. Choose another one.' },
  "one's own address": { chosen: (email: string) => email, problem: 'This contains your name or your email address. Choose another one.' },
};

for (const [what, { chosen, problem }] of Object.entries(REFUSED)) {
  test(`as a new password ${what} is refused at its field, and the old one stays`, async ({ page, expectConsole }) => {
    expectConsole(/status of 422.*\/api\/account\/change_password/);
    const ada = somebody();
    await signUp(page, ada);
    await change(page, ada.password, chosen(ada.email));
    await expect(page.getByRole('main').getByRole('alert').getByRole('listitem')).toHaveText(`New password: ${problem}`);
    await expect(field(page, 'New password')).toHaveAttribute('aria-invalid', 'true');
    await expect(field(page, 'New password')).toHaveAccessibleDescription(new RegExp(problem));
    await expect(field(page, 'Current password')).not.toHaveAttribute('aria-invalid');
    await expect(done(page)).toHaveCount(0);
    await signOut(page);
    await signIn(page, ada);
  });
}

test('while a password is typed a hint says how strong it is', async ({ page }) => {
  await signUp(page, somebody());
  await visit(page, '/account/password');
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

test('the address that password managers know leads to the page', async ({ page }) => {
  await signUp(page, somebody());
  await visit(page, '/.well-known/change-password');
  await expect(page).toHaveURL('/account/password');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Change your password');
});
