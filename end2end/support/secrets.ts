import type { BrowserContext, Page, Response } from '@playwright/test';

/** What an access token and a refresh token look like. */
const SHAPES = [/eyJ[\w-]{8,}\.eyJ[\w-]+/, /lk1\.[\w-]+\.\d+\./];

/** Every token that the browser was given during a test. */
export class Secrets {
  readonly accessTokens = new Set<string>();
  readonly refreshTokens = new Set<string>();
  readonly addresses: string[] = [];

  constructor(context: BrowserContext) {
    context.on('request', (request) => this.addresses.push(request.url()));
    context.on('response', (response) => void this.remember(response));
  }

  /** Which of them stand in `text`, and what else looks like one. */
  in(text: string): string[] {
    const known = [...this.accessTokens, ...this.refreshTokens].filter((token) => text.includes(token));
    return [...known, ...SHAPES.flatMap((shape) => text.match(shape) ?? [])];
  }

  private async remember(response: Response): Promise<void> {
    if (!response.url().includes('/api/')) return;
    // An answer to a test that has ended is of no use to it.
    for (const line of await response.headerValues('set-cookie').catch(() => [])) {
      const token = /^__Host-latchkey=([^;]+)/.exec(line)?.[1];
      if (token) this.refreshTokens.add(token);
    }
    // A page that is left takes the bodies of its answers along.
    const text = await response.text().catch(() => '');
    const token = /"access_token":"([^"]+)"/.exec(text)?.[1];
    if (token) this.accessTokens.add(token);
  }
}

/** All that a script of the page could read, apart from the memory of WASM. */
export function readable(page: Page): Promise<string> {
  return page.evaluate(async () => {
    const fields = [...document.querySelectorAll('input')].map((input) => input.value);
    const scripts = [...document.scripts].map((script) => script.textContent);
    const text = (value: unknown) => (typeof value === 'string' ? value : '');
    const globals = Object.keys(window).map((name) => text(window[name as keyof typeof window]));
    return JSON.stringify([
      document.documentElement.outerHTML,
      document.cookie,
      { ...localStorage },
      { ...sessionStorage },
      await indexedDB.databases(),
      await caches.keys(),
      history.state,
      location.href,
      window.name,
      fields,
      scripts,
      globals,
    ]);
  });
}
