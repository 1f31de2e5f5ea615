import { send } from '../support/app-states.ts';
import { expect, fill, fillSignIn, newAccount, openAs, press, signOut, test, visit, waitForHydration, type Page } from '../support/fixtures.ts';
import { App, VERIFIER, backAt, requestOf } from '../support/oauth.ts';
import type { Server } from '../support/server.ts';

/** An app that people sign in to, with what it is registered as. */
class SignInApp {
  private constructor(
    private readonly app: App,
    private readonly id: string,
    private readonly server: Server,
  ) {}

  static async start(server: Server, name: string): Promise<SignInApp> {
    const app = await App.start();
    const shown = server.command(['client', 'add', '--name', name, '--kind', 'native', '--redirect-uri', 'http://127.0.0.1/callback']);
    return new SignInApp(app, JSON.parse(shown).client_id, server);
  }

  request(more: Record<string, string> = {}): string {
    return requestOf(this.id, this.app.callback, undefined, more);
  }

  /** Waits until the browser is back, and returns what the app was answered. */
  async answered(page: Page): Promise<URLSearchParams> {
    return (await backAt(page, this.app.callback)).searchParams;
  }

  async redeem(code: string): Promise<number> {
    const body = new URLSearchParams({ grant_type: 'authorization_code', client_id: this.id, code, code_verifier: VERIFIER });
    return (await fetch(`${this.server.url}/oauth/token`, { method: 'POST', body })).status;
  }

  stop(): void {
    this.app.stop();
  }
}

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? 'with JavaScript' : 'without JavaScript', () => {
    test.use({ javaScriptEnabled });

    test('a request of four kilobytes survives signing up and consent', async ({ page, server }) => {
      const app = await SignInApp.start(server, 'Notes');
      const state = 's'.repeat(4096);
      const ada = newAccount();
      await visit(page, app.request({ state }));
      await page.getByRole('link', { name: 'Create an account' }).click();
      await expect(page.getByRole('heading', { level: 1 })).toHaveText('Create an account');
      await waitForHydration(page);
      await fill(page, ada);
      await press(page, 'Create account');
      await expect(page.getByRole('heading', { level: 1 })).toHaveText('Sign in to Notes');
      await expect(page.getByText(ada.email)).toBeVisible();
      await press(page, 'Allow');
      const answer = await app.answered(page);
      expect(answer.get('state')).toBe(state);
      expect(await app.redeem(answer.get('code') ?? '')).toBe(200);
      // The second time nothing is asked.
      await page.goto(`${server.url}${app.request({ state: 'again' })}`);
      expect((await app.answered(page)).get('state')).toBe('again');
      app.stop();
    });

    test('somebody who is asked in the name of another person signs out and in, and the request goes on', async ({ page, server }) => {
      const app = await SignInApp.start(server, 'Notes');
      const [ada, grace] = [newAccount(), newAccount('Grace Hopper')];
      server.addUser(ada);
      server.addUser(grace);
      await openAs(page, ada, app.request({ state: 'kept' }));
      await expect(page.getByText(`You are signed in as ${ada.email}.`)).toBeVisible();
      await send(page, 'Sign out and use another account');
      await expect(page.getByText('You signed out.')).toBeVisible();
      await fillSignIn(page, grace);
      await press(page, 'Sign in');
      await expect(page.getByText(`You are signed in as ${grace.email}.`)).toBeVisible();
      await press(page, 'Allow');
      expect((await app.answered(page)).get('state')).toBe('kept');
      app.stop();
    });

    test('whom the app expects is filled in at sign-in', async ({ page, server }) => {
      const app = await SignInApp.start(server, 'Notes');
      const ada = newAccount();
      server.addUser(ada);
      await visit(page, app.request({ login_hint: ada.email }));
      await expect(page.getByLabel('Email', { exact: true })).toHaveValue(ada.email);
      await fill(page, { password: ada.password });
      await press(page, 'Sign in');
      await press(page, 'Allow');
      expect((await app.answered(page)).get('code')).not.toBeNull();
      app.stop();
    });

    test('whoever cancels is taken back to the app, which gets nothing', async ({ page, server }) => {
      const app = await SignInApp.start(server, 'Notes');
      const ada = newAccount();
      server.addUser(ada);
      await openAs(page, ada, app.request());
      await press(page, 'Cancel');
      const answer = await app.answered(page);
      expect([answer.get('error'), answer.get('code')]).toEqual(['access_denied', null]);
      app.stop();
    });
  });
}

test('an app that asks for the password again gets it, and the session goes on', async ({ page, server }) => {
  const app = await SignInApp.start(server, 'Notes');
  const ada = newAccount();
  server.addUser(ada);
  await openAs(page, ada, app.request({ prompt: 'login' }));
  await fill(page, { password: ada.password });
  await press(page, 'Continue');
  await press(page, 'Allow');
  expect((await app.answered(page)).get('code')).not.toBeNull();
  await page.goto(`${server.url}/dashboard`);
  await waitForHydration(page);
  await signOut(page);
  app.stop();
});
