import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, type BrowserContext, type Locator, type Page, type Response } from '@playwright/test';
import type { Account } from './server.ts';

const TIMEOUT = 15_000;

/** Written by the build: each line is a part of the client bundle and the files that it needs. */
const PARTS = resolve(import.meta.dirname, '../../target/site/parts');

const withoutJavaScript = new WeakSet<BrowserContext>();

export function markWithoutJavaScript(context: BrowserContext): void {
  withoutJavaScript.add(context);
}

/** Waits until WASM has hydrated the page. Without JavaScript there is nothing to wait for. */
export async function waitForHydration(page: Page): Promise<void> {
  if (withoutJavaScript.has(page.context())) return;
  // A navigation that has only just begun has a document without elements.
  const hydrated = () => document.documentElement?.dataset.hydrated !== undefined;
  await page.waitForFunction(hydrated, undefined, { polling: 20, timeout: TIMEOUT });
}

/**
 * Waits until these parts of the client bundle are there: they load a moment after the page. Then no request of theirs is
 * on its way when the server stops.
 */
export async function waitForParts(page: Page, parts = ['dashboard', 'account', 'apps']): Promise<void> {
  const loaded = (files: string[]) => {
    const entries = performance.getEntriesByType('resource').filter((entry) => (entry as PerformanceResourceTiming).responseEnd > 0);
    return files.every((file) => entries.some(({ name }) => name.endsWith(`/${file}`)));
  };
  await page.waitForFunction(loaded, parts.flatMap(filesOf), { polling: 20, timeout: TIMEOUT });
}

/** The files of a part: its own, and those that it shares with others. */
function filesOf(part: string): string[] {
  const lines = readFileSync(PARTS, 'utf8').trim().split('\n');
  const files = lines.map((line) => line.split(' ')).find(([name]) => name === part)?.slice(1);
  if (!files) throw new Error(`there is no part ${part}`);
  return files;
}

/** A hydrated page is loaded, so nothing else has to be waited for. */
function waitUntil(page: Page): 'load' | 'commit' {
  return withoutJavaScript.has(page.context()) ? 'load' : 'commit';
}

/** Loads a page and waits until it can be used. */
export async function visit(page: Page, path: string): Promise<Response | null> {
  const response = await page.goto(path, { waitUntil: waitUntil(page) });
  await waitForHydration(page);
  return response;
}

export async function reload(page: Page): Promise<void> {
  await page.reload({ waitUntil: waitUntil(page) });
  await waitForHydration(page);
}

/** Fills in the form that is shown. */
export async function fill(page: Page, typed: { email?: string; name?: string; password?: string }): Promise<void> {
  if (typed.email !== undefined) await page.getByLabel('Email', { exact: true }).fill(typed.email);
  if (typed.name !== undefined) await page.getByLabel('Display name', { exact: true }).fill(typed.name);
  if (typed.password !== undefined) await page.getByLabel('Password', { exact: true }).fill(typed.password);
}

export function fillSignIn(page: Page, { email, password }: Account): Promise<void> {
  return fill(page, { email, password });
}

export function press(page: Page, button: string): Promise<void> {
  return page.getByRole('button', { name: button, exact: true }).click();
}

/** Answers the question that a button asks before it acts. */
export function confirm(page: Page, button: string): Promise<void> {
  return page.getByRole('alertdialog', { name: `${button}?` }).getByRole('button', { name: button, exact: true }).click();
}

/** Presses a button that asks before it acts, and confirms. */
export async function pressAndConfirm(page: Page, button: string, where: Page | Locator = page): Promise<void> {
  await where.getByRole('button', { name: button, exact: true }).click();
  await confirm(page, button);
}

/** Signs up with the form and waits for the dashboard. */
export async function signUp(page: Page, account: Account): Promise<void> {
  await visit(page, '/register');
  await fill(page, account);
  await press(page, 'Create account');
  await expectDashboard(page, account);
}

/** Signs in with the form and waits for the dashboard. */
export async function signIn(page: Page, account: Account): Promise<void> {
  await visit(page, '/login');
  await fillSignIn(page, account);
  await press(page, 'Sign in');
  await expectDashboard(page, account);
}

/** Signs in without the form, where a test is not about it, and loads a page. */
export async function openAs(page: Page, account: Account, path = '/dashboard'): Promise<Response | null> {
  await signInWithApi(page, account);
  return visit(page, path);
}

/** Signs this browser in without a page. */
export function signInWithApi(page: Page, { email, password }: Account): Promise<void> {
  return post(page, '/api/auth/login', { email, password });
}

/** Like openAs, and waits until the page has its access token. */
export async function openWithToken(page: Page, account: Account, path?: string): Promise<void> {
  const refreshed = page.waitForResponse('**/api/auth/refresh');
  await openAs(page, account, path);
  await refreshed;
}

