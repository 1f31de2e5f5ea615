import { expect, type Page } from '@playwright/test';

type Role = 'Editor' | 'Admin';

const choices: Role[] = ['Editor', 'Admin'];

const box = (page: Page, role: string) => page.getByRole('group', { name: 'Roles' }).getByRole('checkbox', { name: role, exact: true });

/** Chooses the roles of an account, which is always a member. */
export async function chooseRoles(page: Page, ...roles: Role[]): Promise<void> {
  for (const role of choices) await box(page, role).setChecked(roles.includes(role));
}

export async function expectRoles(page: Page, ...roles: Role[]): Promise<void> {
  await expect(box(page, 'Member')).toBeChecked();
  await expect(box(page, 'Member')).toBeDisabled();
  for (const role of choices) await expect(box(page, role)).toBeChecked({ checked: roles.includes(role) });
}
