import { expect, greeting, isAt, reload, signOut, signUp, somebody, test, visit } from '../support/fixtures.ts';

// The cookie moves on while the tabs are loaded, but not twice while one request is on its way.
test.use({ settings: { LATCHKEY_SESSIONS_ROTATE_AFTER: '3s' } });

test('five tabs that are opened at once and loaded again at once all stay signed in', async ({ page, context, javaScriptEnabled }) => {
  const ada = somebody();
  await signUp(page, ada);
  const tabs = await Promise.all(Array.from({ length: 5 }, () => context.newPage()));
  const areSignedIn = () => Promise.all(tabs.map((tab) => expect(greeting(tab, ada.name)).toBeVisible()));
  await Promise.all(tabs.map((tab) => visit(tab, '/dashboard')));
  await areSignedIn();

  const cookies = new Set<string>();
  const moves = javaScriptEnabled ? 2 : 0;
  for (let round = 0; round < 3 || cookies.size <= moves; round += 1) {
    await Promise.all(tabs.map(reload));
    await areSignedIn();
    for (const { value } of await context.cookies()) cookies.add(value);
  }
  await Promise.all(tabs.map((tab) => visit(tab, '/account')));
  await Promise.all(tabs.map((tab) => expect(tab.getByText(ada.email)).toBeVisible()));
});

test('sign-out in one tab reaches another', async ({ page, context, javaScriptEnabled }) => {
  const ada = somebody();
  await signUp(page, ada);
  const other = await context.newPage();
  await visit(other, '/account');
  await expect(other.getByText(ada.email)).toBeVisible();
  await signOut(page);
  // With JavaScript it comes by itself, without it at the next page load.
  if (!javaScriptEnabled) await reload(other);
  await expect(other).toHaveURL(isAt('/login'));
  await expect(other.getByText(ada.email)).toHaveCount(0);
});
