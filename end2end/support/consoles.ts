import { expect, type BrowserContext } from '@playwright/test';

interface Expected {
  pattern: RegExp;
  optional: boolean;
}

/** Chromium preloads what a page asks for although a page without JavaScript never uses it. */
const UNUSED_PRELOAD = /^warning: The resource .* was preloaded using link preload but not used/;

/** What the pages of a test wrote to the console as errors and warnings, and the errors that nobody caught. */
export class Consoles {
  private readonly seen: string[] = [];
  private readonly expected: Expected[] = [];

  watch(context: BrowserContext, javaScript: boolean): void {
    context.on('console', (message) => {
      if (!['error', 'warning'].includes(message.type())) return;
      const text = `${message.type()}: ${message.text()} (${message.location().url})`;
      if (javaScript || !UNUSED_PRELOAD.test(text)) this.seen.push(text);
    });
    context.on('weberror', (error) => this.seen.push(`uncaught: ${error.error().stack ?? error.error().message}`));
  }

  expect(pattern: RegExp, { optional = false } = {}): void {
    this.expected.push({ pattern, optional });
  }

  /** Fails on everything that no test expected, and on everything expected that did not come. */
  async verify({ complete }: { complete: boolean }): Promise<void> {
    // The browser may report a request a moment after the page has shown its outcome.
    if (complete) await expect.poll(() => this.missing(), { message: 'expected on the console' }).toEqual([]);
    expect(this.unexpected(), 'errors and warnings on the console').toEqual([]);
  }

  private missing(): string[] {
    const lacking = this.expected.filter(({ pattern, optional }) => !optional && !this.seen.some((text) => pattern.test(text)));
    return lacking.map(({ pattern }) => String(pattern));
  }

  private unexpected(): string[] {
    return this.seen.filter((text) => !this.expected.some(({ pattern }) => pattern.test(text)));
  }
}
