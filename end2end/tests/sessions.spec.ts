import { arriveAs, expect, sessions, signIn, somebody, test, thisSession, visit } from '../support/fixtures.ts';

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
const MINUTE = /^\d{4}-\d{2}-\d{2} \d{2}:\d{2} UTC$/;

test('each session is listed with its device, its address and its times, and this one is marked', async ({ page, newContext, server }) => {
  const ada = somebody();
  server.addUser(ada);
  const other = await (await newContext({ userAgent: FIREFOX })).newPage();
  await signIn(other, ada);
  await arriveAs(page, ada, '/account/sessions');
  await expect(sessions(page)).toHaveCount(2);

  const elsewhere = sessions(page).filter({ hasText: 'Firefox on Linux' });
  await expect(elsewhere.getByRole('heading')).toHaveText('Firefox on Linux');
  await expect(elsewhere.getByRole('definition')).toHaveText(['Firefox on Linux', '127.0.0.1', MINUTE, MINUTE]);
  await expect(elsewhere.getByRole('button', { name: 'End this session' })).toBeVisible();

  const here = thisSession(page);
  await expect(here.getByRole('heading')).toHaveText(/^Chrome on \w+.* This session$/);
  await expect(here.getByRole('button', { name: 'End this session' })).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'End all other sessions' })).toBeVisible();

  await visit(other, '/account/sessions');
  await expect(thisSession(other).getByRole('heading')).toHaveText('Firefox on Linux This session');
});

test('somebody who is signed in once has no other session to end', async ({ page, server }) => {
  const ada = somebody();
  server.addUser(ada);
  await arriveAs(page, ada, '/account/sessions');
  await expect(sessions(page)).toHaveCount(1);
  await expect(sessions(page)).toContainText('This session');
  await expect(page.getByRole('button', { name: /^End/ })).toHaveCount(0);
});

test('nobody sees the sessions of others', async ({ page, newContext, server }) => {
  const [ada, grace] = [somebody('Ada Lovelace'), somebody('Grace Hopper')];
  server.addUser(ada);
  server.addUser(grace);
  const other = await (await newContext({ userAgent: FIREFOX })).newPage();
  await signIn(other, grace);
  await arriveAs(page, ada, '/account/sessions');
  await expect(sessions(page)).toHaveCount(1);
  await expect(page.getByText('Firefox')).toHaveCount(0);
});
