import { ApiClient } from '../support/api.ts';
import { expect, follow, press, reload, signIn, somebody, test, visit, type Page, type Server } from '../support/fixtures.ts';

// Keys are the whole server's: each test has its own.
test.use({ baseURL: async ({ freshServer }, use) => use(freshServer.url) });

const rows = (page: Page) => page.getByRole('region', { name: 'Signing keys' }).getByRole('row').filter({ has: page.getByRole('cell') });

async function onKeys(page: Page, server: Server): Promise<string> {
  const ada = somebody();
  server.addUser(ada, 'admin');
  const { kid } = await ApiClient.signIn(server, ada);
  await signIn(page, ada);
  await follow(page, 'Keys');
  await expect(rows(page)).toHaveCount(1);
  return kid;
}

test('after a rotation the table shows the new key as the next, and until when the old one signs', async ({ page, request, freshServer }) => {
  const kid = await onKeys(page, freshServer);
  await press(page, 'Rotate now');
  await expect(rows(page)).toHaveCount(2);
  await expect(rows(page).first().getByRole('cell')).toHaveText([/^[\w-]{43}$/, 'ES256', 'next', /UTC$/, /UTC$/, '0']);
  await expect(rows(page).last().getByRole('cell')).toHaveText([kid, 'ES256', 'active', /UTC$/, /UTC$/, '2']);
  const next = await rows(page).first().getByRole('code').innerText();
  const { keys } = await (await request.get('/.well-known/jwks.json')).json();
  expect(keys.map(({ kid }: { kid: string }) => kid).toSorted()).toEqual([kid, next].toSorted());
  await reload(page);
  await expect(rows(page)).toHaveCount(2);
});

test('a second rotation while the first is under way is refused, and until when is said', async ({ page, freshServer, expectConsole }) => {
  expectConsole(/status of 409.*\/api\/admin\/keys\/rotate/);
  await onKeys(page, freshServer);
  await press(page, 'Rotate now');
  await expect(rows(page)).toHaveCount(2);
  await press(page, 'Rotate now');
  await expect(page.getByRole('main').getByRole('alert')).toHaveText(/^A rotation is under way: the new key signs from \d{4}-\d{2}-\d{2} \d{2}:\d{2} UTC on\.$/);
  await expect(rows(page)).toHaveCount(2);
});

test('a rotation is in the audit log, with who asked for it', async ({ page, freshServer }) => {
  await onKeys(page, freshServer);
  await press(page, 'Rotate now');
  await expect(rows(page)).toHaveCount(2);
  const next = await rows(page).first().getByRole('code').innerText();
  await visit(page, '/admin/audit?event=signing_key_added');
  const newest = page.getByRole('region', { name: 'Events' }).getByRole('row').nth(1);
  await expect(newest).toContainText('Signing key added');
  await expect(newest).toContainText('@example.org');
  await expect(newest).toContainText(next);
});
