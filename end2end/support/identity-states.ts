import type { Page } from '@playwright/test';
import { Authenticator } from './authenticator.ts';
import { send } from './app-states.ts';
import { expect, confirm, fill, fillSignIn, isAt, newAccount, openAs, press, signOut, visit, waitForHydration, type Account, type Server } from './fixtures.ts';
import type { MailBox } from './mails.ts';
import { addClient, requestOf } from './oauth.ts';
import { StubProvider } from './provider.ts';
import { beginEnrolment, code, codeOf, section } from './totp.ts';

type Look = (what: string) => Promise<void>;

/** Somebody at a page of a portal that sends mail. */
interface Scene {
  page: Page;
  server: Server;
  mails: MailBox;
  look: Look;
}

const field = (page: Page, label: string) => page.getByLabel(label, { exact: true });

/** Shows what people meet who sign up, sign in and protect their account, in each state, and looks at each. */
export async function eachIdentityState(scene: Scene): Promise<void> {
  const providers = [await StubProvider.start(scene.server), await StubProvider.start(scene.server)];
  providers[0].addTo(scene.server, 'acme');
  providers[1].addTo(scene.server, 'initech');
  await lookAtSigningIn(scene);
  const ada = await lookAtSigningUp(scene);
  const secret = await lookAtSecurity(scene, ada);
  await lookAtSecondStep(scene, ada, secret);
  await lookAtProviders(scene, providers);
  await lookAtMailedLinks(scene);
}

async function lookAtSigningIn({ page, look }: Scene): Promise<void> {
  await visit(page, '/login');
  await look('login-all-ways');
  await visit(page, '/forgot');
  await look('forgot');
  await field(page, 'Email').fill('nobody@example.org');
  await press(page, 'Send the link');
  await expect(page.getByText('a mail with a link is on its way')).toBeVisible();
  await look('forgot-sent');
  await visit(page, '/login/email');
  await look('sign-in-by-mail');
}

async function lookAtSigningUp({ page, mails, look }: Scene): Promise<Account> {
  const ada = newAccount();
  await visit(page, '/register');
  await look('register-by-mail');
  await field(page, 'Email').fill(ada.email);
  await press(page, 'Send the link');
  await expect(page.getByText('A mail is on its way.')).toBeVisible();
  await look('register-sent');
  await visit(page, await mails.link(ada.email, '/register/finish?token='));
  await look('finish-registration-form');
  await fill(page, { name: ada.name, password: ada.password });
  await press(page, 'Create account');
  await page.waitForURL(isAt('/dashboard'));
  return ada;
}

/** Returns the secret of the authenticator app. */
async function lookAtSecurity({ page, server, look }: Scene, { email }: Account): Promise<string> {
  const refreshed = page.waitForResponse('**/api/auth/refresh');
  await visit(page, '/account/security');
  await refreshed;
  await look('security-nothing');
  const secret = await beginEnrolment(page);
  await look('security-app-to-scan');
  await code(page).fill(codeOf(secret));
  await press(page, 'Confirm');
  await expect(section(page, 'Recovery codes').getByRole('heading', { name: 'Keep these recovery codes' })).toBeFocused();
  await look('security-new-codes');
  const phone = await Authenticator.add(page);
  await press(page, 'Add a passkey');
  await expect(section(page, 'Passkeys').getByRole('listitem')).toHaveCount(1);
  await phone.ignoresSuggestions();
  const linked = `INSERT INTO upstream_identities (provider_id, subject, user_id, email, linked_at, last_used_at)
    SELECT p.id, 'ada', u.id, 'ada@acme.example', ?, 1 FROM upstream_providers p, users u WHERE p.slug = 'acme' AND u.email = ?`;
  server.alter(linked, Date.now() - 3_600_000, email);
  await visit(page, '/account/security');
  await press(page, 'Ask for a passkey after my password');
  await expect(page.getByRole('button', { name: 'Stop asking for a passkey' })).toBeVisible();
  await visit(page, '/account/security');
  await look('security-all');
  await section(page, 'Passkeys').getByText('Rename', { exact: true }).click();
  await look('security-passkey-name');
  server.setPasswordAge({ email } as Account, 16);
  await visit(page, '/account/security');
  await press(page, 'Create new recovery codes');
  await confirm(page, 'Create new recovery codes');
  await expect(page.getByRole('dialog')).toBeVisible();
  await look('confirm-who-you-are');
  await page.keyboard.press('Escape');
  return secret;
}

