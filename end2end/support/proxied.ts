import { test as base } from './fixtures.ts';
import { Proxy } from './proxy.ts';
import { Server } from './server.ts';

interface Proxied {
  proxy: Proxy;
  server: Server;
}

/** Tests whose browser reaches the server through a proxy. */
export const test = base.extend<{ network: Proxy }, { proxied: Proxied }>({
  proxied: [
    async ({}, use) => {
      const proxy = await Proxy.start();
      const server = await Server.start({ LATCHKEY_RATE_LIMIT: 'off', LATCHKEY_PUBLIC_URL: proxy.url, LATCHKEY_SESSIONS_ROTATE_AFTER: '0s' });
      proxy.leadTo(server.port);
      await use({ proxy, server });
      await proxy.stop();
      await server.destroy();
    },
    { scope: 'worker' },
  ],

  server: async ({ proxied }, use) => use(proxied.server),

  network: async ({ proxied: { proxy } }, use) => {
    await use(proxy);
    proxy.reset();
  },

  // Depends on the proxy, so that what it holds is let go when the test has ended.
  baseURL: async ({ network }, use) => use(network.url),
});
