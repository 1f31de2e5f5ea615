import type { Page } from '@playwright/test';
import { addPasskey } from './authenticator.ts';
import { App, addClient, requestOf } from './oauth.ts';
import { openWithToken, press, signInWithApi, visit, waitForHydration } from './people.ts';
import { newAccount, type Server } from './server.ts';

/** Every wish that has words of its own, and two that have none. */
const WISHES = 'openid profile email groups roles offline_access notes:read notes:write';
const DEVELOPER = 'The Analytical Engine Company of London';

/** Sends a form as the browser itself does, and waits for the page that answers. */
export async function send(page: Page, button: string): Promise<void> {
  const loaded = page.waitForEvent('domcontentloaded');
  await press(page, button);
  await loaded;
  await waitForHydration(page);
}

/** Has a device ask to be connected. Returns the code that it shows. */
export async function beginDevice(server: Server, client_id: string): Promise<string> {
  const body = new URLSearchParams({ client_id, scope: 'openid profile' });
  const answer = await fetch(`${server.url}/oauth/device_authorization`, { method: 'POST', body });
  return ((await answer.json()) as { user_code: string }).user_code;
}

/** Opens the page for devices and enters a code. */
export async function enterCode(page: Page, code: string): Promise<void> {
  await visit(page, '/device');
  await page.getByLabel('Code', { exact: true }).fill(code);
  await send(page, 'Continue');
}

/** Shows the pages where apps and devices lead in each of their states, one after the other, and looks at each. */
export async function eachAppState(page: Page, server: Server, look: (what: string) => Promise<void>): Promise<void> {
  const app = await App.start();
  const ada = newAccount();
  server.addUser(ada);
  const redirect = ['--redirect-uri', 'http://127.0.0.1/callback'];
  const small = addClient(server, 'native', ...redirect);
  const large = addClient(server, 'native', ...redirect, '--developer', DEVELOPER, '--scope', WISHES);
  const device = addClient(server, 'device');

  await signInWithApi(page, ada);
  await visit(page, '/account/apps');
  await look('apps-empty');
  await visit(page, requestOf(small.client_id, app.callback, 'openid'));
  await look('consent');
  await visit(page, requestOf(large.client_id, app.callback, WISHES));
  await look('consent-many');
  await visit(page, `${requestOf(small.client_id, app.callback)}&prompt=login`);
  await look('consent-password');
  await page.getByLabel('Password', { exact: true }).fill('not this one');
  await send(page, 'Continue');
  await look('consent-password-wrong');
  await openWithToken(page, ada, '/account/security');
  await addPasskey(page);
  await visit(page, requestOf(small.client_id, app.callback, 'openid', { acr_values: 'phr' }));
  await look('consent-passkey');
  await page.goto(requestOf('nobody', app.callback));
  await look('authorize-refused');
  await page.goto('/consent?request=gone');
  await look('consent-gone');
  await page.goto('/oauth/logout');
  await look('sign-out-question');

  await enterCode(page, 'BCDF-GHJK');
  await look('device-wrong');
  await enterCode(page, await beginDevice(server, device.client_id));
  await look('device-allow');
  await send(page, 'Cancel');
  await look('device-cancelled');
  await enterCode(page, await beginDevice(server, device.client_id));
  await send(page, 'Allow');
  await look('device-allowed');
  await visit(page, '/account/apps');
  await look('apps');
  // So many attempts are free.
  for (let attempt = 0; attempt < 10; attempt += 1) await page.request.post('/device', { form: { user_code: 'BCDF-GHJK' } });
  await enterCode(page, 'BCDF-GHJK');
  await look('device-throttled');
  app.stop();
}
