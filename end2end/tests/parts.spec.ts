import { expect, follow, followTo, heading, isMarkedDocument, markDocument, newAccount, openAs, openAsNew, press, signInWithApi, test, visit, waitForParts, type Page, type Request } from '../support/fixtures.ts';
import { MEMBER_PAGES, PUBLIC_PAGES, ROLE_PAGES, about } from '../support/pages.ts';

const NOT_LOADED = 'This page could not be loaded';
const MISSING = /status of 404.*\/split_\w+\.wasm/;

/** The parts of the client bundle that a page has asked for. */
function partsOf(page: Page): () => string[] {
  const parts = new Set<string>();
  page.on('request', (request) => {
    const name = /\/split_(\w+)\.wasm$/.exec(request.url())?.[1];
    if (name) parts.add(name);
  });
  return () => [...parts].sort();
}

function takeAway(page: Page, part: string): Promise<void> {
  return page.route(`**/split_${part}.wasm`, (route) => route.fulfill({ status: 404 }));
}

function bringBack(page: Page, part: string): Promise<void> {
  return page.unroute(`**/split_${part}.wasm`);
}

// The providers that other tests set up are buttons on the sign-in page.
test('the first visit of a public page loads no part, and stays within its budget', async ({ newContext, freshServer: server }) => {
  for (const path of ['/', '/login', '/register']) {
    const page = await (await newContext({ baseURL: server.url })).newPage();
    const parts = partsOf(page);
    const requests: Request[] = [];
    page.on('requestfinished', (request) => requests.push(request));
    await visit(page, path);
    await page.waitForLoadState('networkidle');
    // What the bodies weigh as they are sent.
    const sizes = await Promise.all(requests.map((request) => request.sizes()));
    const bytes = sizes.reduce((sum, { responseBodySize }) => sum + responseBodySize, 0);
    expect(bytes, path).toBeGreaterThan(100_000);
    expect(bytes, path).toBeLessThan(190 * 1_024);
    expect(parts(), path).toEqual([]);
  }
});

test('a member loads the parts for members and no other, each once, and an administrator those of administration too', async ({ page, newContext, server }) => {
  const parts = partsOf(page);
  await openAsNew(page, newAccount());
  await waitForParts(page, ['dashboard', 'account', 'apps', 'dialog']);
  expect(parts()).toEqual(['account', 'apps', 'dashboard', 'dialog']);
  await follow(page, 'Account');
  await expect(heading(page)).toHaveText('Your account');

  const grace = newAccount();
  server.addUser(grace, 'admin');
  const other = await (await newContext({ baseURL: server.url })).newPage();
  await openAs(other, grace);
  await waitForParts(other, ['account', 'administration']);
});

test('each page of a part is shown to who opens it by its address', async ({ page, server }) => {
  const ada = newAccount();
  const subjects = server.addSubjects(ada, 'editor admin');
  await openAs(page, ada);
  for (const { path, heading: shown } of [...MEMBER_PAGES, ...ROLE_PAGES, ...PUBLIC_PAGES.slice(3)]) {
    await visit(page, about(subjects, path));
    await expect(heading(page), path).toHaveText(shown);
  }
});

test('each page of a part is shown to who comes from another page, which stays until the part is there', async ({ page, server }) => {
  const ada = newAccount();
  const subjects = server.addSubjects(ada, 'editor admin');
  await openAs(page, ada);
  await markDocument(page);
  for (const { path, title, heading: shown } of [...MEMBER_PAGES, ...ROLE_PAGES, ...PUBLIC_PAGES.slice(3)]) {
    await followTo(page, about(subjects, path));
    await expect(heading(page), path).toHaveText(shown);
    await expect(page, path).toHaveTitle(title);
  }
  expect(await isMarkedDocument(page)).toBe(true);
});

test('a part that is missing is said to be, and is shown once it is back', async ({ page, expectConsole }) => {
  expectConsole(MISSING);
  await takeAway(page, 'links');
  await visit(page, '/');
  await markDocument(page);
  await followTo(page, '/setup');
  await expect(heading(page)).toHaveText(NOT_LOADED);
  await expect(page).toHaveTitle(`${NOT_LOADED} · Latchkey`);
  await expect(page).toHaveURL('/setup');
  await press(page, 'Try again');
  await expect(heading(page)).toHaveText(NOT_LOADED);
  // Everything else works.
  await page.getByRole('link', { name: 'Sign in' }).click();
  await expect(heading(page)).toHaveText('Sign in');
  await followTo(page, '/setup');
  await expect(heading(page)).toHaveText(NOT_LOADED);

  await bringBack(page, 'links');
  await press(page, 'Try again');
  await expect(heading(page)).toHaveText('Set up Latchkey');
  expect(await isMarkedDocument(page)).toBe(true);
});

test('where a part is missing, a link loads the page as a browser does', async ({ page, expectConsole }) => {
  expectConsole(MISSING);
  await takeAway(page, 'links');
  await visit(page, '/');
  await followTo(page, '/setup?from=x');
  await expect(heading(page)).toHaveText(NOT_LOADED);
  await markDocument(page);
  await bringBack(page, 'links');
  await page.getByRole('link', { name: 'Reload the page' }).click();
  await expect(heading(page)).toHaveText('Set up Latchkey');
  await expect(page).toHaveURL('/setup?from=x');
  expect(await isMarkedDocument(page)).toBe(false);
});

test('a page opened by its address whose part is missing can be read and left, and says so', async ({ page, server, expectConsole }) => {
  expectConsole(/status of 404.*\/split_account\.wasm/);
  const ada = newAccount();
  server.addUser(ada);
  await signInWithApi(page, ada);
  await takeAway(page, 'account');
  await page.goto('/account');
  await expect(page.getByText("This page could not be loaded completely, so its buttons don't work.")).toBeVisible();
  await expect(page.getByText(ada.email)).toBeVisible();
  await follow(page, 'Dashboard');
  await expect(heading(page)).toHaveText(`Hello, ${ada.name}`);
});
