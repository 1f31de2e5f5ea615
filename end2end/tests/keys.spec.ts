import { ApiClient } from '../support/api.ts';
import { arriveAs, expect, signIn, somebody, test } from '../support/fixtures.ts';

// Keys are the whole server's: each test has its own.
test.use({ baseURL: async ({ freshServer }, use) => use(freshServer.url) });

test('the key that signs is listed with its algorithm, since when it does, and how many sessions hold a token of it', async ({ page, freshServer }) => {
  const ada = somebody();
  freshServer.addUser(ada, 'admin');
  const { kid, alg } = await ApiClient.signIn(freshServer, ada);
  await arriveAs(page, ada, '/admin/keys');
  const cells = page.getByRole('region', { name: 'Signing keys' }).getByRole('cell');
  await expect(cells).toHaveText([kid, alg, 'active', /UTC$/, '—', '2']);
});

test('the public keys are those of the table', async ({ page, request, freshServer }) => {
  const ada = somebody();
  freshServer.addUser(ada, 'admin');
  freshServer.command(['keys', 'rotate']);
  await arriveAs(page, ada, '/admin/keys');
  const link = page.getByRole('link', { name: 'public keys' });
  const address = (await link.getAttribute('href'))!;
  const published = async () => (await (await request.get(address)).json()).keys;
  // A running server hears of a command within a second.
  await expect.poll(async () => (await published()).length).toBe(2);
  const keys = await published();
  const listed = await page.getByRole('region', { name: 'Signing keys' }).getByRole('code').allInnerTexts();
  expect(listed.toSorted()).toEqual(keys.map(({ kid }: { kid: string }) => kid).toSorted());
  // And nothing of the private ones.
  for (const key of keys) expect(Object.keys(key).toSorted()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
});
