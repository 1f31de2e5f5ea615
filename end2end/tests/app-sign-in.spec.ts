import { createHash } from 'node:crypto';
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { send } from '../support/app-states.ts';
import { expect, fill, fillSignIn, newAccount, openAs, press, signOut, test, visit, waitForHydration, type Page } from '../support/fixtures.ts';
import type { Server } from '../support/server.ts';

const VERIFIER = 'a-verifier-of-at-least-forty-three-characters-0123456789';
const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url');

/** An app that people sign in to: it shows what it is answered. */
class App {
  private constructor(
    private readonly http: HttpServer,
    private readonly id: string,
    private readonly server: Server,
  ) {}

  static async start(server: Server, name: string): Promise<App> {
    const http = createServer((request, response) => {
      response.setHeader('Content-Type', 'text/html');
      response.end('<!DOCTYPE html><title>App</title><h1>Welcome to the app</h1>');
    });
    await new Promise<void>((ready) => http.listen(0, '127.0.0.1', ready));
    const uri = 'http://127.0.0.1/callback';
    const shown = server.command(['client', 'add', '--name', name, '--kind', 'native', '--redirect-uri', uri]);
    return new App(http, JSON.parse(shown).client_id, server);
  }

  get callback(): string {
    return `http://127.0.0.1:${(this.http.address() as AddressInfo).port}/callback`;
  }

  request(more: Record<string, string> = {}): string {
    const parameters = { client_id: this.id, redirect_uri: this.callback, response_type: 'code', scope: 'openid profile', code_challenge: CHALLENGE, code_challenge_method: 'S256', ...more };
    return `/oauth/authorize?${new URLSearchParams(parameters)}`;
  }

  /** Waits until the browser is back, and returns what the app was answered. */
  async answered(page: Page): Promise<URLSearchParams> {
    await expect(page.getByRole('heading', { name: 'Welcome to the app' })).toBeVisible();
    return new URL(page.url()).searchParams;
  }

  async redeem(code: string): Promise<number> {
    const body = new URLSearchParams({ grant_type: 'authorization_code', client_id: this.id, code, code_verifier: VERIFIER });
    return (await fetch(`${this.server.url}/oauth/token`, { method: 'POST', body })).status;
  }

  stop(): void {
    this.http.close();
    this.http.closeAllConnections();
  }
}

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? 'with JavaScript' : 'without JavaScript', () => {
    test.use({ javaScriptEnabled });

    test('a request of four kilobytes survives signing up and consent', async ({ page, server }) => {
      const app = await App.start(server, 'Notes');
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
      const app = await App.start(server, 'Notes');
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
      const app = await App.start(server, 'Notes');
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
      const app = await App.start(server, 'Notes');
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
  const app = await App.start(server, 'Notes');
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
