import axe from 'axe-core';
import { expect, type Page } from '@playwright/test';
import { expectToFit } from './people.ts';

type Axe = typeof axe;

/** Runs axe on a page. With `only`, no other rule than these. Returns what violates a rule, and the rules that hold. */
async function run(page: Page, only?: string[]): Promise<{ violations: string[]; passes: string[] }> {
  await page.evaluate(axe.source);
  return page.evaluate(async (only) => {
    const { violations, passes } = await (globalThis as unknown as { axe: Axe }).axe.run(document, only ? { runOnly: only } : {});
    const found = violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id} at ${target}: ${failureSummary}`));
    return { violations: found, passes: passes.map(({ id }) => id) };
  }, only);
}

/** axe finds nothing in the page as it is. */
export async function expectNoViolations(page: Page, what = page.url()): Promise<void> {
  const { violations, passes } = await run(page);
  expect(violations, what).toEqual([]);
  expect(passes, what).toContain('color-contrast');
}

/** Every text of the page has a contrast of 7 to 1. */
export async function expectMuchContrast(page: Page, what: string): Promise<void> {
  const { violations, passes } = await run(page, ['color-contrast-enhanced']);
  expect(violations, what).toEqual([]);
  expect(passes, what).toEqual(['color-contrast-enhanced']);
}

/** axe finds nothing on a wide window in light colours and on a narrow one in dark colours, on which nothing scrolls sideways. */
export async function expectAccessible(page: Page, what: string): Promise<void> {
  await expectNoViolations(page, `${what} in light colours`);
  await page.setViewportSize({ width: 320, height: 640 });
  await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
  await expectNoViolations(page, `${what} in dark colours on a narrow window`);
  await expectToFit(page, what);
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  await page.setViewportSize({ width: 1280, height: 720 });
}

/** Where the browser brings the colours, what can be pressed has an edge. */
export async function expectEdges(page: Page, what: string): Promise<void> {
  const bare = await page.locator('button:visible:not(.reveal)').evaluateAll((buttons) =>
    buttons.filter((button) => !button.closest('.appearance') && getComputedStyle(button).borderTopWidth === '0px').map((button) => button.textContent),
  );
  expect(bare, what).toEqual([]);
}
