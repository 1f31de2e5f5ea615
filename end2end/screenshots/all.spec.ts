import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { eachAppState } from '../support/app-states.ts';
import { Server, expect, fill, fillSignIn, holdRequests, newAccount, openAs, press, pressAndConfirm, test, visit, type Page } from '../support/fixtures.ts';
import { eachIdentityState } from '../support/identity-states.ts';
import { MailBox } from '../support/mails.ts';
import { about } from '../support/pages.ts';

const FOLDER = resolve(import.meta.dirname, '../pictures');
const WINDOWS = { phone: { width: 320, height: 640 }, wide: { width: 1280, height: 800 } };
const MAC = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15';
const IPHONE = 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1';

const HOUR = 3_600_000;

/** Makes it look as if the portal had been used for a week. */
function fillWeek(server: Server): void {
  const counts = { account_created: [2, 1, 4, 3, 2, 6], sign_in_failed: [5, 9, 4, 7, 22, 6], refresh_token_reused: [0, 0, 0, 0, 1, 0] };
  for (const [event, days] of Object.entries(counts)) {
    days.forEach((count, day) => {
      for (let number = 0; number < count; number += 1) {
        server.alter("INSERT INTO audit_events (at, event, ip, user_agent, request_id, detail) VALUES (?, ?, '198.51.100.7', ?, '', '{}')", Date.now() - (6 - day) * 24 * HOUR, event, MAC);
      }
    });
  }
  // The session on the phone is two days old, the other one three hours.
  for (const [agent, hours] of [[IPHONE, 50], [MAC, 3]] as const) {
    server.alter('UPDATE sessions SET created_at = created_at - ?, last_seen_at = last_seen_at - ? WHERE user_agent = ?', hours * HOUR, (hours * HOUR) / 3, agent);
  }
}

/** Takes pictures of whole pages, in the order of their numbers. */
function album(folder: string, from = 0): (page: Page, name: string) => Promise<void> {
  mkdirSync(folder, { recursive: true });
  let number = from;
  return async (page, name) => {
    number += 1;
    await page.screenshot({ path: resolve(folder, `${String(number).padStart(3, '0')}-${name}.png`), fullPage: true });
  };
}

test.use({ contextOptions: { reducedMotion: 'reduce' } });

