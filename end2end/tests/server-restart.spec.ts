import { expect, follow, greeting, isMarkedDocument, markDocument, newAccount, openWithNewToken, reload, signOut, test, waitForParts } from '../support/fixtures.ts';

test.use({ baseURL: async ({ freshServer }, use) => use(freshServer.url) });

for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
  test(`after a stop with ${signal} and a new start everybody is still signed in`, async ({ page, freshServer }) => {
    const ada = newAccount();
    await openWithNewToken(page, ada);
    await markDocument(page);
    await waitForParts(page);
    await freshServer.stop(signal);
    await freshServer.start();
    await follow(page, 'Account');
    await expect(page.getByText(ada.email)).toBeVisible();
    expect(await isMarkedDocument(page)).toBe(true);
    await follow(page, 'Dashboard');
    await reload(page);
    await expect(greeting(page, ada.name)).toBeVisible();
    await signOut(page);
  });
}
