import { test as base, expect, follow, greeting, heading, isAt, newAccount, openAs, press, signIn, signOut, visit, type Page } from '../support/fixtures.ts';
import { App, addClient, answerAt, backAt, requestOf, VERIFIER } from '../support/oauth.ts';
import { Upstream } from '../support/upstream.ts';

const BUTTON = `Sign in with ${Upstream.NAME}`;

/** Each test has a server of its own, and a provider through which everybody may come in; whoever is staff there edits here. */
const test = base.extend<{ upstream: Upstream }>({
  baseURL: async ({ freshServer }, use) => use(freshServer.url),
  upstream: async ({ freshServer }, use) => {
    const upstream = await Upstream.start(freshServer, '--sign-up', 'open', '--rule', 'groups=staff:role=editor');
    await use(upstream);
    upstream.stop();
  },
});

/** From the sign-in page to the page after. */
async function comeIn(page: Page, upstream: Upstream, name: string, groups = ''): Promise<void> {
  await visit(page, '/login');
  await press(page, BUTTON);
  await upstream.signIn(page, name, groups);
}

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? 'with JavaScript' : 'without JavaScript', () => {
    test.use({ javaScriptEnabled });

    test('an app leads through Latchkey to the provider and back, and the second time nothing is asked', async ({ page, freshServer: server, upstream }) => {
      const app = await App.start();
      const { client_id } = addClient(server, 'native', '--redirect-uri', 'http://127.0.0.1/callback');
      await visit(page, requestOf(client_id, app.callback, 'openid email', { state: 'first' }));
      await press(page, BUTTON);
      await upstream.signIn(page, 'grace');
      await expect(page.getByText('grace@example.org')).toBeVisible();
      await press(page, 'Allow');
      const answer = await answerAt(page, app.callback);
      expect(answer.searchParams.get('state')).toBe('first');
      const body = new URLSearchParams({ grant_type: 'authorization_code', client_id, code: answer.searchParams.get('code')!, code_verifier: VERIFIER });
      const tokens = await (await fetch(`${server.url}/oauth/token`, { method: 'POST', body })).json();
      const claims = JSON.parse(Buffer.from(tokens.id_token.split('.')[1], 'base64url').toString());
      expect(claims).toMatchObject({ iss: server.url, email: 'grace@example.org', email_verified: true });
      await page.goto(requestOf(client_id, app.callback, 'openid email', { state: 'second' }));
      expect((await backAt(page, app.callback)).searchParams.get('state')).toBe('second');
      app.stop();
    });

    test('a provider that breaks off is named, and the password still works', async ({ page, freshServer: server, upstream, expectConsole }) => {
      expectConsole(/status of 503.*\/auth\/upstream\/upstream\/callback/);
      const ada = newAccount();
      server.addUser(ada);
      await upstream.silence('/token');
      await comeIn(page, upstream, 'grace');
      await expect(page.getByText(`${Upstream.NAME} does not answer.`)).toBeVisible();
      await signIn(page, ada);
    });
  });
}

test('whoever has an account links the provider, and comes in through it from then on', async ({ page, freshServer: server, upstream }) => {
  const ada = newAccount();
  server.addUser(ada);
  // Not by the address, which is Ada's.
  const name = ada.email.split('@')[0];
  await openAs(page, ada, '/account/security');
  await press(page, 'Link');
  await upstream.signIn(page, name);
  await expect(page.getByText(`Linked as ${name}@example.org`)).toBeVisible();
  await signOut(page);
  await press(page, BUTTON);
  // The provider knows the browser still.
  await page.waitForURL(isAt('/dashboard'));
  await expect(greeting(page, ada.name)).toBeVisible();
});

test('a role that a rule gives comes and goes with the claim', async ({ page, upstream, newContext, freshServer: server }) => {
  await comeIn(page, upstream, 'grace', 'guests staff');
  await expect(greeting(page, 'Grace Hopper')).toBeVisible();
  await follow(page, 'Notices');
  await expect(page.getByRole('link', { name: 'Write a notice' })).toBeVisible();
  const elsewhere = await (await newContext({ baseURL: server.url })).newPage();
  await comeIn(elsewhere, upstream, 'grace', 'guests');
  await expect(greeting(elsewhere, 'Grace Hopper')).toBeVisible();
  await visit(page, '/notices');
  await expect(heading(page)).toHaveText('Notices');
  await expect(page.getByRole('link', { name: 'Write a notice' })).toBeHidden();
});

test('whoever signs out at the provider is signed out here', async ({ page, upstream }) => {
  await comeIn(page, upstream, 'grace');
  await expect(greeting(page, 'Grace Hopper')).toBeVisible();
  const there = await page.context().newPage();
  await upstream.signOut(there);
  await page.goto('/dashboard');
  await expect(page).toHaveURL(/\/login\?/);
  await expect(page.getByRole('button', { name: BUTTON })).toBeVisible();
});

test('an address that has an account here is no way into it', async ({ page, freshServer: server, upstream, expectConsole }) => {
  expectConsole(/status of 409.*\/auth\/upstream\/upstream\/callback/);
  const ada = newAccount();
  server.addUser(ada);
  await comeIn(page, upstream, ada.email.split('@')[0]);
  await expect(page.getByText('There is already an account with your email address.')).toBeVisible();
  await signIn(page, ada);
});
