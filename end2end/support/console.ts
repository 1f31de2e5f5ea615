import { expect, type BrowserContext } from '@playwright/test';

interface ExpectedMessage {
  pattern: RegExp;
  optional: boolean;
}

/**
 * Chromium says so of a page without JavaScript, which never uses what it preloads, and of one that takes more than a few
 * seconds to come alive: on a busy machine, or where a test holds a response back.
 */
const UNUSED_PRELOAD = /^warning: The resource .* was preloaded using link preload but not used/;

/** Tells the console of every violation of the content security policy: the browser itself is silent about some. */
function reportViolations(mark: string): void {
  document.addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI, sample }) => {
    console.error(mark, effectiveDirective, blockedURI, sample);
  });
}

const VIOLATION = 'content security policy violated:';
/** The browser's own words for it, which come without JavaScript too. */
const REFUSED = /Content Security Policy/i;

/** Collects the console errors, console warnings and uncaught errors of all pages of a test. */
export class ConsoleWatcher {
  private readonly messages: string[] = [];
  /** No test may expect one of these. */
  private readonly violations: string[] = [];
  private readonly expected: ExpectedMessage[] = [];

  async watch(context: BrowserContext): Promise<void> {
    context.on('console', (message) => {
      if (!['error', 'warning'].includes(message.type())) return;
      const text = `${message.type()}: ${message.text()} (${message.location().url})`;
      if (text.includes(VIOLATION) || REFUSED.test(text)) this.violations.push(text);
      else if (!UNUSED_PRELOAD.test(text)) this.messages.push(text);
    });
    context.on('weberror', (error) => this.messages.push(`uncaught: ${error.error().stack ?? error.error().message}`));
    await context.addInitScript(reportViolations, VIOLATION);
  }

  expect(pattern: RegExp, { optional = false } = {}): void {
    this.expected.push({ pattern, optional });
  }

  /** Fails on every message that the test did not expect, and on every expected message that did not come. */
  async verify({ complete }: { complete: boolean }): Promise<void> {
    // The browser may report a request a moment after the page has shown its outcome.
    if (complete) await expect.poll(() => this.missing(), { message: 'expected on the console' }).toEqual([]);
    expect(this.violations, 'violations of the content security policy').toEqual([]);
    expect(this.unexpected(), 'errors and warnings on the console').toEqual([]);
  }

  private missing(): string[] {
    const missing = this.expected.filter(({ pattern, optional }) => !optional && !this.messages.some((text) => pattern.test(text)));
    return missing.map(({ pattern }) => String(pattern));
  }

  private unexpected(): string[] {
    return this.messages.filter((text) => !this.expected.some(({ pattern }) => pattern.test(text)));
  }
}
