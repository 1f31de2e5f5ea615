import { test as base, type BrowserContext, type BrowserContextOptions } from '@playwright/test';
import { Consoles } from './consoles.ts';
import { markScriptless } from './people.ts';
import { Server, type Settings } from './server.ts';

export { expect } from '@playwright/test';
export type { BrowserContext, Page, Response } from '@playwright/test';
export * from './people.ts';
export { Server, somebody, type Account, type Settings } from './server.ts';

interface WorkerFixtures {
  /** Settings of the server, for a whole file: `test.use({ settings: { … } })`. */
  settings: Settings;
  /** The server of this worker, with its data from the tests before. */
  server: Server;
}

interface TestFixtures {
  /** A server of this test alone, which it may stop. */
  freshServer: Server;
  consoles: Consoles;
  /** Lets an error or warning stand on the console; the test fails if it does not come, unless it is optional. */
  expectConsole: (pattern: RegExp, options?: { optional?: boolean }) => void;
  /** Another browser: cookies and storage of its own. */
  newContext: (options?: BrowserContextOptions) => Promise<BrowserContext>;
  quiet: void;
}

function startServer(settings: Settings): Promise<Server> {
  return Server.start({ LATCHKEY_RATE_LIMIT: 'off', ...settings });
}

export const test = base.extend<TestFixtures, WorkerFixtures>({
  settings: [{}, { option: true, scope: 'worker' }],

  server: [
    async ({ settings }, use) => {
      const server = await startServer(settings);
      await use(server);
      await server.destroy();
    },
    { scope: 'worker' },
  ],

  freshServer: async ({ settings }, use) => {
    const server = await startServer(settings);
    await use(server);
    await server.destroy();
  },

  baseURL: async ({ server }, use) => use(server.url),

  consoles: async ({}, use) => use(new Consoles()),

  expectConsole: async ({ consoles }, use) => use((pattern, options) => consoles.expect(pattern, options)),

  context: async ({ context, consoles, javaScriptEnabled }, use) => {
    const javaScript = javaScriptEnabled ?? true;
    if (!javaScript) markScriptless(context);
    consoles.watch(context, javaScript);
    await use(context);
  },

  newContext: async ({ browser, consoles, javaScriptEnabled }, use) => {
    const made: BrowserContext[] = [];
    await use(async (options = {}) => {
      const context = await browser.newContext(options);
      const javaScript = options.javaScriptEnabled ?? javaScriptEnabled ?? true;
      if (!javaScript) markScriptless(context);
      consoles.watch(context, javaScript);
      made.push(context);
      return context;
    });
    await Promise.all(made.map((context) => context.close()));
  },

  // Depends on the contexts so that it is taken down, and looks, while they are still open.
  quiet: [
    async ({ context, newContext, consoles }, use, testInfo) => {
      await use();
      const passed = testInfo.status === testInfo.expectedStatus;
      await consoles.verify({ complete: passed });
    },
    { auto: true },
  ],
});
