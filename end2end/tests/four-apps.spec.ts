import type { IncomingMessage, ServerResponse } from 'node:http';
import { createRemoteJWKSet, jwtVerify, type JWTVerifyGetKey } from 'jose';
import * as openid from 'openid-client';
import { expect, fillSignIn, newAccount, openAs, otherSessions, press, pressAndConfirm, test, visit, type Account, type Page, type Server } from '../support/fixtures.ts';
import { App, addClient } from '../support/oauth.ts';

/** How long an app may take to hear that a session has ended, in milliseconds. */
const LIMIT = 2_000;
const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout';

/** An app that keeps sessions of its own and ends them when Latchkey tells it to. */
class SessionApp {
  /** Who is signed in, by the session's id. */
  readonly sessions = new Map<string, string>();
  private readonly verifiers = new Map<string, string>();

  private constructor(
    private readonly app: App,
    private readonly issuer: string,
    private readonly config: openid.Configuration,
    private readonly keys: JWTVerifyGetKey,
  ) {}

  static async start(server: Server): Promise<SessionApp> {
    let started: SessionApp;
    const app = await App.start((request, response) => {
      started.answer(request, response).catch((error) => response.writeHead(400).end(String(error)));
    });
    const { client_id, client_secret } = addClient(server, 'web', '--trusted', '--redirect-uri', app.callback, '--backchannel-logout-uri', `${app.url}/signed-out`);
    const config = await openid.discovery(new URL(server.url), client_id, client_secret, undefined, { execute: [openid.allowInsecureRequests] });
    started = new SessionApp(app, server.url, config, createRemoteJWKSet(new URL(config.serverMetadata().jwks_uri!)));
    return started;
  }

  get url(): string {
    return `${this.app.url}/`;
  }

  get signIn(): string {
    return `${this.app.url}/sign-in`;
  }

  stop(): void {
    this.app.stop();
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url!, this.app.url);
    switch (url.pathname) {
      case '/':
        return void response.end(this.greeting(request));
      case '/sign-in':
        return void response.writeHead(303, { location: await this.request() }).end();
      case '/callback':
        return void response.writeHead(303, { location: '/', 'set-cookie': `${this.cookie}=${await this.begin(url)}; Path=/; HttpOnly` }).end();
      case '/signed-out':
        await this.end(new URLSearchParams(await text(request)).get('logout_token')!);
        return void response.writeHead(204).end();
      default:
        return void response.writeHead(404).end();
    }
  }

  /** Browsers share cookies between the ports of a host. */
  private get cookie(): string {
    return `app-${new URL(this.app.url).port}`;
  }

  private greeting({ headers }: IncomingMessage): string {
    const sid = new RegExp(`${this.cookie}=([^;]+)`).exec(headers.cookie ?? '')?.[1];
    const name = this.sessions.get(sid ?? '');
    return name ? `Hello, ${name}` : 'Nobody is signed in';
  }

  private async request(): Promise<string> {
    const [verifier, state] = [openid.randomPKCECodeVerifier(), openid.randomState()];
    this.verifiers.set(state, verifier);
    const code_challenge = await openid.calculatePKCECodeChallenge(verifier);
    return openid.buildAuthorizationUrl(this.config, { redirect_uri: this.app.callback, scope: 'openid profile', code_challenge, code_challenge_method: 'S256', state }).href;
  }

  private async begin(answer: URL): Promise<string> {
    const expectedState = answer.searchParams.get('state') ?? '';
    const tokens = await openid.authorizationCodeGrant(this.config, answer, { pkceCodeVerifier: this.verifiers.get(expectedState), expectedState });
    const { sid, name } = tokens.claims()!;
    this.sessions.set(String(sid), String(name));
    return String(sid);
  }

  private async end(token: string): Promise<void> {
    const audience = this.config.clientMetadata().client_id;
    const { payload } = await jwtVerify(token, this.keys, { issuer: this.issuer, audience, typ: 'logout+jwt', requiredClaims: ['sub', 'sid', 'events'] });
    expect(payload.events).toEqual({ [LOGOUT_EVENT]: {} });
    this.sessions.delete(String(payload.sid));
  }
}

async function text(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text;
}

/** Signs in to the first app with a password and to the others without any page in between. */
async function signInToAll(page: Page, ada: Account, [first, ...others]: SessionApp[]): Promise<void> {
  await visit(page, first.signIn);
  await fillSignIn(page, ada);
  await press(page, 'Sign in');
  await page.waitForURL(first.url);
  for (const app of others) {
    const response = await page.goto(app.signIn);
    expect(response?.url()).toBe(app.url);
  }
  for (const app of [first, ...others]) expect(await shown(page, app)).toBe(`Hello, ${ada.name}`);
}

/** What an app shows to the person. Latchkey may still lead the page elsewhere, so another request asks. */
async function shown(page: Page, app: SessionApp): Promise<string> {
  return (await page.request.get(app.url)).text();
}

async function expectToBeSignedOut(page: Page, apps: SessionApp[]): Promise<void> {
  const signedIn = () => apps.reduce((sum, app) => sum + app.sessions.size, 0);
  await expect.poll(signedIn, { message: 'sessions that the apps still have', timeout: LIMIT, intervals: [20] }).toBe(0);
  for (const app of apps) expect(await shown(page, app)).toBe('Nobody is signed in');
}

test.describe('somebody who has signed in once is signed in to four apps', () => {
  let apps: SessionApp[];

  test.beforeEach(async ({ server }) => {
    apps = await Promise.all([1, 2, 3, 4].map(() => SessionApp.start(server)));
  });

  test.afterEach(() => apps.forEach((app) => app.stop()));

  test('and out of all of them within two seconds of signing out here', async ({ page, server }) => {
    const ada = newAccount();
    server.addUser(ada);
    await signInToAll(page, ada, apps);
    await visit(page, `${server.url}/dashboard`);
    await press(page, 'Sign out');
    await expectToBeSignedOut(page, apps);
  });

  test('and out of all of them within two seconds of ending the session in another browser', async ({ page, newContext, server }) => {
    const ada = newAccount();
    server.addUser(ada);
    await signInToAll(page, ada, apps);
    const elsewhere = await (await newContext()).newPage();
    await openAs(elsewhere, ada, '/account/sessions');
    await pressAndConfirm(elsewhere, 'End this session', otherSessions(elsewhere));
    await expectToBeSignedOut(page, apps);
  });
});
