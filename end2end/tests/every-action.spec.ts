import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expectAgreement } from '../support/agreement.ts';
import { ApiClient } from '../support/api.ts';
import { Authenticator } from '../support/authenticator.ts';
import { expect, fill, fillSignIn, followTo, isAt, newAccount, otherSessions, press, pressAndConfirm, signInWithApi, signOut, visit, type Account, type Page, type Server } from '../support/fixtures.ts';
import { addClient, requestOf } from '../support/oauth.ts';
import { StubProvider } from '../support/provider.ts';
import { chooseRoles } from '../support/roles.ts';
import { test } from '../support/proxied.ts';
import { beginEnrolment, code, codeOf, enrol, firstStep } from '../support/totp.ts';
import type { Held } from '../support/proxy.ts';

/** Somebody at a page, with what the action needs. */
interface Scene {
  page: Page;
  server: Server;
  ada: Account;
  admin: ApiClient;
  /** The id of an account that an administrator may act on. */
  target: string;
}

interface Action {
  /** As the source names the form. */
  form: string;
  /** What tells it from another form of the same name. */
  variant?: string;
  path: string;
  role?: 'editor' | 'admin';
  /** For those who are not signed in. */
  signedOut?: boolean;
  /** How many minutes ago the password was entered. */
  passwordAge?: number;
  open: (scene: Scene) => string | Promise<string>;
  act: (scene: Scene) => Promise<void>;
}

const field = (page: Page, label: string) => page.getByLabel(label, { exact: true });
const account = ({ target }: Scene) => `/admin/users/${target}`;
const localPath = (link: string) => new URL(link).pathname + new URL(link).search;

async function anotherSession({ server, ada }: Scene): Promise<string> {
  await ApiClient.signIn(server, ada);
  return '/account/sessions';
}

/** An app that needs no consent, to which Ada has signed in. Returns its id. */
async function anAppInUse({ server, ada }: Scene): Promise<string> {
  const { client_id } = addClient(server, 'native', '--redirect-uri', 'http://127.0.0.1/callback', '--trusted');
  const { cookie } = await ApiClient.signIn(server, ada);
  const answer = await fetch(`${server.url}${requestOf(client_id, 'http://127.0.0.1/callback')}`, { headers: { cookie }, redirect: 'manual' });
  expect(answer.headers.get('location')).toContain('code=');
  return client_id;
}

async function anApp(scene: Scene): Promise<string> {
  await anAppInUse(scene);
  return '/account/apps';
}

/** The page of a client that nobody uses yet. */
function aClient({ server }: Scene): string {
  return `/admin/clients/${addClient(server, 'web', '--redirect-uri', 'https://wiki.example.org/callback').client_id}`;
}

async function aNotice({ server, ada }: Scene): Promise<string> {
  const editor = await ApiClient.signIn(server, ada);
  await editor.call('/api/notices/publish', { title: ada.email, body: 'Text.' });
  return '/notices/edit';
}

const security = () => '/account/security';

const stubs = new WeakMap<Account, string>();
const running = new WeakMap<Server, Promise<StubProvider>>();

/** One for all tests of a server. It ends with this process. */
function stubOf(server: Server): Promise<StubProvider> {
  const stub = running.get(server) ?? StubProvider.start(server);
  running.set(server, stub);
  return stub;
}

/** A provider that Ada may link. */
async function aProvider({ server, ada }: Scene): Promise<string> {
  const slug = `stub-${Date.now().toString(36)}`;
  (await stubOf(server)).addTo(server, slug);
  stubs.set(ada, slug);
  return '/account/security';
}

/** The page of a provider. */
async function aProviderToManage(scene: Scene): Promise<string> {
  await aProvider(scene);
  return `/admin/providers/${stubs.get(scene.ada)}`;
}

/** A provider that Ada has linked. */
async function aLinkedProvider(scene: Scene): Promise<string> {
  const path = await aProvider(scene);
  const statement = `INSERT INTO upstream_identities (provider_id, subject, user_id, email, linked_at, last_used_at)
    SELECT p.id, 'ada', u.id, '', 1, 1 FROM upstream_providers p, users u WHERE p.slug = ? AND u.email = ?`;
  scene.server.alter(statement, stubs.get(scene.ada)!, scene.ada.email);
  return path;
}

