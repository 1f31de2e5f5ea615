import { resolve } from 'node:path';
import { expect, greeting, press, signIn, somebody, test, visit, type Page } from '../support/fixtures.ts';
import { MEMBER_PAGES, PUBLIC_PAGES, ROLE_PAGES, about } from '../support/pages.ts';

const PICTURE = resolve(import.meta.dirname, '../../docs/latchkey.png');
const PHONE = { width: 360, height: 740 };
const DESK = { width: 1100, height: 620 };

async function expectToFit(page: Page): Promise<void> {
  const { content, window } = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.scrollingElement!;
    return { content: scrollWidth, window: clientWidth };
  });
  expect(content, page.url()).toBeLessThanOrEqual(window);
}

async function expectInView(page: Page, name: string): Promise<void> {
  await expect(page.getByRole('button', { name, exact: true })).toBeInViewport({ ratio: 1 });
}

for (const colorScheme of ['light', 'dark'] as const) {
  for (const viewport of [PHONE, DESK]) {
    test.describe(`in ${colorScheme} colours, ${viewport.width} pixels wide,`, () => {
      test.use({ colorScheme, viewport, deviceScaleFactor: 2 });

      test('every page fits the window', async ({ page, server }) => {
        const ada = somebody();
        const id = server.addUser(ada, 'editor admin');
        for (const { path } of PUBLIC_PAGES) {
          await visit(page, path);
          await expectToFit(page);
        }
        await signIn(page, ada);
        for (const { path } of [...MEMBER_PAGES, ...ROLE_PAGES]) {
          await visit(page, about(id, path));
          await expectToFit(page);
        }
      });

      test('the ways in and out are in view, and so is what an administrator has to do', async ({ page, server }) => {
        const ada = somebody();
        server.addUser(ada, 'admin');
        await visit(page, '/login');
        await expectInView(page, 'Sign in');
        await signIn(page, ada);
        await expect(page.getByRole('region', { name: 'Administration' })).toBeInViewport();
        await expectInView(page, 'Sign out');
        if (process.env.LATCHKEY_PICTURES === '1' && colorScheme === 'light' && viewport === DESK) {
          await page.screenshot({ path: PICTURE });
        }
      });

      test('the longest name and address fit the window', async ({ page, server }) => {
        const email = `${'w'.repeat(50)}${colorScheme}${viewport.width}@${'w'.repeat(60)}.example.org`;
        const long = { ...somebody('W'.repeat(100)), email };
        server.addUser(long);
        await signIn(page, long);
        await expectToFit(page);
        await visit(page, '/account');
        await expect(page.getByText(long.email)).toBeVisible();
        await expectToFit(page);
        await press(page, 'Sign out');
        await expect(greeting(page, long.name)).toHaveCount(0);
      });
    });
  }
}
