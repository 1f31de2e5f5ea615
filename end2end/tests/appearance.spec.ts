import { eachAppState } from '../support/app-states.ts';
import { expectEdges } from '../support/axe.ts';
import { expect, holdRequests, newAccount, openAs, openAsNew, press, pressAndConfirm, test, visit, type Page } from '../support/fixtures.ts';
import { MEMBER_PAGES, PUBLIC_PAGES, ROLE_PAGES, about } from '../support/pages.ts';

const DARK = 'rgb(15, 19, 24)';
const LIGHT = 'rgb(246, 247, 249)';

const background = (page: Page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
const choose = (page: Page, name: string) => page.getByRole('group', { name: 'Appearance' }).getByRole('button', { name, exact: true }).click();

test('colours follow the system until somebody chooses, and the choice is there before the first script of the next page', async ({ page }) => {
  await page.emulateMedia({ colorScheme: 'light' });
  await visit(page, '/');
  expect(await background(page)).toBe(LIGHT);
  const remembered = page.waitForResponse('**/appearance');
  await choose(page, 'Dark');
  expect(await background(page)).toBe(DARK);
  await expect(page.getByRole('button', { name: 'Dark', exact: true })).toHaveAttribute('aria-pressed', 'true');
  await remembered;
  const html = await (await page.request.get('/login')).text();
  expect(html).toContain('data-theme="dark"');
  await visit(page, '/login');
  expect(await background(page)).toBe(DARK);
  const forgotten = page.waitForResponse('**/appearance');
  await choose(page, 'Automatic');
  expect(await background(page)).toBe(LIGHT);
  await forgotten;
  await page.emulateMedia({ colorScheme: 'dark' });
  expect(await background(page)).toBe(DARK);
});

test('the account menu opens and closes with the keyboard, and a link in it closes it', async ({ page }) => {
  const ada = newAccount();
  await openAsNew(page, ada);
  const menu = page.getByRole('button', { name: `Menu of ${ada.name}` });
  const sessions = page.locator('#account-menu').getByRole('link', { name: 'Sessions' });
  await menu.focus();
  await page.keyboard.press('Enter');
  await expect(sessions).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(sessions).toBeHidden();
  await expect(menu).toBeFocused();
  await page.keyboard.press('Enter');
  for (const _ of ['Profile', 'Security', 'Password', 'Sessions']) await page.keyboard.press('Tab');
  await expect(sessions).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL('/account/sessions');
  await expect(sessions).toBeHidden();
});

test('a password can be shown, is hidden again when it is sent, and Caps Lock is told', async ({ page, expectConsole }) => {
  expectConsole(/status of 401/);
  await visit(page, '/login');
  const password = page.getByLabel('Password', { exact: true });
  await page.getByLabel('Email', { exact: true }).fill(newAccount().email);
  await password.fill('not this one');
  await press(page, 'Show password');
  await expect(password).toHaveAttribute('type', 'text');
  await press(page, 'Sign in');
  await expect(page.getByRole('alert')).toBeFocused();
  await expect(password).toHaveAttribute('type', 'password');
  const withCapsLock = (on: boolean) =>
    password.evaluate((field, on) => field.dispatchEvent(new KeyboardEvent('keyup', { key: 'a', bubbles: true, modifierCapsLock: on })), on);
  await withCapsLock(true);
  await expect(page.getByText('Caps Lock is on.')).toBeVisible();
  await withCapsLock(false);
  await expect(page.getByText('Caps Lock is on.')).toHaveCount(0);
  // What a browser fills in by itself is no event of a keyboard.
  await password.evaluate((field) => field.dispatchEvent(new Event('keydown', { bubbles: true })));
});

test('a button keeps its width while it waits', async ({ page, expectConsole }) => {
  expectConsole(/status of 401/);
  const { release } = await holdRequests(page, '**/api/auth/login');
  await visit(page, '/login');
  const button = page.locator('form[action$=login] .primary');
  const before = await button.boundingBox();
  await page.getByLabel('Email', { exact: true }).fill('ada@example.org');
  await page.getByLabel('Password', { exact: true }).fill('not this one');
  await press(page, 'Sign in');
  await expect(button).toHaveText('Signing in…');
  expect(await button.boundingBox()).toEqual(before);
  release();
  await expect(page.getByRole('alert')).toBeFocused();
});

test.describe('with attempts limited', () => {
  test.use({ settings: { LATCHKEY_RATE_LIMIT: 'on' } });

  test('whoever tried too often is told for how long to wait, second by second', async ({ page, server, expectConsole }) => {
    expectConsole(/status of (401|429)/);
    const ada = newAccount();
    server.addUser(ada);
    for (let attempt = 0; attempt < 10; attempt += 1) await page.request.post('/api/auth/login', { form: { email: ada.email, password: 'not this one' } });
    await visit(page, '/login');
    await page.getByLabel('Email', { exact: true }).fill(ada.email);
    await page.getByLabel('Password', { exact: true }).fill('not this one');
    await press(page, 'Sign in');
    const timer = page.getByRole('timer');
    await expect(timer).toHaveText(/^You can try again in (1 min \d\d|\d+) s\.$/);
    const shown = await timer.innerText();
    await expect(timer).not.toHaveText(shown);
    await expect(timer).toHaveText(/^You can try again in \d+ s\.$/);
  });
});

test('where the browser brings the colours, what can be pressed has an edge and the current page is marked', async ({ page, server, expectConsole }) => {
  expectConsole(/status of (400|429)/);
  const ada = newAccount();
  const subjects = server.addSubjects(ada, 'editor admin');
  await page.emulateMedia({ forcedColors: 'active' });
  await eachAppState(page, server, (what) => expectEdges(page, what));
  await openAs(page, ada);
  for (const { path } of [...MEMBER_PAGES, ...ROLE_PAGES]) {
    await visit(page, about(subjects, path));
    await expectEdges(page, path);
  }
  const mark = page.getByRole('navigation', { name: 'Administration' }).locator('[aria-current=page]');
  expect(await mark.evaluate((link) => getComputedStyle(link, '::after').borderBottomStyle)).toBe('solid');
});

test('nothing moves while a page comes alive, on a wide screen and on a phone', async ({ page, server }) => {
  test.slow();
  const ada = newAccount();
  const subjects = server.addSubjects(ada, 'editor admin');
  const moved = () =>
    page.evaluate(
      () =>
        new Promise<number>((resolve) => {
          let sum = 0;
          new PerformanceObserver((list) => {
            for (const entry of list.getEntries() as (PerformanceEntry & { value: number })[]) sum += entry.value;
          }).observe({ type: 'layout-shift', buffered: true });
          requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => resolve(sum))));
        }),
    );
  for (const { path } of PUBLIC_PAGES) {
    await visit(page, path);
    expect(await moved(), path).toBe(0);
  }
  await openAs(page, ada);
  for (const width of [1280, 412, 320]) {
    await page.setViewportSize({ width, height: 800 });
    for (const { path } of [...MEMBER_PAGES, ...ROLE_PAGES]) {
      await visit(page, about(subjects, path));
      expect(await moved(), `${path}, ${width} pixels wide`).toBe(0);
    }
  }
  // However long it takes: what says so lies over the page.
  const { release } = await holdRequests(page, '**/*.wasm');
  await page.goto('/account/sessions', { waitUntil: 'domcontentloaded' });
  await expect(page.getByText('The buttons work once this page has loaded')).toBeVisible();
  release();
  await expect(page.locator('html[data-hydrated]')).toHaveCount(1);
  expect(await moved(), 'a page that is late').toBe(0);
});

test('a question that was asked while an answer was on its way stays open', async ({ page, server }) => {
  const [ada, grace] = [newAccount(), newAccount('Grace Hopper')];
  server.addUser(ada, 'admin');
  const id = server.addUser(grace);
  await openAs(page, ada, `/admin/users/${id}`);
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  await page.route('**/api/admin/users/get', async (route) => {
    await released;
    await route.continue();
  });
  await pressAndConfirm(page, 'End all sessions');
  await press(page, 'Delete the account');
  await expect(page.getByRole('alertdialog')).toBeVisible();
  const answered = page.waitForResponse('**/api/admin/users/get');
  release();
  await answered;
  // The answer has been shown by now: what comes after it in the page's own queue has run.
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  await expect(page.getByRole('alertdialog', { name: 'Delete the account?' })).toBeVisible();
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('colours are chosen too, and one stays on the page', async ({ page }) => {
    await page.emulateMedia({ colorScheme: 'light' });
    await visit(page, '/register?next=/account');
    await choose(page, 'Dark');
    await expect(page).toHaveURL('/register?next=/account');
    expect(await background(page)).toBe(DARK);
    await expect(page.getByRole('button', { name: 'Dark', exact: true })).toHaveAttribute('aria-pressed', 'true');
  });
});