function providerItem({ page, ada }: Scene) {
  return page.getByRole('listitem').filter({ has: page.getByRole('heading', { name: `Stub ${stubs.get(ada)}` }) });
}

const secretOf = new WeakMap<Account, string>();

/** Sets up an authenticator app for Ada. */
async function withAuthenticatorApp({ server, ada }: Scene): Promise<string> {
  const client = await ApiClient.signIn(server, ada);
  const { secret } = await client.call<{ secret: string }>('/api/account/totp_begin');
  await client.call('/api/account/totp_confirm', { code: codeOf(secret) });
  secretOf.set(ada, secret);
  return '/login';
}

/** Adds a passkey to Ada's account. */
async function withPasskey({ page, ada }: Scene): Promise<Authenticator> {
  await signInWithApi(page, ada);
  await visitWithToken(page, '/account/security');
  return addPasskey(page);
}

const passkeys = (page: Page) => page.getByRole('region', { name: 'Passkeys' }).getByRole('listitem');

async function addPasskey(page: Page): Promise<Authenticator> {
  const phone = await Authenticator.add(page);
  await press(page, 'Add a passkey');
  await expect(passkeys(page)).toHaveCount(1);
  return phone;
}

const ACTIONS: Action[] = [
  {
    form: 'SignInWithPasskey',
    path: '/api/auth/passkey',
    signedOut: true,
    open: async (scene) => {
      const phone = await withPasskey(scene);
      await phone.ignoresSuggestions();
      await signOut(scene.page);
      return '/login';
    },
    act: ({ page }) => press(page, 'Sign in with a passkey'),
  },
  {
    form: 'ReauthenticateWithPasskey',
    path: '/api/auth/reauthenticate_with_passkey',
    passwordAge: 16,
    open: async (scene) => {
      await withPasskey(scene);
      return anotherSession(scene);
    },
    act: async ({ page }) => {
      await pressAndConfirm(page, 'End all other sessions');
      await page.getByRole('dialog').getByRole('button', { name: 'Use a passkey' }).click();
    },
  },
  {
    form: 'AddPasskey',
    path: '/api/account/passkey_add',
    open: security,
    act: async ({ page }) => {
      await Authenticator.add(page);
      await press(page, 'Add a passkey');
    },
  },
  {
    form: 'RenamePasskey',
    path: '/api/account/passkey_rename',
    open: security,
    act: async ({ page }) => {
      await addPasskey(page);
      await passkeys(page).getByText('Rename', { exact: true }).click();
      await passkeys(page).getByLabel('Name', { exact: true }).fill('Phone');
      await passkeys(page).getByRole('button', { name: 'Save name' }).click();
    },
  },
  {
    form: 'RemovePasskey',
    path: '/api/account/passkey_remove',
    open: security,
    act: async ({ page }) => {
      await addPasskey(page);
      await pressAndConfirm(page, 'Remove this passkey');
    },
  },
  {
    form: 'SetSecondStep',
    path: '/api/account/set_second_step',
    open: security,
    act: async ({ page }) => {
      await addPasskey(page);
      await press(page, 'Ask for a passkey after my password');
    },
  },
  {
    form: 'SignIn',
    path: '/api/auth/login',
    signedOut: true,
    open: () => '/login',
    act: async ({ page, ada }) => {
      await fillSignIn(page, ada);
      await press(page, 'Sign in');
    },
  },
  {
    form: 'SignUp',
    path: '/api/auth/register',
    signedOut: true,
    open: () => '/register',
    act: async ({ page }) => {
      await fill(page, newAccount('Alan Turing'));
      await press(page, 'Create account');
    },
  },
  {
    form: 'AcceptInvitation',
    path: '/api/auth/accept_invitation',
    signedOut: true,
    open: async ({ admin }) => {
      const { link } = await admin.call<{ link: string }>('/api/admin/users/invite', { email: newAccount().email, display_name: 'Alan' });
      return localPath(link);
    },
    act: async ({ page }) => {
      await fill(page, { name: 'Alan Turing', password: newAccount().password });
      await press(page, 'Sign in');
    },
  },
  {
    form: 'Reset',
    path: '/api/auth/reset',
    signedOut: true,
    open: async ({ admin, target }) => {
      const { link } = await admin.call<{ link: string }>('/api/admin/users/reset_password', { user_id: target });
      return localPath(link);
    },
    act: async ({ page }) => {
      await field(page, 'New password').fill(newAccount().password);
      await press(page, 'Set new password');
    },
  },
  { form: 'Logout', path: '/api/auth/logout', open: () => '/account', act: ({ page }) => press(page, 'Sign out') },
  {
    form: 'UpdateProfile',
    path: '/api/account/update_profile',
    open: () => '/account',
    act: async ({ page }) => {
      await field(page, 'Display name').fill('Ada King');
      await press(page, 'Save');
    },
  },
  {
    form: 'ChangePassword',
    path: '/api/account/change_password',
    open: () => '/account/password',
    act: async ({ page, ada }) => {
      await field(page, 'Current password').fill(ada.password);
      await field(page, 'New password').fill('battery staple 42');
      await press(page, 'Change password');
    },
  },
  {
    form: 'DeleteAccount',
    path: '/api/account/delete',
    open: () => '/account',
    act: async ({ page, ada }) => {
      await page.getByText('Delete your account', { exact: true }).click();
      await field(page, 'Password').fill(ada.password);
      await field(page, 'Type “delete” to confirm').fill('delete');
      await press(page, 'Delete my account');
    },
  },
  {
    form: 'Reauthenticate',
    path: '/api/auth/reauthenticate',
    passwordAge: 16,
    open: anotherSession,
    act: async ({ page, ada }) => {
      await pressAndConfirm(page, 'End all other sessions');
      const dialog = page.getByRole('dialog', { name: 'Confirm your password to continue' });
      await dialog.getByLabel('Password', { exact: true }).fill(ada.password);
      await dialog.getByRole('button', { name: 'Continue' }).click();
    },
  },
  {
    form: 'Confirmation',
    path: '/api/auth/second_factor',
    signedOut: true,
    open: withAuthenticatorApp,
    act: async (scene) => {
      await firstStep(scene.page, scene.ada);
      await code(scene.page).fill(codeOf(secretOf.get(scene.ada)!, 1));
      await press(scene.page, 'Continue');
    },
  },
  { form: 'TotpBegin', path: '/api/account/totp_begin', open: security, act: ({ page }) => press(page, 'Set up an authenticator app') },
  {
    form: 'TotpConfirm',
    path: '/api/account/totp_confirm',
    open: security,
    act: async ({ page }) => {
      await code(page).fill(codeOf(await beginEnrolment(page)));
      await press(page, 'Confirm');
    },
  },
  {
    form: 'TotpRemove',
    path: '/api/account/totp_remove',
    open: security,
    act: async ({ page }) => {
      await enrol(page);
      await pressAndConfirm(page, 'Remove the authenticator app');
    },
  },
  {
    form: 'CreateRecoveryCodes',
    path: '/api/account/recovery_codes',
    open: security,
    act: async ({ page }) => {
      await enrol(page);
      await pressAndConfirm(page, 'Create new recovery codes');
    },
  },
  {
    form: 'LinkProvider',
    path: '/api/account/link_provider',
    open: aProvider,
    act: (scene) => providerItem(scene).getByRole('button', { name: 'Link', exact: true }).click(),
  },
  {
    form: 'UnlinkProvider',
    path: '/api/account/unlink_provider',
    open: aLinkedProvider,
    act: (scene) => pressAndConfirm(scene.page, 'Unlink', providerItem(scene)),
  },
  { form: 'ResetFactors', path: '/api/admin/users/reset_factors', role: 'admin', open: account, act: ({ page }) => pressAndConfirm(page, 'Reset second factors') },
  {
    form: 'RenameSession',
    path: '/api/sessions/rename',
    open: anotherSession,
    act: async ({ page }) => {
      const other = otherSessions(page).first();
      await other.getByText('Name it', { exact: true }).click();
      await other.getByLabel('Name', { exact: true }).fill('Laptop');
      await other.getByRole('button', { name: 'Save name' }).click();
    },
  },
  {
    form: 'RevokeSession',
    path: '/api/sessions/revoke',
    open: anotherSession,
    act: ({ page }) => pressAndConfirm(page, 'End this session', otherSessions(page).first()),
  },
  {
    form: 'RevokeOtherSessions',
    path: '/api/sessions/revoke_others',
    open: anotherSession,
    act: ({ page }) => pressAndConfirm(page, 'End all other sessions'),
  },
  { form: 'RevokeApp', path: '/api/account/revoke_app', open: anApp, act: ({ page }) => pressAndConfirm(page, 'Take access back') },
  {
    form: 'PublishNotice',
    path: '/api/notices/publish',
    role: 'editor',
    open: () => '/notices/edit',
    act: async ({ page, ada }) => {
      await field(page, 'Title').fill(ada.email);
      await field(page, 'Text').fill('Text.');
      await press(page, 'Publish');
    },
  },
  {
    form: 'RetractNotice',
    path: '/api/notices/retract',
    role: 'editor',
    open: aNotice,
    act: ({ page, ada }) => pressAndConfirm(page, 'Retract', page.getByRole('article').filter({ hasText: ada.email })),
  },
  {
    form: 'SetRoles',
    path: '/api/admin/users/set_roles',
    role: 'admin',
    open: account,
    act: async ({ page }) => {
      await chooseRoles(page, 'Editor');
      await press(page, 'Save roles');
    },
  },
  { form: 'RevokeUserSessions', path: '/api/admin/users/revoke_sessions', role: 'admin', open: account, act: ({ page }) => pressAndConfirm(page, 'End all sessions') },
  { form: 'DisableUser', path: '/api/admin/users/disable', role: 'admin', open: account, act: ({ page }) => pressAndConfirm(page, 'Disable the account') },
  {
    form: 'EnableUser',
    path: '/api/admin/users/enable',
    role: 'admin',
    open: async (scene) => {
      await scene.admin.call('/api/admin/users/disable', { user_id: scene.target });
      return account(scene);
    },
    act: ({ page }) => press(page, 'Enable the account'),
  },
  { form: 'VerifyEmail', path: '/api/admin/users/verify_email', role: 'admin', open: account, act: ({ page }) => press(page, 'Mark the email as verified') },
  {
    form: 'UnverifyEmail',
    path: '/api/admin/users/unverify_email',
    role: 'admin',
    open: async (scene) => {
      await scene.admin.call('/api/admin/users/verify_email', { user_id: scene.target });
      return account(scene);
    },
    act: ({ page }) => press(page, 'Mark the email as unverified'),
  },
  { form: 'DeleteUser', path: '/api/admin/users/delete', role: 'admin', open: account, act: ({ page }) => pressAndConfirm(page, 'Delete the account') },
  { form: 'CreateResetLink', path: '/api/admin/users/reset_password', role: 'admin', open: account, act: ({ page }) => press(page, 'Create a password reset link') },
  {
    form: 'InviteUser',
    path: '/api/admin/users/invite',
    role: 'admin',
    open: () => '/admin/users',
    act: async ({ page }) => {
      await page.getByText('Invite someone', { exact: true }).click();
      await fill(page, { email: newAccount().email, name: 'Alan Turing' });
      await press(page, 'Create invitation');
    },
  },
  {
    form: 'AddClient',
    path: '/api/admin/clients/add',
    role: 'admin',
    open: () => '/admin/clients',
    act: async ({ page }) => {
      await page.getByText('Add a client', { exact: true }).click();
      await field(page, 'Name').fill('Wiki');
      await field(page, 'Redirect URIs').fill('https://wiki.example.org/callback');
      await press(page, 'Add client');
    },
  },
  { form: 'UpdateClient', path: '/api/admin/clients/update', role: 'admin', open: aClient, act: ({ page }) => press(page, 'Save settings') },
  { form: 'RotateClientSecret', path: '/api/admin/clients/rotate_secret', role: 'admin', open: aClient, act: ({ page }) => pressAndConfirm(page, 'Rotate the secret') },
  { form: 'RotateClientSecret', variant: 'at once', path: '/api/admin/clients/rotate_secret', role: 'admin', open: aClient, act: ({ page }) => pressAndConfirm(page, 'Replace a leaked secret') },
  { form: 'DisableClient', path: '/api/admin/clients/disable', role: 'admin', open: aClient, act: ({ page }) => pressAndConfirm(page, 'Disable the client') },
  {
    form: 'EnableClient',
    path: '/api/admin/clients/enable',
    role: 'admin',
    open: async (scene) => {
      const path = aClient(scene);
      await scene.admin.call('/api/admin/clients/disable', { client_id: path.split('/').at(-1)! });
      return path;
    },
    act: ({ page }) => press(page, 'Enable the client'),
  },
  { form: 'RemoveClient', path: '/api/admin/clients/remove', role: 'admin', open: aClient, act: ({ page }) => pressAndConfirm(page, 'Remove the client') },
  {
    form: 'RevokeClientUser',
    path: '/api/admin/clients/revoke_user',
    role: 'admin',
    open: async (scene) => `/admin/clients/${await anAppInUse(scene)}`,
    act: ({ page }) => pressAndConfirm(page, 'Revoke'),
  },
  {
    form: 'AddGroup',
    path: '/api/admin/groups/add',
    role: 'admin',
    open: () => '/admin/groups',
    act: async ({ page, ada }) => {
      await field(page, 'Name').fill(`New ${ada.email}`);
      await press(page, 'Add group');
    },
  },
  {
    form: 'AddGroupMember',
    path: '/api/admin/groups/add_member',
    role: 'admin',
    open: ({ server, ada }) => `/admin/groups/${server.addGroup(ada.email)}`,
    act: async ({ page, ada }) => {
      await fill(page, { email: ada.email });
      await press(page, 'Add member');
    },
  },
  {
    form: 'RemoveGroupMember',
    path: '/api/admin/groups/remove_member',
    role: 'admin',
    open: ({ server, ada }) => `/admin/groups/${server.addGroup(ada.email, ada)}`,
    act: ({ page }) => pressAndConfirm(page, 'Remove', page.getByRole('region', { name: 'Members' })),
  },
  { form: 'RemoveGroup', path: '/api/admin/groups/remove', role: 'admin', open: ({ server, ada }) => `/admin/groups/${server.addGroup(ada.email)}`, act: ({ page }) => pressAndConfirm(page, 'Remove the group') },
  {
    form: 'AddProvider',
    path: '/api/admin/providers/add',
    role: 'admin',
    open: async ({ server, ada }) => {
      const { issuer } = await stubOf(server);
      stubs.set(ada, `${issuer}/${Date.now().toString(36)}`);
      return '/admin/providers';
    },
    act: async ({ page, ada }) => {
      await page.getByText('Add a provider', { exact: true }).click();
      await field(page, 'Slug').fill(`new-${Date.now().toString(36)}`);
      await field(page, 'Issuer').fill(stubs.get(ada)!);
      await field(page, 'Name').fill('New');
      await field(page, 'Client ID').fill('latchkey');
      await field(page, 'Where it may be').selectOption('true');
      await press(page, 'Add provider');
    },
  },
  { form: 'UpdateProvider', path: '/api/admin/providers/update', role: 'admin', open: aProviderToManage, act: ({ page }) => press(page, 'Save settings') },
  { form: 'DisableProvider', path: '/api/admin/providers/disable', role: 'admin', open: aProviderToManage, act: ({ page }) => pressAndConfirm(page, 'Disable the provider') },
  {
    form: 'EnableProvider',
    path: '/api/admin/providers/enable',
    role: 'admin',
    open: async (scene) => {
      const path = await aProviderToManage(scene);
      await scene.admin.call('/api/admin/providers/disable', { slug: path.split('/').at(-1)! });
      return path;
    },
    act: ({ page }) => press(page, 'Enable the provider'),
  },
  { form: 'RemoveProvider', path: '/api/admin/providers/remove', role: 'admin', open: aProviderToManage, act: ({ page }) => pressAndConfirm(page, 'Remove the provider') },
  { form: 'RotateKeys', path: '/api/admin/keys/rotate', role: 'admin', open: () => '/admin/keys', act: ({ page }) => pressAndConfirm(page, 'Rotate the keys') },
];

