import { expect, follow, greeting, isMarked, mark, reload, signOut, signUp, somebody, test } from '../support/fixtures.ts';

test.use({ baseURL: async ({ freshServer }, use) => use(freshServer.url) });

for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
  test(`a server that is stopped with ${signal} and started again finds everybody signed in`, async ({ page, freshServer, javaScriptEnabled }) => {
    const ada = somebody();
    await signUp(page, ada);
    if (javaScriptEnabled) await mark(page);
    await freshServer.stop(signal);
    await freshServer.start();
    await follow(page, 'Account');
    await expect(page.getByText(ada.email)).toBeVisible();
    if (javaScriptEnabled) expect(await isMarked(page)).toBe(true);
    await follow(page, 'Dashboard');
    await reload(page);
    await expect(greeting(page, ada.name)).toBeVisible();
    await signOut(page);
  });
}
