import { expect, type BrowserContext, type Page, type Response } from '@playwright/test';
import type { Account } from './server.ts';

const scriptless = new WeakSet<BrowserContext>();

export function markScriptless(context: BrowserContext): void {
  scriptless.add(context);
}

/** Waits until WASM has taken the page over; without JavaScript there is nothing to wait for. */
export async function hydrated(page: Page): Promise<void> {
  if (scriptless.has(page.context())) return;
  await expect(page.locator('html[data-hydrated]')).toBeAttached();
}

/** Loads a page and waits until it can be used. */
export async function visit(page: Page, path: string): Promise<Response | null> {
  const response = await page.goto(path);
  await hydrated(page);
  return response;
}

export async function reload(page: Page): Promise<void> {
  await page.reload();
  await hydrated(page);
}

/** What a person types into the form that is shown. */
export async function fill(page: Page, typed: { email?: string; name?: string; password?: string }): Promise<void> {
  if (typed.email !== undefined) await page.getByLabel('Email', { exact: true }).fill(typed.email);
  if (typed.name !== undefined) await page.getByLabel('Display name', { exact: true }).fill(typed.name);
  if (typed.password !== undefined) await page.getByLabel('Password', { exact: true }).fill(typed.password);
}

export function press(page: Page, button: string): Promise<void> {
  return page.getByRole('button', { name: button, exact: true }).click();
}

/** Makes the account and arrives on its dashboard. */
export async function signUp(page: Page, account: Account): Promise<void> {
  await visit(page, '/register');
  await fill(page, account);
  await press(page, 'Create account');
  await arrived(page, account);
}

/** Signs in and arrives on the dashboard. */
export async function signIn(page: Page, account: Account): Promise<void> {
  await visit(page, '/login');
  await fillSignIn(page, account);
  await press(page, 'Sign in');
  await arrived(page, account);
}

/** Signs in without the form, where that is not what a test is about, and loads a page. */
export async function arriveAs(page: Page, { email, password }: Account, path = '/dashboard'): Promise<Response | null> {
  const answer = await page.request.post('/api/auth/login', { form: { email, password } });
  expect(answer.status()).toBe(200);
  return visit(page, path);
}

export function fillSignIn(page: Page, { email, password }: Account): Promise<void> {
  return fill(page, { email, password });
}

async function arrived(page: Page, account: Account): Promise<void> {
  await expect(greeting(page, account.name)).toBeVisible();
  await expect(page).toHaveURL(isAt('/dashboard'));
}

/** Signs out and arrives on the sign-in page. */
export async function signOut(page: Page): Promise<void> {
  await press(page, 'Sign out');
  await expect(page).toHaveURL(isAt('/login'));
  await expect(page.getByText('You signed out.')).toBeVisible();
}

export function greeting(page: Page, name: string) {
  return page.getByRole('heading', { level: 1, name: `Hello, ${name}`, exact: true });
}

/** Goes on by a link of the navigation, which with JavaScript loads no page. */
export function follow(page: Page, link: string): Promise<void> {
  return page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: link, exact: true }).click();
}

/** The sessions in the list of one's own. */
export function sessions(page: Page) {
  return page.getByRole('main').getByRole('listitem').filter({ has: page.getByRole('heading') });
}

export function thisSession(page: Page) {
  return sessions(page).filter({ has: page.getByText('This session', { exact: true }) });
}

export function otherSessions(page: Page) {
  return sessions(page).filter({ has: page.getByRole('button', { name: 'End this session' }) });
}

/** For `toHaveURL`: a path, whatever its query. */
export function isAt(path: string): (url: URL) => boolean {
  return (url) => url.pathname === path;
}

/** A session that is over: the sign-in page says why, and leads back to `next`. */
export async function toldWhy(page: Page, why: string, next: string): Promise<void> {
  await expect(page).toHaveURL(isAt('/login'));
  await expect(page.getByRole('status').filter({ hasText: why })).toBeVisible();
  expect(new URL(page.url()).searchParams.get('next')).toBe(next);
  await hydrated(page);
}

/** Remembers something in the page's memory; it is gone once the page is loaded again. */
export async function mark(page: Page): Promise<void> {
  await page.evaluate(() => Object.assign(window, { marked: true }));
}

export function isMarked(page: Page): Promise<boolean> {
  return page.evaluate(() => 'marked' in window);
}

export interface HeldBack {
  /** How many requests are waiting or have waited. */
  held: number;
  letGo: () => void;
}

/** Holds the requests of a page, or of all pages of a browser, back until they are let go. */
export async function holdBack(where: Page | BrowserContext, pattern: string): Promise<HeldBack> {
  const requests: HeldBack = { held: 0, letGo: () => {} };
  const released = new Promise<void>((resolve) => (requests.letGo = resolve));
  await where.route(pattern, async (route) => {
    requests.held += 1;
    await released;
    await route.continue();
  });
  return requests;
}