/** Works only while there are no accounts. It starts a session in the way that AcceptInvitation does. */
const NEEDS_AN_EMPTY_SERVER = 'FirstAdministrator';
/** Their servers send mail: `mail.spec.ts`. */
const NEED_MAIL = ['ChangeEmail', 'Confirm', 'Finish', 'RequestAccount', 'RequestReset', 'RequestSignInLink', 'Restore', 'UseLink'];

/** While the answer to the action is held. */
type Situation = (scene: { page: Page; other: Page; grace: Account; answer: Held }) => Promise<void>;

/** Loads a page and waits until it has its access token. */
async function visitWithToken(page: Page, path: string): Promise<void> {
  const refreshed = page.waitForResponse('**/api/auth/refresh');
  await visit(page, path);
  await refreshed;
}

async function signOutIn(other: Page): Promise<void> {
  await press(other, 'Sign out');
  await expect(other).toHaveURL(isAt('/login'));
}

const SITUATIONS: { name: string; signedOut: boolean; happens: Situation }[] = [
  {
    name: 'another page is opened',
    signedOut: true,
    happens: async ({ page, answer }) => {
      await followTo(page, '/');
      await expect(page.getByRole('heading', { level: 1 })).toHaveText('One key for all your services');
      answer.release();
    },
  },
  {
    name: 'another tab signs out',
    signedOut: false,
    happens: async ({ other, answer }) => {
      await signOutIn(other);
      answer.release();
    },
  },
  {
    name: 'another person signs in',
    signedOut: true,
    happens: async ({ other, grace, answer }) => {
      if (new URL(other.url()).pathname !== '/login') await signOutIn(other);
      await visit(other, '/login');
      await fillSignIn(other, grace);
      await press(other, 'Sign in');
      answer.release();
    },
  },
  {
    name: 'the answer is lost',
    signedOut: true,
    happens: async ({ answer }) => answer.lose(),
  },
];

