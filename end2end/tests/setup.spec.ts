import { expect, expectDashboard, fill, newAccount, press, signOut, test, visit } from '../support/fixtures.ts';
import { setupLink } from '../support/setup.ts';

test.use({ baseURL: async ({ freshServer }, use) => use(freshServer.url) });

test('a mistake does not use the setup link up, which makes the first administrator once', async ({ page, newContext, freshServer, expectConsole }) => {
  expectConsole(/status of 422.*\/api\/auth\/setup/);
  const ada = newAccount();
  const link = await setupLink(freshServer);
  await visit(page, link);
  await fill(page, { ...ada, password: 'short' });
  await press(page, 'Create administrator');
  await expect(page.getByRole('alert')).toContainText('Use at least 8 characters.');
  await expect(page.getByLabel('Email', { exact: true })).toHaveValue(ada.email);
  await fill(page, ada);
  await press(page, 'Create administrator');
  await expectDashboard(page, ada);
  await expect(page.getByRole('region', { name: 'Administration' })).toBeVisible();

  const second = await (await newContext()).newPage();
  for (const visitor of [page, second]) {
    await visit(visitor, link);
    await expect(visitor.getByText('This setup link was used or has expired.')).toBeVisible();
    await expect(visitor.getByRole('button', { name: 'Create administrator' })).toHaveCount(0);
  }
  await signOut(page);

  await freshServer.stop();
  await freshServer.start();
  await freshServer.stop();
  expect(freshServer.output).toContain('is ready');
  expect(freshServer.output).not.toContain('/setup');
});

test('of two people who open the setup link at once only one becomes administrator', async ({ page, newContext, freshServer, expectConsole }) => {
  expectConsole(/status of 403.*\/api\/auth\/setup/);
  const late = await (await newContext()).newPage();
  const link = await setupLink(freshServer);
  await visit(page, link);
  await visit(late, link);
  await fill(page, newAccount());
  await press(page, 'Create administrator');
  await expect(page.getByRole('region', { name: 'Administration' })).toBeVisible();
  await fill(late, newAccount());
  await press(late, 'Create administrator');
  await expect(late.getByText('This setup link was used or has expired.').first()).toBeVisible();
  await visit(late, '/login');
  await expect(late).toHaveURL('/login');
});

test('each start prints a new setup link while there is no account, and the old one no longer works', async ({ page, freshServer }) => {
  const old = await setupLink(freshServer);
  await freshServer.stop();
  await freshServer.start();
  const fresh = await setupLink(freshServer);
  expect(fresh).not.toBe(old);
  await visit(page, old);
  await expect(page.getByText('This setup link was used or has expired.')).toBeVisible();
  await visit(page, fresh);
  await expect(page.getByRole('button', { name: 'Create administrator' })).toBeVisible();
});
