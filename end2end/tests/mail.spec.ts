import { addPasskey } from '../support/authenticator.ts';
import { expectNoViolations } from '../support/axe.ts';
import { expect, expectDashboard, fill, fillSignIn, heading, newAccount, openAs, openWithToken, press, signIn, signOut, visit, type Account, type Page } from '../support/fixtures.ts';
import { MailBox, test } from '../support/mails.ts';
import { App, addClient, answerAt, requestOf } from '../support/oauth.ts';
import { Server } from '../support/server.ts';
import { code, codeOf, enrol } from '../support/totp.ts';

/** Goes on from the sign-in page. */
async function askForReset(page: Page, { email }: Account): Promise<void> {
  await page.getByRole('link', { name: 'Forgot your password?' }).click();
  await expect(heading(page)).toHaveText('Forgot your password?');
  await page.getByLabel('Email', { exact: true }).fill(email);
  await press(page, 'Send the link');
  await expect(page.getByText('a mail with a link is on its way')).toBeVisible();
}

/** Sets a new password on the page of a mailed link, and returns it. */
async function setPassword(page: Page, button: string): Promise<string> {
  const password = 'an entirely new password';
  await page.getByLabel('New password', { exact: true }).fill(password);
  await press(page, button);
  await expect(page.getByText('Your password was changed.')).toBeVisible();
  return password;
}

/** Somebody new, who has asked for another address. */
async function askForAddress(page: Page, server: Server): Promise<{ ada: Account; address: string }> {
  const ada = newAccount();
  server.addUser(ada);
  server.command(['user', 'verify-email', ada.email]);
  await openAs(page, ada, '/account');
  const address = newAccount().email;
  await page.getByLabel('New email', { exact: true }).fill(address);
  await press(page, 'Change email');
  await expect(page.getByText('A mail is on its way to that address.')).toBeVisible();
  return { ada, address };
}

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? 'with JavaScript' : 'without JavaScript', () => {
    test.use({ javaScriptEnabled });

    test('somebody who has forgotten the password sets a new one by mail', async ({ page, server, mails }) => {
      const ada = newAccount();
      server.addUser(ada);
      await visit(page, '/login');
      await askForReset(page, ada);

      await visit(page, await mails.link(ada.email, '/reset?token='));
      await expect(page).toHaveURL('/reset');
      await expect(page.getByText(ada.email)).toBeVisible();
      const password = await setPassword(page, 'Set new password');
      await signIn(page, { ...ada, password });
      await expectDashboard(page, ada);
    });

    test('somebody whom an app sent sets a new password by mail and gets back to the app', async ({ page, server, mails }) => {
      const app = await App.start();
      const { client_id } = addClient(server, 'native', '--redirect-uri', 'http://127.0.0.1/callback');
      const ada = newAccount();
      server.addUser(ada);
      await visit(page, requestOf(client_id, app.callback));
      await askForReset(page, ada);
      await visit(page, await mails.link(ada.email, '/reset?token='));
      const password = await setPassword(page, 'Set new password');
      await fillSignIn(page, { ...ada, password });
      await press(page, 'Sign in');
      await press(page, 'Allow');
      await answerAt(page, app.callback);
      app.stop();
    });

    test('somebody signs in by mail, and gets where they wanted to go', async ({ page, newContext, server, mails }) => {
      const ada = newAccount();
      server.addUser(ada);
      await visit(page, '/account/sessions');
      await page.getByRole('link', { name: 'Email me a link' }).click();
      await expect(heading(page)).toHaveText('Sign in by mail');
      await page.getByLabel('Email', { exact: true }).fill(ada.email);
      await press(page, 'Email me a link');
      await expect(page.getByText('a mail is on its way')).toBeVisible();

      const link = await mails.link(ada.email, '/login/link?token=');
      const stranger = await (await newContext()).newPage();
      await visit(stranger, link);
      await expect(stranger.getByText('you asked for it in another browser')).toBeVisible();
      await visit(page, link);
      await expect(page).toHaveURL('/login/link');
      await expect(page.getByText(ada.email)).toBeVisible();
      await press(page, 'Sign in');
      await expect(heading(page)).toHaveText('Your sessions');
    });

    test('somebody signs up by mail', async ({ page, mails }) => {
      const ada = newAccount();
      await visit(page, '/register');
      await page.getByLabel('Email', { exact: true }).fill(ada.email);
      await press(page, 'Send the link');
      await expect(page.getByText('A mail is on its way. Open the link in it to go on.')).toBeVisible();

      await visit(page, await mails.link(ada.email, '/register/finish?token='));
      await expect(page).toHaveURL('/register/finish');
      await fill(page, { name: ada.name, password: ada.password });
      await press(page, 'Create account');
      await expectDashboard(page, ada);
    });

    test('somebody whom an app sent signs up by mail and gets back to the app', async ({ page, server, mails }) => {
      const app = await App.start();
      const { client_id } = addClient(server, 'native', '--redirect-uri', 'http://127.0.0.1/callback');
      const ada = newAccount();
      await visit(page, requestOf(client_id, app.callback));
      await page.getByRole('main').getByRole('link', { name: 'Create an account' }).click();
      await expect(heading(page)).toHaveText('Create an account');
      await page.getByLabel('Email', { exact: true }).fill(ada.email);
      await press(page, 'Send the link');
      await expect(page.getByText('A mail is on its way.')).toBeVisible();
      await visit(page, await mails.link(ada.email, '/register/finish?token='));
      await fill(page, { name: ada.name, password: ada.password });
      await press(page, 'Create account');
      await press(page, 'Allow');
      await answerAt(page, app.callback);
      app.stop();
    });
  });
}