for (const [size, viewport] of Object.entries(WINDOWS)) {
  for (const colorScheme of ['light', 'dark'] as const) {
    test(`every page and state on a ${size} screen in ${colorScheme} colours`, async ({ newContext, freshServer: server, console: watcher }) => {
      watcher.expect(/status of (4\d\d|503)|Failed to fetch|ERR_/, { optional: true });
      const options = { baseURL: server.url, viewport, colorScheme, reducedMotion: 'reduce' as const };
      const open = async (more = {}) => (await newContext({ ...options, ...more })).newPage();
      const shoot = album(resolve(FOLDER, `${size}-${colorScheme}`));

      const visitor = await open();
      for (const [name, path] of Object.entries({ home: '/', login: '/login', register: '/register', setup: '/setup', invitation: '/invitation', reset: '/reset', forgot: '/forgot', 'sign-in-by-mail': '/login/email', 'sign-in-link': '/login/link', 'finish-registration': '/register/finish', 'confirm-email': '/confirm-email', 'restore-email': '/restore-email', 'not-found': '/nowhere', 'login-reason': '/login?reason=reused' })) {
        await visit(visitor, path);
        await shoot(visitor, name);
      }
      await fillSignIn(visitor, newAccount());
      await press(visitor, 'Sign in');
      await expect(visitor.getByRole('alert')).toBeFocused();
      await shoot(visitor, 'login-error');
      await visit(visitor, '/register');
      await fill(visitor, { ...newAccount(), name: ' ', password: 'short' });
      await press(visitor, 'Create account');
      await expect(visitor.getByRole('alert')).toBeFocused();
      await shoot(visitor, 'register-errors');
      const { release } = await holdRequests(visitor, '**/api/auth/login');
      await visit(visitor, '/login');
      await fillSignIn(visitor, newAccount());
      await press(visitor, 'Sign in');
      await shoot(visitor, 'login-pending');
      release();

      const [ada, grace, alan] = [newAccount(), newAccount('Grace Hopper'), newAccount('Alan Turing')];
      ada.email = 'ada@example.org';
      grace.email = 'grace.hopper@navy.example.org';
      alan.email = 'alan@example.org';
      server.addUser(ada, 'editor admin');
      const subjects = server.addSubjects(grace, 'editor');
      server.addUser(alan);
      for (const name of ['Katherine Johnson', 'Margaret Hamilton', 'Edsger Dijkstra']) server.addUser({ ...newAccount(name), email: `${name.split(' ')[0].toLowerCase()}@example.org` });

      const member = await open();
      await openAs(await open({ userAgent: MAC }), alan);
      await openAs(await open({ userAgent: IPHONE }), alan);
      await openAs(member, alan);
      fillWeek(server);
      await visit(member, '/dashboard');
      await shoot(member, 'dashboard-member');
      for (const path of ['/account', '/account/password', '/account/security', '/account/sessions', '/notices']) {
        await visit(member, path);
        await shoot(member, `member${path.replaceAll('/', '-')}`);
      }
      await visit(member, '/admin/users');
      await shoot(member, 'forbidden');
      await member.getByRole('button', { name: 'Menu of Alan Turing' }).click();
      await shoot(member, 'account-menu');
      await visit(member, '/account');
      await member.getByText('Delete your account', { exact: true }).click();
      await shoot(member, 'delete-account');
      await visit(member, '/account/sessions');
      await member.getByText('Name it', { exact: true }).first().click();
      await member.getByRole('button', { name: 'End this session' }).first().click();
      await expect(member.getByRole('alertdialog')).toBeVisible();
      await shoot(member, 'end-session-question');
      await member.keyboard.press('Escape');
      server.setPasswordAge(alan, 16);
      await visit(member, '/account/sessions');
      await pressAndConfirm(member, 'End all other sessions');
      await expect(member.getByRole('dialog')).toBeVisible();
      await shoot(member, 'confirm-password');

      const admin = await open();
      await openAs(admin, ada, '/notices/edit');
      for (const [title, text] of [['Maintenance on Sunday', 'Sign-in pauses for five minutes at 02:00 UTC.\n\nYou stay signed in.'], ['A new wiki', 'The wiki takes the same account.']]) {
        await admin.getByLabel('Title', { exact: true }).fill(title);
        await admin.getByLabel('Text', { exact: true }).fill(text);
        await press(admin, 'Publish');
        await expect(admin.getByRole('article').filter({ hasText: title })).toBeVisible();
      }
      await shoot(admin, 'notices-edit');
      for (const path of ['/dashboard', '/notices', '/admin/users', '/admin/users/:user', '/admin/groups', '/admin/groups/:group', '/admin/clients', '/admin/clients/:client', '/admin/providers', '/admin/providers/:provider', '/admin/audit', '/admin/keys']) {
        await visit(admin, about(subjects, path));
        await admin.waitForLoadState('networkidle');
        await shoot(admin, `admin${path.replaceAll(/\W+/g, '-')}`);
      }
      await visit(admin, '/admin/users?query=zzz');
      await shoot(admin, 'users-empty');
      await admin.getByText('Invite someone', { exact: true }).click();
      await fill(admin, { email: 'barbara@example.org', name: 'Barbara Liskov' });
      await press(admin, 'Create invitation');
      const link = admin.getByText(/\/invitation\?token=/);
      await expect(link).toBeVisible();
      await shoot(admin, 'invited');
      const invited = await open();
      await visit(invited, new URL(await link.innerText()).pathname + new URL(await link.innerText()).search);
      await shoot(invited, 'invitation-form');

      await admin.route('**/api/**', (route) => route.abort());
      await visit(admin, '/account');
      await press(admin, 'Save');
      await expect(admin.getByRole('main').getByRole('alert')).toBeVisible();
      await shoot(admin, 'offline');

      const guest = await open();
      await eachAppState(guest, server, (what) => shoot(guest, what));
    });

    test(`signing up, signing in and protecting the account on a ${size} screen in ${colorScheme} colours`, async ({ newContext, console: watcher }) => {
      watcher.expect(/status of (4\d\d|503)/, { optional: true });
      const shoot = album(resolve(FOLDER, `${size}-${colorScheme}`), 100);
      const mails = await MailBox.start();
      const server = await Server.start({ LATCHKEY_RATE_LIMIT: 'off', ...mails.settings });
      const page = await (await newContext({ baseURL: server.url, viewport, colorScheme, reducedMotion: 'reduce' })).newPage();
      await eachIdentityState({ page, server, mails, look: (what) => shoot(page, what) });
      await server.destroy();
      await mails.stop();
    });
  }
}
