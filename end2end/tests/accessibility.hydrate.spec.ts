import AxeBuilder from '@axe-core/playwright';
import { arriveAs, expect, fill, fillSignIn, press, signIn, signUp, somebody, test, visit, type Page } from '../support/fixtures.ts';
import { MEMBER_PAGES, NOT_FOUND, PUBLIC_PAGES, ROLE_PAGES, about } from '../support/pages.ts';

async function expectAccessible(page: Page, what: string): Promise<void> {
  const { violations, passes } = await new AxeBuilder({ page }).analyze();
  const found = violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id} at ${target}: ${failureSummary}`));
  expect(found, what).toEqual([]);
  expect(passes.map(({ id }) => id)).toContain('color-contrast');
}

for (const colorScheme of ['light', 'dark'] as const) {
  test.describe(`in ${colorScheme} colours`, () => {
    // Without motion there is no colour half-way between two.
    test.use({ colorScheme, contextOptions: { reducedMotion: 'reduce' } });

    for (const { path } of PUBLIC_PAGES) {
      test(`${path} has no barrier that axe finds`, async ({ page }) => {
        await visit(page, path);
        await expectAccessible(page, path);
      });
    }

    test('the page of an unknown address has no barrier that axe finds', async ({ page, expectConsole }) => {
      expectConsole(/status of 404/);
      await visit(page, NOT_FOUND.path);
      await expectAccessible(page, NOT_FOUND.path);
    });

    test('the pages of an account have no barrier that axe finds', async ({ page }) => {
      await signUp(page, somebody());
      for (const { path } of MEMBER_PAGES) {
        await visit(page, path);
        await expectAccessible(page, path);
      }
    });

    test('the pages of a role have no barrier that axe finds', async ({ page, server }) => {
      const ada = somebody();
      const id = server.addUser(ada, 'editor admin');
      await signIn(page, ada);
      for (const { path } of ROLE_PAGES) {
        await visit(page, about(id, path));
        await expectAccessible(page, path);
      }
    });

    test('what opens when it is asked for has no barrier that axe finds', async ({ page, newContext, server, expectConsole }) => {
      expectConsole(/status of (401|403)/);
      const ada = somebody();
      const id = server.addUser(ada, 'editor admin');
      await signIn(await (await newContext()).newPage(), ada);
      await arriveAs(page, ada, '/notices/edit');
      await page.getByLabel('Title', { exact: true }).fill('The door is mended');
      await page.getByLabel('Text', { exact: true }).fill('It was the hinge.');
      await press(page, 'Publish');
      await expect(page.getByRole('button', { name: 'Retract' }).first()).toBeVisible();
      await expectAccessible(page, 'a notice that its editor may retract');

      await visit(page, '/admin/users');
      await page.getByText('Make an account for somebody', { exact: true }).click();
      await fill(page, { email: somebody().email, name: 'Grace Hopper' });
      await press(page, 'Make the account');
      const link = page.getByText(/\/invitation\?token=/);
      await expect(link).toBeVisible();
      await expectAccessible(page, 'the link of a new account');
      const invited = await (await newContext({ colorScheme, reducedMotion: 'reduce' })).newPage();
      await visit(invited, await link.innerText());
      await expect(invited.getByRole('button', { name: 'Sign in' })).toBeVisible();
      await expectAccessible(invited, 'an invitation');

      await visit(page, `/admin/users/${id}`);
      await page.getByText('Delete the account', { exact: true }).click();
      await expectAccessible(page, 'the deletion of an account');

      await visit(page, '/account');
      await page.getByText('Delete your account', { exact: true }).click();
      await page.getByLabel('Password', { exact: true }).fill('not this one');
      await page.getByLabel('Type “delete” to confirm', { exact: true }).fill('delete');
      await press(page, 'Delete my account');
      await expect(page.getByRole('main').getByRole('alert')).toBeFocused();
      await expectAccessible(page, 'an error in the deletion of the own account');

      server.enteredPasswordAgo(ada, 16);
      await visit(page, '/account/sessions');
      await page.getByText('Name it', { exact: true }).first().click();
      await expectAccessible(page, 'the name of a session');
      await press(page, 'End all other sessions');
      await expect(page.getByRole('dialog')).toBeVisible();
      await expectAccessible(page, 'the dialog for the password');
    });

    test('forms with errors, and the sign-in page with a reason, have no barrier that axe finds', async ({ page, expectConsole }) => {
      expectConsole(/status of (401|422)/);
      await visit(page, '/login?reason=reused');
      await expectAccessible(page, 'a reason');
      await fillSignIn(page, somebody());
      await press(page, 'Sign in');
      await expect(page.getByRole('alert')).toBeFocused();
      await expectAccessible(page, 'an error in the sign-in form');
      await visit(page, '/register');
      await fill(page, { ...somebody(), name: ' ', password: 'short' });
      await press(page, 'Create account');
      await expect(page.getByRole('alert')).toBeFocused();
      await expectAccessible(page, 'errors in the sign-up form');
    });
  });
}
