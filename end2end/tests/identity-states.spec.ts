import { expectAccessible, expectEdges, expectMuchContrast } from '../support/axe.ts';
import { expectToFit } from '../support/fixtures.ts';
import { eachIdentityState } from '../support/identity-states.ts';
import { test } from '../support/mails.ts';

// Without motion no colour is halfway between two.
test.use({ contextOptions: { reducedMotion: 'reduce' } });
test.describe.configure({ mode: 'serial', timeout: 120_000 });

test('what people meet who sign up, sign in and protect their account has no violation that axe finds', async ({ page, server, mails, expectConsole }) => {
  expectConsole(/status of (4\d\d|503)/);
  await eachIdentityState({ page, server, mails, look: (what) => expectAccessible(page, what) });
});

test('it fits the window with letters of twice the size, has a contrast of 7 to 1 for whoever wants it, and edges without colours of its own', async ({ page, server, mails, expectConsole }) => {
  expectConsole(/status of (4\d\d|503)/);
  await page.setViewportSize({ width: 640, height: 512 });
  const look = async (what: string) => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, contrast: 'more', reducedMotion: 'reduce' });
      await expectMuchContrast(page, `${what} in ${colorScheme} colours`);
    }
    await page.emulateMedia({ contrast: null, forcedColors: 'active', colorScheme: 'light', reducedMotion: 'reduce' });
    await expectEdges(page, what);
    await page.emulateMedia({ forcedColors: null });
    await page.evaluate(() => (document.documentElement.style.fontSize = '200%'));
    await expectToFit(page, what);
    await page.evaluate(() => (document.documentElement.style.fontSize = ''));
  };
  await eachIdentityState({ page, server, mails, look });
});
