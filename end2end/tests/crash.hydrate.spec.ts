import { ApiClient } from '../support/api.ts';
import { Server, expect, somebody, test, type Account } from '../support/fixtures.ts';

test('nothing that was acknowledged is lost when the server is killed in a storm', async () => {
  test.setTimeout(120_000);
  const server = await Server.start({ LATCHKEY_SESSIONS_ROTATE_AFTER: '0s', LATCHKEY_SESSIONS_REUSE_GRACE: '0s', LATCHKEY_RATE_LIMIT: 'off' });
  try {
    const people: { account: Account; client: ApiClient }[] = [];
    let rotations = 0;
    let storming = true;
    // Each goes on until the server is gone; what it has at that moment was acknowledged.
    const storm = Array.from({ length: 8 }, async () => {
      while (storming) {
        const account = somebody();
        try {
          const client = await ApiClient.signUp(server, account);
          people.push({ account, client });
          for (let n = 0; n < 5 && storming; n += 1) {
            await client.refreshOnce();
            rotations += 1;
          }
        } catch {
          if (storming) await new Promise((resolve) => setTimeout(resolve, 5));
        }
      }
    });
    await expect.poll(() => people.length > 30 && rotations > 100, { timeout: 60_000 }).toBe(true);
    await server.stop('SIGKILL');
    storming = false;
    await Promise.all(storm);

    expect(server.command(['doctor'])).toContain('is whole');
    await server.start();
    for (const { account, client } of people) {
      // The newest refresh token that was acknowledged, or the one whose answer was lost: either way signed in.
      await client.refreshOnce();
      await client.refreshOnce();
      expect((await client.post('/api/account/me')).status, account.email).toBe(200);
    }
  } finally {
    await server.destroy();
  }
});