for (const factor of ['an authenticator app', 'a passkey'] as const) {
  test(`whoever has ${factor} sets a new password by mail, and is asked for it all the same`, async ({ page, server, mails }) => {
    const ada = newAccount();
    server.addUser(ada);
    await openWithToken(page, ada, '/account/security');
    let secret = '';
    if (factor === 'a passkey') {
      const phone = await addPasskey(page);
      await press(page, 'Ask for a passkey after my password');
      await expect(page.getByRole('heading', { name: 'Keep these recovery codes' })).toBeVisible();
      await phone.ignoresSuggestions();
    } else {
      ({ secret } = await enrol(page));
    }
    await signOut(page);
    await page.request.post('/api/auth/request_reset', { form: { email: ada.email } });
    await visit(page, await mails.link(ada.email, '/reset?token='));
    const password = await setPassword(page, 'Set new password');
    await fillSignIn(page, { ...ada, password });
    await press(page, 'Sign in');
    await expect(heading(page)).toHaveText('Confirm that it is you');
    if (secret) await code(page).fill(codeOf(secret, 1));
    await press(page, secret ? 'Continue' : 'Use a passkey');
    await expectDashboard(page, ada);
  });
}

test('somebody changes their address, and whoever has the old one puts it back', async ({ page, newContext, server, mails }) => {
  const { ada, address } = await askForAddress(page, server);

  await visit(page, await mails.link(address, '/confirm-email?token='));
  await expect(page.getByText(`The account ${ada.email} is to have the address ${address}.`)).toBeVisible();
  await expectNoViolations(page);
  await press(page, 'Confirm the address');
  await expect(page.getByText('The address is confirmed.')).toBeVisible();
  await visit(page, '/account');
  await expect(page.getByText(address, { exact: true })).toBeVisible();

  const owner = await (await newContext()).newPage();
  await visit(owner, await mails.link(ada.email, '/restore-email?token='));
  await expectNoViolations(owner);
  const password = await setPassword(owner, 'Put the address back');
  await signIn(owner, { ...ada, password });
  await expectDashboard(owner, ada);
});

test('a new address is confirmed, and the old one put back, without JavaScript', async ({ page, newContext, server, mails }) => {
  const { ada, address } = await askForAddress(page, server);
  const plain = await (await newContext({ javaScriptEnabled: false })).newPage();
  await visit(plain, await mails.link(address, '/confirm-email?token='));
  await press(plain, 'Confirm the address');
  await expect(plain.getByText('The address is confirmed.')).toBeVisible();
  await visit(plain, await mails.link(ada.email, '/restore-email?token='));
  const password = await setPassword(plain, 'Put the address back');
  await fillSignIn(plain, { ...ada, password });
  await press(plain, 'Sign in');
  await expectDashboard(plain, ada);
});

test('a mail that was asked for is sent once after the program was killed', async ({ request }) => {
  const away = await MailBox.start();
  await away.stop();
  const server = await Server.start(away.settings);
  const ada = newAccount();
  server.addUser(ada);
  const asked = await request.post(`${server.url}/api/auth/request_reset`, { form: { email: ada.email } });
  expect(asked.status()).toBe(200);
  await server.stop('SIGKILL');
  // If the program was sending just then, its claim ends by itself after two minutes.
  server.alter('UPDATE mails SET claimed_until = 0, next_attempt_at = 0');

  const relay = await MailBox.start(away.port);
  await server.start();
  await relay.link(ada.email, '/reset?token=');
  await server.stop();
  await server.start();
  // What is asked for later is sent later: nothing else was waiting.
  const grace = newAccount();
  server.addUser(grace);
  await request.post(`${server.url}/api/auth/request_reset`, { form: { email: grace.email } });
  await relay.link(grace.email, '/reset?token=');
  expect(relay.mails.map(({ to }) => to)).toEqual([ada.email, grace.email]);
  await server.destroy();
  await relay.stop();
});

test('without a relay, mails are printed on the machine itself', async ({ freshServer }) => {
  freshServer.set('LATCHKEY_MAIL_URL', 'stdout:');
  freshServer.set('LATCHKEY_MAIL_FROM', 'latchkey@localhost');
  const printed = freshServer.command(['mail', 'test', '--to', 'ada@example.org']);
  expect(printed).toContain('To: ada@example.org');
  expect(printed).toContain('Latchkey can send mail.');
  expect(freshServer.command(['doctor'])).toContain('Mail: it can be sent.');
});
