import AxeBuilder from '@axe-core/playwright';
import { expect, fill, fillSignIn, press, signIn, signUp, somebody, test, visit, type Page } from '../support/fixtures.ts';
import { ADMIN_PAGES, MEMBER_PAGES, NOT_FOUND, PUBLIC_PAGES } from '../support/pages.ts';

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

    for (const { path } of ADMIN_PAGES) {
      test(`${path} has no barrier that axe finds`, async ({ page, server }) => {
        const ada = somebody();
        server.addUser(ada, 'admin');
        await signIn(page, ada);
        await visit(page, path);
        await expectAccessible(page, path);
      });
    }

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
