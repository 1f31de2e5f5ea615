import { expect, fill, fillSignIn, holdRequests, isAt, newAccount, openAs, press, signInWithApi, test, visit, waitForHydration, type Page } from '../support/fixtures.ts';
import { about } from '../support/pages.ts';

const LATE = 'The buttons work once this page has loaded, which needs JavaScript.';
const FAILED = "This page could not be loaded completely, so its buttons don't work.";

/** The pages with forms that need an access token. What begins with a colon stands for one of the subjects. */
const WAITING = ['/account', '/account/password', '/account/security', '/account/sessions', '/notices/edit', '/admin/users', '/admin/users/:user', '/admin/groups', '/admin/groups/:group', '/admin/clients', '/admin/clients/:client', '/admin/providers', '/admin/providers/:provider', '/admin/keys'];

const field = (page: Page, label: string) => page.getByLabel(label, { exact: true });

test('while the response is awaited the button says so and ignores a second click', async ({ page, server }) => {
  const ada = newAccount();
  server.addUser(ada);
  const { release } = await holdRequests(page, '**/api/auth/login');
  let sent = 0;
  page.on('request', (request) => (sent += Number(request.url().endsWith('/api/auth/login'))));
  await visit(page, '/login');
  await fillSignIn(page, ada);
  await page.getByRole('button', { name: 'Sign in', exact: true }).dblclick();
  await expect(page.getByRole('button', { name: 'Signing in…' })).toBeDisabled();
  release();
  await expect(page).toHaveURL(isAt('/dashboard'));
  expect(sent).toBe(1);
});

test('a form sent before hydration works, and its error stays after hydration', async ({ page }) => {
  const ada = newAccount();
  const { release } = await holdRequests(page, '**/*.wasm');
  await page.goto('/login', { waitUntil: 'domcontentloaded' });
  await fillSignIn(page, ada);
  await press(page, 'Sign in');
  await expect(page.getByRole('alert')).toHaveText('The email or password is incorrect.');
  await expect(page.locator('html[data-hydrated]')).toHaveCount(0);
  release();
  await waitForHydration(page);
  await expect(page.getByRole('alert')).toHaveText('The email or password is incorrect.');
  await expect(page.getByLabel('Email', { exact: true })).toHaveValue(ada.email);
});

test('an error of a form sent before hydration is gone after a visit to another page', async ({ page }) => {
  const { release } = await holdRequests(page, '**/*.wasm');
  await page.goto('/login', { waitUntil: 'domcontentloaded' });
  await fillSignIn(page, newAccount());
  await press(page, 'Sign in');
  await expect(page.getByRole('alert')).toBeVisible();
  release();
  await waitForHydration(page);
  const main = page.getByRole('main');
  await main.getByRole('link', { name: 'Create an account' }).click();
  await expect(page).toHaveURL(isAt('/register'));
  await main.getByRole('link', { name: 'Sign in' }).click();
  await expect(page).toHaveURL(isAt('/login'));
  await expect(page.getByRole('alert')).toHaveCount(0);
});

test('what was typed before hydration is still there after it', async ({ page }) => {
  const ada = newAccount();
  const { release } = await holdRequests(page, '**/*.wasm');
  await page.goto('/register', { waitUntil: 'domcontentloaded' });
  await fill(page, ada);
  release();
  await waitForHydration(page);
  await expect(page.getByLabel('Email', { exact: true })).toHaveValue(ada.email);
  await expect(page.getByLabel('Display name', { exact: true })).toHaveValue(ada.name);
  await press(page, 'Create account');
  await expect(page).toHaveURL(isAt('/dashboard'));
});

test('before hydration a form that needs a token is not sent, the page says why, and what was typed is kept and can be sent then', async ({ page, server }) => {
  const grace = newAccount('Grace Hopper');
  server.addUser(grace, 'editor');
  await signInWithApi(page, grace);
  let posts = 0;
  page.on('request', (request) => (posts += Number(request.method() === 'POST')));
  const { release } = await holdRequests(page, '**/*.wasm');
  await page.goto('/notices/edit', { waitUntil: 'domcontentloaded' });
  const title = newAccount().email;
  await field(page, 'Text').fill('It was the hinge.');
  await field(page, 'Title').fill(title);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'Publish' })).toBeDisabled();
  await page.getByRole('button', { name: 'Publish' }).click({ force: true });
  await expect(page.getByText(LATE)).toBeVisible();
  await expect(page).toHaveURL('/notices/edit');
  expect(posts).toBe(0);
  release();
  await waitForHydration(page);
  await expect(page.getByText(LATE)).toHaveCount(0);
  await expect(field(page, 'Title')).toHaveValue(title);
  await expect(field(page, 'Text')).toHaveValue('It was the hinge.');
  await press(page, 'Publish');
  await expect(page.getByRole('article').filter({ hasText: title })).toBeVisible();
});

test('a page whose client bundle fails to load says so in view, with a form unfolded too, and sends nothing', async ({ page, server, expectConsole }) => {
  expectConsole(/\.wasm|Failed to fetch/);
  const ada = newAccount();
  server.addUser(ada);
  await signInWithApi(page, ada);
  await page.route('**/*.wasm', (route) => route.abort());
  await page.setViewportSize({ width: 360, height: 500 });
  await page.goto('/account');
  await expect(page.getByText(FAILED)).toBeInViewport();
  await expect(page.getByText(LATE)).toBeHidden();
  await page.getByText('Delete your account', { exact: true }).click();
  await field(page, 'Password').fill(ada.password);
  await field(page, 'Type “delete” to confirm').fill('delete');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'Delete my account' })).toBeDisabled();
  await expect(page.getByText(FAILED)).toBeInViewport();
  await expect(field(page, 'Password')).toHaveValue(ada.password);
  await expect(page).toHaveURL('/account');
});

test('a page whose script fails to load says so too', async ({ page, server, expectConsole }) => {
  expectConsole(/\.js/);
  const ada = newAccount();
  server.addUser(ada);
  await signInWithApi(page, ada);
  await page.route('**/latchkey.js', (route) => route.abort());
  await page.goto('/account');
  await expect(page.getByText(FAILED)).toBeInViewport();
});

test('on every page no button that needs a token can be pressed before hydration, and each can after it', async ({ page, server }) => {
  const ada = newAccount();
  const subjects = server.addSubjects(ada, 'editor admin');
  await openAs(page, ada);
  for (const path of WAITING) {
    const { release } = await holdRequests(page, '**/*.wasm');
    await page.goto(about(subjects, path), { waitUntil: 'domcontentloaded' });
    // Those of a GET work at any time.
    const buttons = page.getByRole('main').locator('form[method=post] button, button[type=button]');
    const count = await buttons.count();
    expect(count, path).toBeGreaterThan(0);
    for (let at = 0; at < count; at += 1) await expect(buttons.nth(at), path).toBeDisabled();
    await expect(page.getByText(LATE), path).toBeInViewport();
    release();
    await waitForHydration(page);
    await page.unroute('**/*.wasm');
    for (let at = 0; at < count; at += 1) await expect(buttons.nth(at), path).toBeEnabled();
    await expect(page.getByText(LATE), path).toHaveCount(0);
  }
});
