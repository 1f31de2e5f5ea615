import { ApiClient } from '../support/api.ts';
import { expect, follow, newAccount, openAs, pressAndConfirm, reload, test, visit } from '../support/fixtures.ts';

// Keys are the whole server's: this test has its own.
test.use({ baseURL: async ({ freshServer }, use) => use(freshServer.url) });

test('a rotation adds the next key, a second one meanwhile is refused, and the audit log says who asked', async ({ page, request, freshServer, expectConsole }) => {
  expectConsole(/status of 409.*\/api\/admin\/keys\/rotate/);
  const ada = newAccount();
  freshServer.addUser(ada, 'admin');
  const { kid } = await ApiClient.signIn(freshServer, ada);
  await openAs(page, ada);
  await follow(page, 'Keys');
  const rows = page.getByRole('region', { name: 'Signing keys' }).getByRole('row').filter({ has: page.getByRole('cell') });
  await expect(rows.getByRole('cell')).toHaveText([kid, 'ES256', 'active', /UTC$/, '—', '2', 'Latchkey']);

  await pressAndConfirm(page, 'Rotate the keys');
  await expect(rows).toHaveCount(2);
  await expect(rows.first().getByRole('cell')).toHaveText([/^[\w-]{43}$/, 'ES256', 'next', /UTC$/, /UTC$/, '0', 'Latchkey']);
  await expect(rows.last().getByRole('cell')).toHaveText([kid, 'ES256', 'active', /UTC$/, /UTC$/, '2', 'Latchkey']);
  const next = await rows.first().getByRole('code').innerText();
  const { keys } = await (await request.get('/.well-known/jwks.json')).json();
  expect(keys.map(({ kid }: { kid: string }) => kid).toSorted()).toEqual([kid, next].toSorted());

  await pressAndConfirm(page, 'Rotate the keys');
  await expect(page.getByRole('main').getByRole('alert')).toHaveText(/^A rotation is already under way. The new key signs from \d{4}-\d{2}-\d{2} \d{2}:\d{2} UTC\.$/);
  await expect(rows).toHaveCount(2);
  await reload(page);
  await expect(rows).toHaveCount(2);

  await visit(page, '/admin/audit?event=signing_key_added');
  const newest = page.getByRole('region', { name: 'Events' }).getByRole('row').nth(1);
  await expect(newest).toContainText('Signing key added');
  await expect(newest).toContainText(ada.email);
  await expect(newest).toContainText(next);
});
