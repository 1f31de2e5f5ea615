import { expect, type Locator, type Page } from '@playwright/test';

type Role = 'link' | 'button' | 'textbox';

/** Moves the focus with the Tab key alone. */
export async function tabToElement(page: Page, wanted: Locator): Promise<void> {
  for (let press = 0; press < 40; press += 1) {
    if (await wanted.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`the keyboard does not reach ${wanted}`);
}

/** The same, to what has this role and name. */
export function tabsIn(page: Page): (role: Role, name: string) => Promise<void> {
  return (role, name) => tabToElement(page, page.getByRole(role, { name, exact: true }).first());
}

/** Moves the focus to a field, and types. */
export function typesIn(page: Page): (field: string, text: string) => Promise<void> {
  return async (field, text) => {
    await tabsIn(page)('textbox', field);
    await page.keyboard.type(text);
  };
}

/** Answers the question that a button asks before it acts. */
export async function confirmByKeyboard(page: Page): Promise<void> {
  await expect(page.getByRole('alertdialog').getByRole('button', { name: 'Cancel' })).toBeFocused();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
}
