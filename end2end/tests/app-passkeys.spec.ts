import { addPasskey, type Authenticator } from '../support/authenticator.ts';
import { expect, fillSignIn, heading, newAccount, openAs, openWithNewToken, press, signOut, test as base, visit, type Account, type Page } from '../support/fixtures.ts';
import { App, VERIFIER, addClient, answerAt, requestOf } from '../support/oauth.ts';
import type { Server } from '../support/server.ts';

// Apps that ask for more than a password, of somebody who has nothing more than a passkey.

const PHR = { acr_values: 'phr' };
const USE = 'Use a passkey';
const NAME = 'A native app';

/** An app that people sign in to. */
class SignInApp {
  private constructor(
    private readonly app: App,
    private readonly server: Server,
    private readonly id: string,
  ) {}

  static async start(server: Server): Promise<SignInApp> {
    const { client_id } = addClient(server, 'native', '--redirect-uri', 'http://127.0.0.1/callback');
    return new SignInApp(await App.start(), server, client_id);
  }

  request(more: Record<string, string>): string {
    return requestOf(this.id, this.app.callback, 'openid', more);
  }

  /** Waits until the app is answered, and returns what its ID token says. */
  async claims(page: Page): Promise<Record<string, unknown>> {
    const code = (await answerAt(page, this.app.callback)).searchParams.get('code')!;
    const body = new URLSearchParams({ grant_type: 'authorization_code', client_id: this.id, code, code_verifier: VERIFIER });
    const tokens = await (await fetch(`${this.server.url}/oauth/token`, { method: 'POST', body })).json();
    return JSON.parse(Buffer.from(tokens.id_token.split('.')[1], 'base64url').toString());
  }

  stop(): void {
    this.app.stop();
  }
}

const test = base.extend<{ app: SignInApp }>({
  app: async ({ server }, use) => {
    const app = await SignInApp.start(server);
    await use(app);
    app.stop();
  },
});

/** Somebody who is signed in with the password and has just added a passkey. */
async function enrol(page: Page): Promise<{ ada: Account; phone: Authenticator }> {
  const ada = newAccount();
  await openWithNewToken(page, ada, '/account/security');
  const phone = await addPasskey(page);
  await phone.ignoresSuggestions();
  return { ada, phone };
}

/** The app's question: a passkey, and nothing else would do. */
async function expectPasskeyAsked(page: Page): Promise<void> {
  await expect(heading(page)).toHaveText(`Sign in to ${NAME}`);
  await expect(page.getByText('wants more than your password')).toBeVisible();
  await expect(page.getByLabel('Password', { exact: true })).toHaveCount(0);
}

test('whoever signed in with the password proves the rest with a passkey, and the app is told', async ({ page, app }) => {
  await enrol(page);
  await visit(page, app.request(PHR));
  await expectPasskeyAsked(page);
  await press(page, USE);
  await press(page, 'Allow');
  expect(await app.claims(page)).toMatchObject({ acr: 'phr', amr: ['pop', 'user', 'mfa'] });
});

test('whoever comes with the password on the way is asked for the passkey after it', async ({ page, app }) => {
  const { ada } = await enrol(page);
  await signOut(page);
  await visit(page, app.request(PHR));
  await fillSignIn(page, ada);
  await press(page, 'Sign in');
  await expectPasskeyAsked(page);
  await press(page, USE);
  await press(page, 'Allow');
  expect(await app.claims(page)).toMatchObject({ acr: 'phr' });
});

test('whoever comes with the passkey on the way is not asked for it again', async ({ page, app }) => {
  await enrol(page);
  await signOut(page);
  await visit(page, app.request(PHR));
  await press(page, 'Sign in with a passkey');
  await expect(heading(page)).toHaveText(`Sign in to ${NAME}`);
  await press(page, 'Allow');
  expect(await app.claims(page)).toMatchObject({ acr: 'phr', amr: ['pop', 'user', 'mfa'] });
});

test('a passkey that is not accepted or not used leaves the question, and the right one goes on', async ({ page, app, expectConsole }) => {
  expectConsole(/status of 401.*\/api\/auth\/reauthenticate_with_passkey/);
  const { phone } = await enrol(page);
  await visit(page, app.request(PHR));
  await phone.does({ isBogusSignature: true });
  await press(page, USE);
  await expect(page.getByRole('main').getByRole('alert')).toContainText('This passkey was not accepted.');
  await phone.does({ isBogusSignature: false });
  await phone.verifiesUser(false);
  await press(page, USE);
  await expect(page.getByRole('main').getByRole('alert')).toContainText('No passkey was used.');
  await expectPasskeyAsked(page);
  await phone.verifiesUser(true);
  await press(page, USE);
  await press(page, 'Allow');
  expect(await app.claims(page)).toMatchObject({ acr: 'phr' });
});

test('where the password would do, a passkey does as well', async ({ page, app }) => {
  await enrol(page);
  await visit(page, app.request({ prompt: 'login' }));
  await expect(page.getByLabel('Password', { exact: true })).toBeVisible();
  await press(page, USE);
  await press(page, 'Allow');
  expect(await app.claims(page)).toMatchObject({ acr: 'phr' });
});

test('without JavaScript the page says what is missing, and asks for nothing that would not do', async ({ page, app, newContext, server }) => {
  const { ada } = await enrol(page);
  const plain = await (await newContext({ javaScriptEnabled: false, baseURL: server.url })).newPage();
  await openAs(plain, ada, app.request(PHR));
  await expectPasskeyAsked(plain);
  await expect(plain.getByRole('button', { name: USE })).toHaveCount(0);
  await expect(plain.getByRole('link', { name: 'set up another second factor' })).toBeVisible();
});

test.describe('where everyone needs a second factor', () => {
  test.use({ settings: { LATCHKEY_SECOND_FACTOR: 'everyone' } });

  test('a passkey is enough for an app that asks for nothing', async ({ page, app }) => {
    await enrol(page);
    await visit(page, app.request({}));
    await expectPasskeyAsked(page);
    await press(page, USE);
    await press(page, 'Allow');
    expect(await app.claims(page)).toMatchObject({ acr: 'phr' });
  });
});
