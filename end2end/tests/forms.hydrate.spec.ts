import { expect, fill, fillSignIn, holdBack, hydrated, isAt, press, somebody, test, visit } from '../support/fixtures.ts';

test('while the answer is awaited the button says so and takes no second press', async ({ page, server }) => {
  const ada = somebody();
  server.addUser(ada);
  const { letGo } = await holdBack(page, '**/api/auth/login');
  let sent = 0;
  page.on('request', (request) => (sent += Number(request.url().endsWith('/api/auth/login'))));
  await visit(page, '/login');
  await fillSignIn(page, ada);
  await page.getByRole('button', { name: 'Sign in', exact: true }).dblclick();
  await expect(page.getByRole('button', { name: 'Signing in…' })).toBeDisabled();
  letGo();
  await expect(page).toHaveURL(isAt('/dashboard'));
  expect(sent).toBe(1);
});

test('a form sent before WASM has taken over works, and its error outlives the take-over', async ({ page }) => {
  const ada = somebody();
  const { letGo } = await holdBack(page, '**/*.wasm');
  await page.goto('/login', { waitUntil: 'domcontentloaded' });
  await fillSignIn(page, ada);
  await press(page, 'Sign in');
  await expect(page.getByRole('alert')).toHaveText('Email or password is not right.');
  await expect(page.locator('html[data-hydrated]')).toHaveCount(0);
  letGo();
  await hydrated(page);
  await expect(page.getByRole('alert')).toHaveText('Email or password is not right.');
  await expect(page.getByLabel('Email', { exact: true })).toHaveValue(ada.email);
});

test('an error of a form sent before the take-over is forgotten on the way to another page and back', async ({ page }) => {
  const { letGo } = await holdBack(page, '**/*.wasm');
  await page.goto('/login', { waitUntil: 'domcontentloaded' });
  await fillSignIn(page, somebody());
  await press(page, 'Sign in');
  await expect(page.getByRole('alert')).toBeVisible();
  letGo();
  await hydrated(page);
  const main = page.getByRole('main');
  await main.getByRole('link', { name: 'Create an account' }).click();
  await expect(page).toHaveURL(isAt('/register'));
  await main.getByRole('link', { name: 'Sign in' }).click();
  await expect(page).toHaveURL(isAt('/login'));
  await expect(page.getByRole('alert')).toHaveCount(0);
});

test('what was typed before WASM has taken over is still there after', async ({ page }) => {
  const ada = somebody();
  const { letGo } = await holdBack(page, '**/*.wasm');
  await page.goto('/register', { waitUntil: 'domcontentloaded' });
  await fill(page, ada);
  letGo();
  await hydrated(page);
  await expect(page.getByLabel('Email', { exact: true })).toHaveValue(ada.email);
  await expect(page.getByLabel('Display name', { exact: true })).toHaveValue(ada.name);
  await press(page, 'Create account');
  await expect(page).toHaveURL(isAt('/dashboard'));
});
