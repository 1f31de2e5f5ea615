import { eachAppState } from '../support/app-states.ts';
import { expectAccessible, expectMuchContrast } from '../support/axe.ts';
import { expect, fill, fillSignIn, newAccount, openAs, openAsNew, press, pressAndConfirm, test, visit } from '../support/fixtures.ts';
import { MEMBER_PAGES, NOT_FOUND, PUBLIC_PAGES, ROLE_PAGES, about } from '../support/pages.ts';

// Without motion no colour is halfway between two.
test.use({ contextOptions: { reducedMotion: 'reduce' } });

test('public pages have no violation that axe finds', async ({ page, expectConsole }) => {
  expectConsole(/status of 404/);
  for (const { path } of [...PUBLIC_PAGES, NOT_FOUND]) {
    await visit(page, path);
    await expectAccessible(page, path);
  }
});

test('the pages of an account have no violation that axe finds', async ({ page }) => {
  await openAsNew(page, newAccount());
  for (const { path } of MEMBER_PAGES) {
    await visit(page, path);
    await expectAccessible(page, path);
  }
});

test('the pages of a role have no violation that axe finds', async ({ page, server }) => {
  const ada = newAccount();
  const subjects = server.addSubjects(ada, 'editor admin');
  await openAs(page, ada);
  for (const { path } of ROLE_PAGES) {
    await visit(page, about(subjects, path));
    await expectAccessible(page, path);
  }
});

test('what an editor and an administrator open has no violation that axe finds', async ({ page, newContext, server }) => {
  const ada = newAccount();
  const id = server.addUser(ada, 'editor admin');
  await openAs(page, ada, '/notices/edit');
  await page.getByLabel('Title', { exact: true }).fill('The door is mended');
  await page.getByLabel('Text', { exact: true }).fill('It was the hinge.');
  await press(page, 'Publish');
  await expect(page.getByRole('button', { name: 'Retract' }).first()).toBeVisible();
  await expectAccessible(page, 'a notice that its editor may retract');

  await visit(page, '/admin/users');
  await page.getByText('Invite someone', { exact: true }).click();
  await fill(page, { email: newAccount().email, name: 'Grace Hopper' });
  await press(page, 'Create invitation');
  const link = page.getByText(/\/invitation\?token=/);
  await expect(link).toBeVisible();
  await expectAccessible(page, 'the link of a new account');
  const invited = await (await newContext({ reducedMotion: 'reduce' })).newPage();
  await visit(invited, await link.innerText());
  await expect(invited.getByRole('button', { name: 'Sign in' })).toBeVisible();
  await expectAccessible(invited, 'an invitation');

  await visit(page, `/admin/users/${id}`);
  await press(page, 'Delete the account');
  await expect(page.getByRole('alertdialog')).toBeVisible();
  await expectAccessible(page, 'the question before an account is deleted');
});

test('what a member opens has no violation that axe finds', async ({ page, newContext, server, expectConsole }) => {
  expectConsole(/status of (401|403)/);
  const ada = newAccount();
  server.addUser(ada);
  await openAs(await (await newContext()).newPage(), ada);
  await openAs(page, ada, '/account');
  await page.getByText('Delete your account', { exact: true }).click();
  await page.getByLabel('Password', { exact: true }).fill('not this one');
  await page.getByLabel('Type “delete” to confirm', { exact: true }).fill('delete');
  await press(page, 'Delete my account');
  await expect(page.getByRole('main').getByRole('alert')).toBeFocused();
  await expectAccessible(page, 'an error in the deletion of the own account');

  server.setPasswordAge(ada, 16);
  await visit(page, '/account/sessions');
  await page.getByText('Name it', { exact: true }).first().click();
  await expectAccessible(page, 'the name of a session');
  await pressAndConfirm(page, 'End all other sessions');
  await expect(page.getByRole('dialog')).toBeVisible();
  await expectAccessible(page, 'the dialog for the password');
});

test('where apps and devices lead has no violation that axe finds, in any state', async ({ page, server, expectConsole }) => {
  expectConsole(/status of (400|429)/);
  await eachAppState(page, server, (what) => expectAccessible(page, what));
});

test('whoever wants more contrast gets 7 to 1 for every text', async ({ page, server, expectConsole }) => {
  expectConsole(/status of (400|401|429)/);
  const ada = newAccount();
  const subjects = server.addSubjects(ada, 'editor admin');
  const expectContrast = async (what: string) => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, contrast: 'more', reducedMotion: 'reduce' });
      await expectMuchContrast(page, `${what} in ${colorScheme} colours`);
    }
  };
  await visit(page, '/login?reason=reused');
  await fillSignIn(page, newAccount());
  await press(page, 'Sign in');
  await expect(page.getByRole('alert')).toBeFocused();
  await expectContrast('an error in the sign-in form');
  await openAs(page, ada);
  for (const { path } of [...MEMBER_PAGES, ...ROLE_PAGES]) {
    await visit(page, about(subjects, path));
    await expectContrast(path);
  }
  await eachAppState(page, server, expectContrast);
});

test('forms with errors, and the sign-in page with a reason, have no violation that axe finds', async ({ page, expectConsole }) => {
  expectConsole(/status of (401|422)/);
  await visit(page, '/login?reason=reused');
  await expectAccessible(page, 'a reason');
  await fillSignIn(page, newAccount());
  await press(page, 'Sign in');
  await expect(page.getByRole('alert')).toBeFocused();
  await expectAccessible(page, 'an error in the sign-in form');
  await visit(page, '/register');
  await fill(page, { ...newAccount(), name: ' ', password: 'short' });
  await press(page, 'Create account');
  await expect(page.getByRole('alert')).toBeFocused();
  await expectAccessible(page, 'errors in the sign-up form');
});
