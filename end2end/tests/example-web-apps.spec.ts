import { Example, test } from '../support/examples.ts';
import { expect, fillSignIn, newAccount, press, waitForHydration } from '../support/fixtures.ts';
import { App, addClient, tokensGiven } from '../support/oauth.ts';
import { freePort } from '../support/server.ts';

/** What the apps of docs/apps have in common: each greets whoever is signed in. */
interface WebApp {
  name: string;
  start: (environment: Record<string, string>) => Example;
  callback: string;
  backchannel: string;
  /** Whether its front page is for everybody, with a link "Sign in". */
  isOpen: boolean;
}

const APPS: WebApp[] = [
  { name: 'Express with openid-client', start: (environment) => Example.node('express.mjs', environment), callback: '/callback', backchannel: '/backchannel-logout', isOpen: true },
  { name: 'express-openid-connect', start: (environment) => Example.node('express-openid-connect.mjs', environment), callback: '/callback', backchannel: '/backchannel-logout', isOpen: true },
  { name: 'Flask with Authlib', start: (environment) => Example.flask(environment), callback: '/callback', backchannel: '/backchannel-logout', isOpen: true },
  { name: 'Apache with mod_auth_openidc', start: (environment) => Example.apache(environment), callback: '/signed-in', backchannel: '/signed-in?logout=backchannel', isOpen: false },
];

/** How long access tokens live. Every app gets a new one when so little is left. */
const LIFETIME = '20s';

/** What Apache stands in front of. */
function behind(): Promise<App> {
  return App.start(({ headers }, response) => {
    const signOut = `/signed-in?${new URLSearchParams({ logout: `http://${headers['x-forwarded-host']}/` })}`;
    response.setHeader('content-type', 'text/html').end(`<p>Hello, ${headers['x-forwarded-user']}</p><a href="${signOut}">Sign out</a>`);
  });
}

for (const webApp of APPS) {
  test(`${webApp.name} signs somebody in, refreshes, signs out, and is told that the session has ended`, async ({ page, server, running, expectConsole }) => {
    expectConsole(/favicon/, { optional: true });
    const ada = newAccount();
    server.addUser(ada);
    const [port, app] = [await freePort(), running(await behind())];
    const url = `http://127.0.0.1:${port}`;
    const options = ['--redirect-uri', url + webApp.callback, '--post-logout-uri', `${url}/`, '--backchannel-logout-uri', url + webApp.backchannel];
    const { client_id, client_secret } = addClient(server, 'web', '--access-ttl', LIFETIME, ...options);
    const environment = {
      LATCHKEY_URL: server.url,
      CLIENT_ID: client_id,
      CLIENT_SECRET: client_secret!,
      SESSION_SECRET: 'a secret of the example',
      APP_URL: url,
      PORT: `${port}`,
      BEHIND: app.url,
    };
    const example = running(webApp.start(environment));
    /** What the app says at its front page. A browser that is not signed in is led on, or shown a link. */
    const shown = async (): Promise<string> => (await page.request.get(`${url}/`, { maxRedirects: 0 })).text();
    const greeting = page.getByText(`Hello, ${ada.email}`);
    const signIn = async (): Promise<void> => {
      await page.goto(`${url}/`);
      if (webApp.isOpen) await page.getByRole('link', { name: 'Sign in' }).click();
      await waitForHydration(page);
      await fillSignIn(page, ada);
      await press(page, 'Sign in');
    };
    await example.listening(url);
    await signIn();
    await press(page, 'Allow');
    await expect(greeting).toBeVisible();

    const given = tokensGiven(server);
    // Nobody can say by a header who they are.
    const profile = await (await page.request.get(`${url}/profile`, { headers: { 'x-forwarded-user': 'mallory@example.org' } })).text();
    expect(profile).toContain(ada.email);
    expect(profile).not.toContain('mallory');
    // The server's line about it may still be on its way.
    await expect.poll(() => tokensGiven(server), { intervals: [20] }).toBe(given + 1);

    const forged = await fetch(url + webApp.backchannel, { method: 'POST', body: new URLSearchParams({ logout_token: 'forged' }) });
    expect(forged.status).toBe(400);
    await page.goto(`${url}/`);
    await page.getByText('Sign out').click();
    if (webApp.isOpen) await expect(page.getByRole('link', { name: 'Sign in' })).toBeVisible();
    else await expect(page.getByLabel('Email', { exact: true })).toBeVisible();
    await page.goto(`${server.url}/dashboard`);
    await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();

    await signIn();
    await expect(greeting).toBeVisible();
    server.command(['user', 'revoke-sessions', ada.email]);
    await expect.poll(shown, { intervals: [50] }).not.toContain(ada.email);
  });
}
