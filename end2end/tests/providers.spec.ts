import axe from 'axe-core';
import { expect, newAccount, openWithNewToken, press, pressAndConfirm, signOut, test, visit, waitForHydration, type Page } from '../support/fixtures.ts';
import { App, addClient, backAt, requestOf } from '../support/oauth.ts';
import { UpstreamProvider } from '../support/provider.ts';

const OPEN = ['--sign-up', 'open', '--rule', 'groups=writers:role=editor'];

/** Goes to the provider with the button on the sign-in page. */
async function goTo(page: Page, name: string): Promise<void> {
  await visit(page, '/login');
  await press(page, `Sign in with ${name}`);
}

async function expectNoViolations(page: Page): Promise<void> {
  await page.evaluate(axe.source);
  const violations = await page.evaluate(async () => {
    const { violations } = await (globalThis as unknown as { axe: typeof axe }).axe.run(document);
    return violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id} at ${target}`));
  });
  expect(violations).toEqual([]);
}

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? 'with JavaScript' : 'without JavaScript', () => {
    test.use({ javaScriptEnabled });

    test('somebody signs in with a provider, and its rules give a role', async ({ page, freshServer }) => {
      const provider = await UpstreamProvider.start(freshServer, 'acme', 'Acme', ...OPEN);
      await page.goto(`${freshServer.url}/login`);
      await waitForHydration(page);
      await press(page, 'Sign in with Acme');
      await provider.signIn(page, 'ada');
      await expect(page.getByRole('heading', { level: 1 })).toHaveText('Hello, ada of Acme');
      await page.goto(`${freshServer.url}/account`);
      await expect(page.getByText('ada@example.net')).toBeVisible();
      // Editors publish notices.
      expect((await page.goto(`${freshServer.url}/notices/edit`))?.status()).toBe(200);
      provider.stop();
    });

    test('an app gets its answer after its user has signed in with a provider', async ({ page, freshServer }) => {
      const provider = await UpstreamProvider.start(freshServer, 'acme', 'Acme', ...OPEN);
      const app = await App.start();
      const { client_id } = addClient(freshServer, 'native', '--redirect-uri', 'http://127.0.0.1/callback');
      await page.goto(`${freshServer.url}${requestOf(client_id, app.callback)}`);
      await waitForHydration(page);
      await press(page, 'Sign in with Acme');
      await provider.signIn(page, 'grace');
      await press(page, 'Allow');
      expect((await backAt(page, app.callback)).searchParams.get('code')).toBeTruthy();
      app.stop();
      provider.stop();
    });
  });
}

test('somebody links a provider to their account, signs in with it, and unlinks it', async ({ page, server }) => {
  const provider = await UpstreamProvider.start(server, 'linked', 'Linked');
  const ada = newAccount();
  await openWithNewToken(page, ada, '/account/security');
  const item = page.getByRole('listitem').filter({ has: page.getByRole('heading', { name: 'Linked' }) });
  await expect(item).toContainText('Not linked.');
  await expectNoViolations(page);
  await item.getByRole('button', { name: 'Link', exact: true }).click();
  await provider.signIn(page, 'countess');
  await expect(item).toContainText('Linked as countess@example.net');
  await waitForHydration(page);
  await expectNoViolations(page);

  await signOut(page);
  await goTo(page, 'Linked');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(`Hello, ${ada.name}`);
  await visit(page, '/account/security');
  // What is changed there needs a recent proof: signing in was one.
  await pressAndConfirm(page, 'Unlink', item);
  await expect(item).toContainText('Not linked.');
  server.command(['provider', 'remove', 'linked']);
  provider.stop();
});

test('whoever signs out at the provider is signed out here', async ({ page, server, expectConsole }) => {
  expectConsole(/status of 401/, { optional: true });
  const provider = await UpstreamProvider.start(server, 'away', 'Away', '--sign-up', 'open');
  await goTo(page, 'Away');
  await provider.signIn(page, 'grace');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Hello, grace of Away');
  const other = await page.context().newPage();
  await provider.signOut(other);
  await other.close();
  await page.goto(`${server.url}/account`);
  await expect(page.getByText('You signed out at the provider that you had signed in with.')).toBeVisible();
  server.command(['provider', 'remove', 'away']);
  provider.stop();
});

test('a provider that is down says so, and the password still works', async ({ page, server }) => {
  const provider = await UpstreamProvider.start(server, 'down', 'Down', '--sign-up', 'open');
  provider.stop();
  await page.goto(`${server.url}/auth/upstream/down/callback?code=a&state=b`);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('You can’t sign in with Down right now');
  await expectNoViolations(page);
  await page.getByRole('link', { name: 'Go to the sign-in page' }).click();
  await waitForHydration(page);
  await expect(page.getByLabel('Password', { exact: true })).toBeVisible();
  server.command(['provider', 'remove', 'down']);
});
