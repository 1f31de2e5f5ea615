import { expect, fill, press, signOut, somebody, test, visit, greeting, type Server } from '../support/fixtures.ts';

test.use({ baseURL: async ({ freshServer }, use) => use(freshServer.url) });

const LINK = /\/setup\?token=[\w-]+/;

async function setupLink(server: Server): Promise<string> {
  await expect.poll(() => server.output).toMatch(LINK);
  return LINK.exec(server.output)![0];
}

test('the link that the first start prints makes the first administrator, once', async ({ page, newContext, freshServer }) => {
  const ada = somebody();
  const link = await setupLink(freshServer);
  await visit(page, link);
  await fill(page, ada);
  await press(page, 'Create administrator');
  await expect(greeting(page, ada.name)).toBeVisible();
  await expect(page.getByRole('region', { name: 'Administration' })).toBeVisible();

  const second = await (await newContext()).newPage();
  for (const visitor of [page, second]) {
    await visit(visitor, link);
    await expect(visitor.getByText('This setup link is used up or has expired.')).toBeVisible();
    await expect(visitor.getByRole('button', { name: 'Create administrator' })).toHaveCount(0);
  }
  await signOut(page);

  await freshServer.stop();
  await freshServer.start();
  await freshServer.stop();
  expect(freshServer.output).toContain('is ready');
  expect(freshServer.output).not.toContain('/setup');
});

test('a mistake in the form does not use the link up', async ({ page, freshServer, javaScriptEnabled, expectConsole }) => {
  if (javaScriptEnabled) expectConsole(/status of 422.*\/api\/auth\/setup/);
  const ada = somebody();
  await visit(page, await setupLink(freshServer));
  await fill(page, { ...ada, password: 'short' });
  await press(page, 'Create administrator');
  await expect(page.getByRole('alert')).toContainText('Use at least 8 characters.');
  await expect(page.getByLabel('Email', { exact: true })).toHaveValue(ada.email);
  await fill(page, ada);
  await press(page, 'Create administrator');
  await expect(page.getByRole('region', { name: 'Administration' })).toBeVisible();
});

test('two who open the link at once do not both become administrator', async ({ page, newContext, freshServer, javaScriptEnabled, expectConsole }) => {
  if (javaScriptEnabled) expectConsole(/status of 403.*\/api\/auth\/setup/);
  const late = await (await newContext()).newPage();
  const link = await setupLink(freshServer);
  await visit(page, link);
  await visit(late, link);
  await fill(page, somebody());
  await press(page, 'Create administrator');
  await expect(page.getByRole('region', { name: 'Administration' })).toBeVisible();
  await fill(late, somebody());
  await press(late, 'Create administrator');
  await expect(late.getByText('This setup link is used up or has expired.').first()).toBeVisible();
  await visit(late, '/login');
  await expect(late).toHaveURL('/login');
});

test('each start makes a new link while there is no account, and the old one works no more', async ({ page, freshServer }) => {
  const old = await setupLink(freshServer);
  await freshServer.stop();
  await freshServer.start();
  const fresh = await setupLink(freshServer);
  expect(fresh).not.toBe(old);
  await visit(page, old);
  await expect(page.getByText('This setup link is used up or has expired.')).toBeVisible();
  await visit(page, fresh);
  await expect(page.getByRole('button', { name: 'Create administrator' })).toBeVisible();
});

test('without a link nobody is set up', async ({ page }) => {
  for (const address of ['/setup', '/setup?token=', `/setup?token=${'A'.repeat(43)}`]) {
    await visit(page, address);
    await expect(page.getByText('This setup link is used up or has expired.')).toBeVisible();
  }
});
