import { test as base, type BrowserContext, type BrowserContextOptions } from '@playwright/test';
import { ConsoleWatcher } from './console.ts';
import { markWithoutJavaScript } from './people.ts';
import { Server, type Settings } from './server.ts';

export { expect } from '@playwright/test';
export type { BrowserContext, Locator, Page, Request, Response } from '@playwright/test';
export * from './people.ts';
export { Server, byAddress, newAccount, type Account, type Settings } from './server.ts';

interface WorkerFixtures {
  /** The servers of this worker: one for each set of settings, started when a test first needs it. */
  servers: Map<string, Promise<Server>>;
}

interface TestFixtures {
  /** Settings of the server: `test.use({ settings: { … } })`. */
  settings: Settings;
  /** The server of this worker that has these settings, with its data from the tests before. */
  server: Server;
  /** A server of this test alone, which it may stop. */
  freshServer: Server;
  console: ConsoleWatcher;
  /** Allows an error or warning on the console. The test fails if it does not come, unless it is optional. */
  expectConsole: (pattern: RegExp, options?: { optional?: boolean }) => void;
  /** Another browser: cookies and storage of its own. */
  newContext: (options?: BrowserContextOptions) => Promise<BrowserContext>;
  cleanConsole: void;
}

function startServer(settings: Settings): Promise<Server> {
  return Server.start({ LATCHKEY_RATE_LIMIT: 'off', ...settings });
}

export const test = base.extend<TestFixtures, WorkerFixtures>({
  settings: [{}, { option: true }],

  servers: [
    async ({}, use) => {
      const servers = new Map<string, Promise<Server>>();
      await use(servers);
      for (const server of servers.values()) await (await server).destroy();
    },
    { scope: 'worker' },
  ],

  server: async ({ servers, settings }, use) => {
    const key = JSON.stringify(settings);
    const server = servers.get(key) ?? startServer(settings);
    servers.set(key, server);
    await use(await server);
  },

  freshServer: async ({ settings }, use) => {
    const server = await startServer(settings);
    await use(server);
    await server.destroy();
  },

  baseURL: async ({ server }, use) => use(server.url),

  console: async ({}, use) => use(new ConsoleWatcher()),

  expectConsole: async ({ console }, use) => use((pattern, options) => console.expect(pattern, options)),

  context: async ({ context, console, javaScriptEnabled }, use) => {
    const javaScript = javaScriptEnabled ?? true;
    if (!javaScript) markWithoutJavaScript(context);
    await console.watch(context);
    await use(context);
  },

  newContext: async ({ browser, console, javaScriptEnabled }, use) => {
    const contexts: BrowserContext[] = [];
    await use(async (options = {}) => {
      const context = await browser.newContext(options);
      const javaScript = options.javaScriptEnabled ?? javaScriptEnabled ?? true;
      if (!javaScript) markWithoutJavaScript(context);
      await console.watch(context);
      contexts.push(context);
      return context;
    });
    await Promise.all(contexts.map((context) => context.close()));
  },

  // Depends on the contexts, so that it looks at the console while they are still open.
  cleanConsole: [
    async ({ context, newContext, console }, use, testInfo) => {
      await use();
      const passed = testInfo.status === testInfo.expectedStatus;
      await console.verify({ complete: passed });
    },
    { auto: true },
  ],
});