async function lookAtSecondStep({ page, server, look }: Scene, ada: Account, secret: string): Promise<void> {
  await lookAtStepUpOfAnApp({ page, server, look });
  await signOut(page);
  await fillSignIn(page, ada);
  await press(page, 'Sign in');
  await page.waitForURL(isAt('/login/second-step'));
  await waitForHydration(page);
  await look('second-step');
  const enter = async (typed: string) => {
    await code(page).fill(typed);
    await press(page, 'Continue');
  };
  await enter('000000');
  await expect(page.getByRole('alert')).toBeFocused();
  await look('second-step-wrong');
  // Nine more are free, and there is one wait for all of them.
  for (let attempt = 0; attempt < 9; attempt += 1) await page.request.post('/api/auth/second_factor', { form: { code: '000000' } });
  await enter(codeOf(secret, 1));
  await expect(page.getByRole('alert')).toContainText('You can try again in');
  await look('second-step-throttled');
  server.alter('DELETE FROM totp WHERE user_id = (SELECT id FROM users WHERE email = ?)', ada.email);
  await visit(page, '/login/second-step');
  await look('second-step-without-the-app');
}

/** An app wants to be sure who it is, of somebody with a second step. */
async function lookAtStepUpOfAnApp({ page, server, look }: Omit<Scene, 'mails'>): Promise<void> {
  const callback = 'http://127.0.0.1/callback';
  const { client_id } = addClient(server, 'native', '--redirect-uri', callback);
  await visit(page, `${requestOf(client_id, callback)}&prompt=login`);
  await look('consent-password-and-code');
  await field(page, 'Password').fill('not this one');
  await field(page, 'Code').fill('000000');
  await send(page, 'Continue');
  await look('consent-password-and-code-wrong');
  await visit(page, '/dashboard');
}

async function lookAtProviders({ page, server, look }: Scene, providers: StubProvider[]): Promise<void> {
  await page.context().clearCookies();
  const begin = async () => {
    await visit(page, '/login');
    // The provider leads here at once, with what it was asked.
    const sent = page.waitForRequest((request) => request.isNavigationRequest() && request.url().includes('state='));
    await press(page, 'Sign in with Stub acme');
    const state = new URL((await sent).url()).searchParams.get('state')!;
    await page.waitForURL((url) => url.pathname === '/login' && url.searchParams.has('next'));
    await waitForHydration(page);
    return state;
  };
  const back = (query: Record<string, string>) => page.goto(`/auth/upstream/acme/callback?${new URLSearchParams(query)}`);
  const declined = await begin();
  await back({ state: declined, error: 'access_denied' });
  await look('provider-declined');
  const state = await begin();
  for (const provider of providers) provider.stop();
  await back({ state, code: 'x' });
  await look('provider-away');
  await back({ state, code: 'x' });
  await look('provider-sign-in-gone');
  await page.goto('/auth/upstream/nobody/callback');
  await look('provider-unknown');
  await visit(page, '/login');
  for (const slug of ['acme', 'initech']) server.command(['provider', 'remove', slug]);
}

async function lookAtMailedLinks({ page, server, mails, look }: Scene): Promise<void> {
  const grace = newAccount('Grace Hopper');
  server.addUser(grace);
  server.command(['user', 'verify-email', grace.email]);
  await openAs(page, grace, '/account');
  const address = newAccount().email;
  await field(page, 'New email').fill(address);
  await press(page, 'Change email');
  await expect(page.getByText('A mail is on its way')).toBeVisible();
  await look('account-new-address');
  await visit(page, '/account');
  await look('account-pending-address');
  await visit(page, await mails.link(address, '/confirm-email?token='));
  await look('confirm-email-question');
  await press(page, 'Confirm the address');
  await expect(page.getByText('The address is confirmed.')).toBeVisible();
  await waitForHydration(page);
  await look('confirm-email-done');
  await visit(page, await mails.link(grace.email, '/restore-email?token='));
  await look('restore-email-form');
  // An address gets one mail a minute.
  const alan = newAccount('Alan Turing');
  server.addUser(alan);
  await page.request.post('/api/auth/request_reset', { form: { email: alan.email } });
  await visit(page, await mails.link(alan.email, '/reset?token='));
  await look('reset-form');
  await signOut(page);
  await visit(page, '/login/email');
  const hedy = newAccount('Hedy Lamarr');
  server.addUser(hedy);
  await field(page, 'Email').fill(hedy.email);
  await press(page, 'Email me a link');
  await expect(page.getByText('a mail is on its way')).toBeVisible();
  await visit(page, await mails.link(hedy.email, '/login/link?token='));
  await look('sign-in-link');
}