/**
 * What may have happened to somebody who has only signed in and out. A tab that was left at the sign-in page goes on to
 * its page with them, which may be one that they are refused.
 */
const HARMLESS = ['account_created', 'signed_in', 'signed_out', 'session_ended', 'access_denied'];

for (const action of ACTIONS) {
  const what = action.variant ? `${action.form} ${action.variant}` : action.form;
  for (const { name, happens } of SITUATIONS.filter(({ signedOut }) => signedOut || !action.signedOut)) {
    test(`${what}, and ${name}: pages, cookie and server agree, and nothing is done for anybody else`, async ({ page, context, server, network, expectConsole }) => {
      expectConsole(/Failed to load resource/, { optional: true });
      const [ada, grace, root] = [newAccount('Ada Lovelace'), newAccount('Grace Hopper'), newAccount('Root')];
      server.addUser(ada, action.role);
      const graceId = server.addUser(grace);
      server.addUser(root, 'admin');
      const admin = await ApiClient.signIn(server, root);
      const scene: Scene = { page, server, ada, admin, target: server.addUser(newAccount('Alan Turing')) };

      const path = await action.open(scene);
      if (!action.signedOut) await signInWithApi(page, ada);
      if (action.passwordAge) server.setPasswordAge(ada, action.passwordAge);
      const other = await context.newPage();
      // This server rotates at every refresh. Of two rotations at once a page load that is on its way would look like a thief.
      const open = action.signedOut ? visit : visitWithToken;
      await open(other, action.signedOut ? '/login' : '/dashboard');
      await open(page, path);
      const answer = network.holdAnswers(action.path);
      await action.act(scene);
      await answer.arrived;
      await happens({ page, other, grace, answer });

      await expectAgreement(context, network.url);
      const { items } = await admin.call<{ items: { event: string }[] }>('/api/admin/audit/list', { user_id: graceId });
      expect(items.map(({ event }) => event).filter((event) => !HARMLESS.includes(event))).toEqual([]);
    });
  }
}

test('every form of the app is in the table', () => {
  const folder = resolve(import.meta.dirname, '../../src/app');
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.rs'));
  const forms = sources.flatMap((name) => [...readFileSync(resolve(folder, name), 'utf8').matchAll(/FormState::of::<(\w+)>/g)].map(([, form]) => form));
  expect(forms.toSorted()).toEqual([...ACTIONS.map(({ form }) => form), NEEDS_AN_EMPTY_SERVER, ...NEED_MAIL].toSorted());
});
