import { eachAppState } from '../support/app-states.ts';
import { expect, expectToFit, followTo, greeting, holdRequests, newAccount, openAs, pressAndConfirm, signOut, test, visit, type Page } from '../support/fixtures.ts';
import { MEMBER_PAGES, PUBLIC_PAGES, ROLE_PAGES, about } from '../support/pages.ts';

const WINDOWS = [{ width: 320, height: 740 }, { width: 1100, height: 620 }];

test.use({ deviceScaleFactor: 2 });

/** Looks at the page in each window and in each colour scheme. */
async function inEachWindow(page: Page, look: (what: string) => Promise<void>): Promise<void> {
  for (const viewport of WINDOWS) {
    await page.setViewportSize(viewport);
    for (const colorScheme of ['dark', 'light'] as const) {
      await page.emulateMedia({ colorScheme });
      await look(`${page.url()} in ${colorScheme} colours, ${viewport.width} pixels wide`);
    }
  }
}

async function expectInView(page: Page, name: string): Promise<void> {
  await expect(page.getByRole('button', { name, exact: true })).toBeInViewport({ ratio: 1 });
}

test('every page fits the window', async ({ page, server }) => {
  const ada = newAccount();
  const subjects = server.addSubjects(ada, 'editor admin');
  for (const { path } of PUBLIC_PAGES) {
    await visit(page, path);
    await inEachWindow(page, (what) => expectToFit(page, what));
  }
  await openAs(page, ada);
  for (const { path } of [...MEMBER_PAGES, ...ROLE_PAGES]) {
    await visit(page, about(subjects, path));
    await inEachWindow(page, (what) => expectToFit(page, what));
  }
});

test('every page fits the window with letters of twice the size', async ({ page, server, expectConsole }) => {
  expectConsole(/status of (400|429)/);
  const expectToFitEnlarged = async (what: string) => {
    await page.evaluate(() => (document.documentElement.style.fontSize = '200%'));
    await expectToFit(page, what);
  };
  const ada = newAccount();
  const subjects = server.addSubjects(ada, 'editor admin');
  await page.setViewportSize({ width: 640, height: 512 });
  await openAs(page, ada);
  for (const { path } of [...MEMBER_PAGES, ...ROLE_PAGES]) {
    await visit(page, about(subjects, path));
    await expectToFitEnlarged(path);
  }
  await visit(page, '/notices/edit');
  await expectToFitEnlarged('/notices/edit');
  await expectInView(page, 'Sign out');
  await eachAppState(page, server, expectToFitEnlarged);
});

test('the buttons to sign in and out are in view, and so is what an administrator has to do', async ({ page, server }) => {
  const ada = newAccount();
  server.addUser(ada, 'admin');
  await visit(page, '/login');
  await inEachWindow(page, () => expectInView(page, 'Sign in'));
  await openAs(page, ada);
  await inEachWindow(page, async (what) => {
    await expect(page.getByRole('region', { name: 'Administration' }), what).toBeInViewport();
    await expectInView(page, 'Sign out');
  });
});

test('the longest name and address fit the window', async ({ page, server }) => {
  const email = `${'w'.repeat(60)}@${'w'.repeat(60)}.example.org`;
  const long = { ...newAccount('W'.repeat(100)), email };
  server.addUser(long);
  await openAs(page, long);
  await inEachWindow(page, (what) => expectToFit(page, what));
  await visit(page, '/account');
  await expect(page.getByText(long.email)).toBeVisible();
  await inEachWindow(page, (what) => expectToFit(page, what));
  await signOut(page);
  await expect(greeting(page, long.name)).toHaveCount(0);
});

test('the longest address leaves the other columns of the accounts in view', async ({ page, server }) => {
  const email = `${'w'.repeat(60)}@${'v'.repeat(60)}.${'w'.repeat(60)}.${newAccount().email.replace('@', '.')}`;
  const ada = { ...newAccount('W'.repeat(100)), email };
  server.addUser(ada, 'editor admin');
  await openAs(page, ada);
  await page.setViewportSize({ width: 1100, height: 900 });
  await visit(page, `/admin/users?query=${email.slice(0, 60)}`);
  for (const name of ['Roles', 'State', 'Created']) await expect(page.getByRole('columnheader', { name, exact: true }), name).toBeInViewport({ ratio: 1 });
  await visit(page, '/admin/audit?event=account_created');
  for (const name of ['By', 'Account']) await expect(page.getByRole('columnheader', { name, exact: true }), name).toBeInViewport({ ratio: 1 });
  // Its width is that of the longest device.
  await expect(page.getByRole('columnheader', { name: 'From', exact: true })).toBeInViewport();
});

test('a printed page has its content and nothing to press', async ({ page, server }) => {
  const ada = newAccount();
  const subjects = server.addSubjects(ada, 'editor admin');
  await openAs(page, ada);
  await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
  for (const { path } of [...MEMBER_PAGES, ...ROLE_PAGES]) {
    await visit(page, about(subjects, path));
    await expect(page.getByRole('heading', { level: 1 }), path).toBeVisible();
    for (const role of ['button', 'navigation', 'search'] as const) await expect(page.getByRole(role), `${role} on ${path}`).toHaveCount(0);
    expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), path).toBe('rgb(255, 255, 255)');
  }
});

test('no id is twice on a page, with the dialog for the password open too', async ({ page, newContext, server, expectConsole }) => {
  expectConsole(/status of 403.*\/api\/sessions\/revoke_others/);
  const ada = newAccount();
  const subjects = server.addSubjects(ada, 'editor admin');
  const expectUniqueIds = async (what: string) => {
    const ids = await page.locator('[id]').evaluateAll((elements) => elements.map(({ id }) => id));
    expect(ids.filter((id, at) => ids.indexOf(id) !== at), what).toEqual([]);
  };
  for (const { path } of PUBLIC_PAGES) {
    await visit(page, path);
    await expectUniqueIds(path);
  }
  await openAs(await (await newContext()).newPage(), ada);
  await openAs(page, ada);
  for (const { path } of [...MEMBER_PAGES, ...ROLE_PAGES]) {
    await visit(page, about(subjects, path));
    await expectUniqueIds(path);
  }
  server.setPasswordAge(ada, 16);
  await visit(page, '/account/sessions');
  const { release } = await holdRequests(page, '**/api/sessions/revoke_others');
  await pressAndConfirm(page, 'End all other sessions');
  await followTo(page, '/account');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Your account');
  release();
  await expect(page.getByRole('dialog')).toBeVisible();
  await expectUniqueIds('/account with the dialog');
});
