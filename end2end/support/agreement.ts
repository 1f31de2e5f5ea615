import { expect, type BrowserContext, type Page } from '@playwright/test';
import { followTo } from './people.ts';

/** Who has the session of a browser's cookie, as the server sees it: nobody if there is none or it has ended. */
export async function cookieOwner(context: BrowserContext, url: string): Promise<string | null> {
  // A page load reads the cookie and never rotates it.
  const answer = await context.request.get(`${url}/dashboard`, { maxRedirects: 0 });
  if (answer.status() === 303) return null;
  const name = /<h1[^>]*>Hello, (?:<!.*?>)*([^<]+)/.exec(await answer.text());
  if (!name) throw new Error(`no greeting in a page of status ${answer.status()}`);
  return name[1];
}

/** Who a page shows as signed in. */
async function shownOwner(page: Page): Promise<string | null> {
  const banner = page.getByRole('banner');
  if (await banner.getByRole('link', { name: 'Sign in' }).isVisible()) return null;
  await followTo(page, '/dashboard');
  const greeting = await page.getByRole('heading', { level: 1, name: /^Hello, / }).innerText({ timeout: 1000 });
  return greeting.slice('Hello, '.length);
}

/** All pages of a browser come to show whoever its cookie belongs to. */
export async function expectAgreement(context: BrowserContext, url: string): Promise<void> {
  const disagreement = async (): Promise<string> => {
    const owner = await cookieOwner(context, url);
    // A page may be on its way to another one.
    const shown = await Promise.all(context.pages().map((page) => shownOwner(page).catch(() => 'nobody knows')));
    return shown.every((name) => name === owner) ? '' : `the cookie is of ${owner}, the pages show ${shown.join(', ')}`;
  };
  await expect.poll(disagreement, { timeout: 20_000 }).toBe('');
}
