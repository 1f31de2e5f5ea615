import { resolve } from 'node:path';
import { expect, greeting, press, signIn, somebody, test, visit, type Page } from '../support/fixtures.ts';

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

      test('the sign-in page and the dashboard of an administrator fit the window', async ({ page, server }) => {
        const ada = somebody();
        server.addUser(ada, 'admin');
        for (const path of ['/', '/register', '/setup', '/login']) {
          await visit(page, path);
          await expectToFit(page);
        }
        await expectInView(page, 'Sign in');
        await signIn(page, ada);
        await expect(page.getByRole('region', { name: 'Administration' })).toBeInViewport();
        await expectInView(page, 'Sign out');
        await expectToFit(page);
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
