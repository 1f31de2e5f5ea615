import { arriveAs, expect, follow, greeting, otherSessions, press, reload, sessions, signIn, somebody, test, thisSession, toldWhy, visit, type Page } from '../support/fixtures.ts';

const ENDED = 'You signed out on another device.';

async function rename(page: Page, name: string): Promise<void> {
  const other = otherSessions(page);
  await other.getByText('Name it', { exact: true }).click();
  await other.getByLabel('Name', { exact: true }).fill(name);
  await other.getByRole('button', { name: 'Save name' }).click();
}

test('a session that is ended from another browser says so at its next call, and can begin anew', async ({ page, newContext, server, expectConsole }) => {
  expectConsole(/status of 401.*\/api\/(account\/(me|activity)|auth\/refresh)/);
  const ada = somebody();
  server.addUser(ada);
  const other = await (await newContext()).newPage();
  await signIn(other, ada);
  await arriveAs(page, ada, '/account/sessions');
  await otherSessions(page).getByRole('button', { name: 'End this session' }).click();
  await expect(sessions(page)).toHaveCount(1);
  await expect(sessions(page)).toContainText('This session');

  await follow(other, 'Account');
  await toldWhy(other, ENDED, '/account');
  await signIn(other, ada);
  await reload(page);
  await expect(sessions(page)).toHaveCount(2);
});

test('of three sessions the one that was chosen ends, and the others go on', async ({ page, newContext, server, expectConsole }) => {
  expectConsole(/status of 401.*\/api\/(account\/(me|activity)|auth\/refresh)/);
  const ada = somebody();
  server.addUser(ada);
  const [kept, ended] = [await (await newContext()).newPage(), await (await newContext({ userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0' })).newPage()];
  await signIn(kept, ada);
  await signIn(ended, ada);
  await arriveAs(page, ada, '/account/sessions');
  await expect(sessions(page)).toHaveCount(3);
  await sessions(page).filter({ hasText: 'Firefox' }).getByRole('button', { name: 'End this session' }).click();
  await expect(sessions(page)).toHaveCount(2);
  await follow(ended, 'Account');
  await toldWhy(ended, ENDED, '/account');
  await follow(kept, 'Account');
  await expect(kept.getByText(ada.email)).toBeVisible();
});

test('all other sessions end at once, this one goes on', async ({ page, newContext, server, expectConsole }) => {
  expectConsole(/status of 401.*\/api\/(account\/(me|activity)|auth\/refresh)/);
  const ada = somebody();
  server.addUser(ada);
  const others = [await (await newContext()).newPage(), await (await newContext()).newPage()];
  for (const other of others) await signIn(other, ada);
  await arriveAs(page, ada, '/account/sessions');
  await expect(sessions(page)).toHaveCount(3);
  await press(page, 'End all other sessions');
  await expect(sessions(page)).toHaveCount(1);
  await expect(page.getByRole('button', { name: 'End all other sessions' })).toHaveCount(0);
  for (const other of others) {
    await follow(other, 'Account');
    await toldWhy(other, ENDED, '/account');
  }
  await reload(page);
  await follow(page, 'Dashboard');
  await expect(greeting(page, ada.name)).toBeVisible();
});

test('a browser without JavaScript whose session was ended is told at its next page', async ({ page, newContext, server }) => {
  const ada = somebody();
  server.addUser(ada);
  const other = await (await newContext({ javaScriptEnabled: false })).newPage();
  await signIn(other, ada);
  await arriveAs(page, ada, '/account/sessions');
  await otherSessions(page).getByRole('button', { name: 'End this session' }).click();
  await expect(sessions(page)).toHaveCount(1);
  await follow(other, 'Account');
  await toldWhy(other, ENDED, '/account');
});

test('a session that got a name goes by it, until the name is taken away', async ({ page, newContext, server }) => {
  const ada = somebody();
  server.addUser(ada);
  const other = await (await newContext()).newPage();
  await signIn(other, ada);
  await arriveAs(page, ada, '/account/sessions');
  const device = await otherSessions(page).getByRole('heading').innerText();

  await rename(page, '  The <b>old</b> laptop ');
  await expect(otherSessions(page).getByRole('heading')).toHaveText('The <b>old</b> laptop');
  await expect(otherSessions(page).getByRole('definition').first()).toHaveText(device);
  await reload(page);
  await expect(otherSessions(page).getByRole('heading')).toHaveText('The <b>old</b> laptop');
  await visit(other, '/account/sessions');
  await expect(thisSession(other).getByRole('heading')).toHaveText('The <b>old</b> laptop This session');

  await rename(page, '');
  await expect(otherSessions(page).getByRole('heading')).toHaveText(device);
});

test('a name that is none is refused, and why is said', async ({ page, newContext, server, expectConsole }) => {
  expectConsole(/status of 422.*\/api\/sessions\/rename/);
  const ada = somebody();
  server.addUser(ada);
  await signIn(await (await newContext()).newPage(), ada);
  await arriveAs(page, ada, '/account/sessions');
  await rename(page, 'The laptop \u202e of somebody');
  await expect(otherSessions(page)).toContainText("A name can't contain control or invisible characters.");
});
