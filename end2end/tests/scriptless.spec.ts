import { expect, signIn, somebody, test, visit } from '../support/fixtures.ts';
import { about } from '../support/pages.ts';

// Changes need an access token, which only the browser's memory holds.
const CHANGING = ['/account', '/account/password', '/account/sessions', '/notices/edit', '/admin/users', '/admin/users/:id', '/admin/keys'];

test('a page on which something can be changed says, where there is no JavaScript, that this needs it', async ({ page, server, javaScriptEnabled }) => {
  const ada = somebody();
  const id = server.addUser(ada, 'editor admin');
  await signIn(page, ada);
  for (const path of CHANGING) {
    await visit(page, about(id, path));
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    const said = page.getByRole('main').getByText(/needs? JavaScript/).first();
    if (javaScriptEnabled) await expect(said, path).toHaveCount(0);
    else await expect(said, path).toBeVisible();
  }
});