/** Signs up without the form, where a test is not about it, and loads a page. */
export async function openAsNew(page: Page, { email, name, password }: Account, path = '/dashboard'): Promise<Response | null> {
  await post(page, '/api/auth/register', { email, display_name: name, password });
  return visit(page, path);
}

export async function openWithNewToken(page: Page, account: Account, path?: string): Promise<void> {
  const refreshed = page.waitForResponse('**/api/auth/refresh');
  await openAsNew(page, account, path);
  await refreshed;
}

async function post(page: Page, path: string, form: Record<string, string>): Promise<void> {
  const response = await page.request.post(path, { form });
  expect(response.status(), path).toBe(200);
}

export async function expectDashboard(page: Page, account: Account): Promise<void> {
  await page.waitForURL(isAt('/dashboard'), { waitUntil: 'commit', timeout: TIMEOUT });
  await expect(greeting(page, account.name)).toBeVisible();
}

/** Signs out and waits for the sign-in page. */
export async function signOut(page: Page): Promise<void> {
  await press(page, 'Sign out');
  await page.waitForURL(isAt('/login'), { waitUntil: 'commit', timeout: TIMEOUT });
  await expect(page.getByText('You signed out.')).toBeVisible();
}

export function greeting(page: Page, name: string) {
  return page.getByRole('heading', { level: 1, name: `Hello, ${name}`, exact: true });
}

export function heading(page: Page) {
  return page.getByRole('heading', { level: 1 });
}

/** The links of the navigation of administrators. */
const ADMINISTRATION = ['Accounts', 'Groups', 'Clients', 'Providers', 'Audit log', 'Keys'];

/** Follows a link of the main navigation, or of the navigation of administrators. With JavaScript this loads no page. */
export async function follow(page: Page, link: string): Promise<void> {
  const click = (navigation: string, name: string) =>
    page.getByRole('navigation', { name: navigation, exact: true }).getByRole('link', { name, exact: true }).click();
  if (!ADMINISTRATION.includes(link)) return click('Main', link);
  if (!new URL(page.url()).pathname.startsWith('/admin/')) await click('Main', 'Administration');
  await click('Administration', link);
}

/** Follows a link to `path`, wherever the page is. With JavaScript this loads no page. */
export function followTo(page: Page, path: string): Promise<void> {
  return page.evaluate((path) => {
    const link = document.createElement('a');
    link.href = path;
    document.body.append(link);
    link.click();
    link.remove();
  }, path);
}

/** The list of one's own sessions. */
export function sessions(page: Page) {
  return page.getByRole('main').getByRole('listitem').filter({ has: page.getByRole('heading') });
}

export function thisSession(page: Page) {
  return sessions(page).filter({ has: page.getByText('This session', { exact: true }) });
}

export function otherSessions(page: Page) {
  return sessions(page).filter({ has: page.getByRole('button', { name: 'End this session' }) });
}

/** Matches a path, whatever its query. */
export function isAt(path: string): (url: URL) => boolean {
  return (url) => url.pathname === path;
}

/** The session has ended: the sign-in page says why, and leads back to `next`. */
export async function expectSignedOut(page: Page, why: string | RegExp, next: string): Promise<void> {
  await expect(page).toHaveURL(isAt('/login'));
  await expect(page.getByRole('status').filter({ hasText: why })).toBeVisible();
  expect(new URL(page.url()).searchParams.get('next')).toBe(next);
  await waitForHydration(page);
}

/** Marks the document. The mark is gone once another document is loaded. */
export async function markDocument(page: Page): Promise<void> {
  await page.evaluate(() => Object.assign(window, { marked: true }));
}

export function isMarkedDocument(page: Page): Promise<boolean> {
  return page.evaluate(() => 'marked' in window);
}

/** Whether the content is no wider than the window. */
export async function expectToFit(page: Page, what = page.url()): Promise<void> {
  const { content, window } = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.scrollingElement!;
    return { content: scrollWidth, window: clientWidth };
  });
  expect(content, what).toBeLessThanOrEqual(window);
}

export interface HeldRequests {
  /** How many requests wait or have waited. */
  count: number;
  release: () => void;
}

/** Holds the matching requests of a page, or of all pages of a browser, until they are released. */
export async function holdRequests(where: Page | BrowserContext, pattern: string): Promise<HeldRequests> {
  const requests: HeldRequests = { count: 0, release: () => {} };
  const released = new Promise<void>((resolve) => (requests.release = resolve));
  await where.route(pattern, async (route) => {
    requests.count += 1;
    await released;
    await route.continue();
  });
  return requests;
}
