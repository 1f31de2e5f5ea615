import { ApiClient } from '../support/api.ts';
import { confirm, expect, holdRequests, newAccount, openAs, otherSessions, press, pressAndConfirm, reload, sessions, test, type Account, type Page, type Server } from '../support/fixtures.ts';

const END = 'End this session';

const notices = (page: Page) => page.getByRole('article');
const titles = (page: Page) => notices(page).getByRole('heading');
const notice = (page: Page, title: string) => notices(page).filter({ has: page.getByRole('heading', { name: title, exact: true }) });
const question = (page: Page) => page.getByRole('alertdialog');
const said = (page: Page, text: string) => page.getByRole('main').getByRole('status').filter({ hasText: text });

/** An editor with these notices, the first of them on top, who is about to edit them. */
async function openNotices(page: Page, server: Server, count: number): Promise<{ shown: string[]; editor: ApiClient }> {
  const grace = newAccount('Grace Hopper');
  server.addUser(grace, 'editor');
  const editor = await ApiClient.signIn(server, grace);
  const shown = Array.from({ length: count }, (_, n) => `${n} ${grace.email}`);
  for (const title of shown.toReversed()) await editor.call('/api/notices/publish', { title, body: 'Text.' });
  await openAs(page, grace, '/notices/edit');
  await expect(titles(page).first()).toHaveText(shown[0]);
  return { shown, editor };
}

/** Somebody who has further sessions under these names, the last one first in the list, and looks at them. */
async function openSessions(page: Page, server: Server, ...names: string[]): Promise<Account> {
  const ada = newAccount();
  server.addUser(ada);
  for (const name of names) {
    const client = await ApiClient.signIn(server, ada);
    const own = (await client.call<{ id: string; current: boolean }[]>('/api/sessions/list')).find(({ current }) => current)!;
    await client.call('/api/sessions/rename', { session_id: own.id, name });
  }
  await openAs(page, ada, '/account/sessions');
  await expect(otherSessions(page)).toHaveCount(names.length);
  return ada;
}

const session = (page: Page, name: string) => sessions(page).filter({ has: page.getByRole('heading', { name, exact: true }) });

/** Holds a key down: the keyboard repeats it. */
async function hold(page: Page, key: string, times = 10): Promise<void> {
  for (let n = 0; n < times; n += 1) await page.keyboard.down(key);
  await page.keyboard.up(key);
}

test('a key that is held down on a button asks once and removes nothing', async ({ page, server }) => {
  let sent = 0;
  page.on('request', (request) => (sent += Number(/\/(retract|revoke)$/.test(request.url()))));
  const { shown } = await openNotices(page, server, 3);
  for (const key of ['Enter', ' ']) {
    await notice(page, shown[0]).getByRole('button', { name: 'Retract' }).focus();
    await hold(page, key);
    await expect(question(page)).toBeVisible();
    // The focus is on the answer that changes nothing.
    await expect(question(page).getByRole('button', { name: 'Cancel' })).toBeFocused();
    await page.keyboard.press('Escape');
    await expect(question(page)).toHaveCount(0);
    await expect(notice(page, shown[0]).getByRole('button', { name: 'Retract' })).toBeFocused();
  }
  expect(sent).toBe(0);
  await reload(page);
  for (const title of shown) await expect(notice(page, title)).toBeVisible();
});

test('a key that is held down on the answer removes one notice, and the focus moves to the next', async ({ page, server }) => {
  const { shown } = await openNotices(page, server, 4);
  await notice(page, shown[1]).getByRole('button', { name: 'Retract' }).click();
  await question(page).getByRole('button', { name: 'Retract' }).focus();
  await page.keyboard.down('Enter');
  await expect(notice(page, shown[1])).toHaveCount(0);
  await hold(page, 'Enter');
  await expect(notice(page, shown[2]).getByRole('button', { name: 'Retract' })).toBeFocused();
  await expect(question(page)).toHaveCount(0);
  await expect(said(page, 'was retracted.')).toContainText(shown[1]);
  await reload(page);
  await expect(notice(page, shown[1])).toHaveCount(0);
  for (const at of [0, 2, 3]) await expect(notice(page, shown[at])).toBeVisible();
});

test('a double click asks once, and one on the answer removes one notice', async ({ page, server }) => {
  const { shown } = await openNotices(page, server, 4);
  await notice(page, shown[0]).getByRole('button', { name: 'Retract' }).dblclick();
  await expect(question(page)).toBeVisible();
  await question(page).getByRole('button', { name: 'Retract' }).dblclick();
  await expect(notice(page, shown[0])).toHaveCount(0);
  await expect(question(page)).toHaveCount(0);
  await reload(page);
  await expect(notice(page, shown[0])).toHaveCount(0);
  for (const title of shown.slice(1)) await expect(notice(page, title)).toBeVisible();
});

test('the second click of a double click answers nothing, wherever it lands', async ({ page, server }) => {
  let sent = 0;
  page.on('request', (request) => (sent += Number(request.url().endsWith('/retract'))));
  const { shown } = await openNotices(page, server, 2);
  await notice(page, shown[0]).getByRole('button', { name: 'Retract' }).click();
  const answer = (await question(page).getByRole('button', { name: 'Retract' }).boundingBox())!;
  await page.mouse.move(answer.x + answer.width / 2, answer.y + answer.height / 2);
  await page.mouse.down({ clickCount: 2 });
  await page.mouse.up({ clickCount: 2 });
  await confirm(page, 'Retract');
  await expect(notice(page, shown[0])).toHaveCount(0);
  expect(sent).toBe(1);
});

test('a double click ends one session, and the focus moves to the next', async ({ page, server }) => {
  await openSessions(page, server, 'one', 'two', 'three');
  const names = await otherSessions(page).getByRole('heading').allInnerTexts();
  await otherSessions(page).nth(0).getByRole('button', { name: END }).dblclick();
  await expect(question(page)).toContainText(`“${names[0]}” will be signed out.`);
  await question(page).getByRole('button', { name: END }).dblclick();
  await expect(otherSessions(page).getByRole('heading')).toHaveText(names.slice(1));
  await expect(session(page, names[1]).getByRole('button', { name: END })).toBeFocused();
  await expect(said(page, `“${names[0]}” was signed out.`)).toBeVisible();
  await reload(page);
  await expect(otherSessions(page).getByRole('heading')).toHaveText(names.slice(1));
});

test('the second press of a double click leaves the focus where it went when the item was gone', async ({ page, server }) => {
  await openSessions(page, server, 'one', 'two', 'three');
  const names = await otherSessions(page).getByRole('heading').allInnerTexts();
  await session(page, names[0]).getByRole('button', { name: END }).click();
  await question(page).getByRole('button', { name: END }).click();
  await expect(session(page, names[0])).toHaveCount(0);
  await page.mouse.down({ clickCount: 2 });
  await page.mouse.up({ clickCount: 2 });
  await expect(session(page, names[1]).getByRole('button', { name: END })).toBeFocused();
});

test('when the last item goes, the focus moves to the one before', async ({ page, server }) => {
  await openSessions(page, server, 'one');
  await pressAndConfirm(page, END, otherSessions(page));
  await expect(sessions(page)).toHaveCount(1);
  await expect(sessions(page).getByText('Name it', { exact: true })).toBeFocused();
});

test('when all other items go, the focus moves to the heading', async ({ page, server }) => {
  await openSessions(page, server, 'one', 'two');
  await pressAndConfirm(page, 'End all other sessions');
  await expect(sessions(page)).toHaveCount(1);
  await expect(page.getByRole('heading', { level: 1 })).toBeFocused();
  await expect(said(page, 'All other sessions have ended.')).toBeVisible();
});

test('a name that is being typed stays with its session when another one ends', async ({ page, server }) => {
  await openSessions(page, server, 'one', 'two', 'three');
  const names = await otherSessions(page).getByRole('heading').allInnerTexts();
  const typing = session(page, names[1]);
  await typing.getByText('Name it', { exact: true }).click();
  await typing.getByLabel('Name', { exact: true }).fill('The laptop');
  await pressAndConfirm(page, END, session(page, names[0]));
  await expect(otherSessions(page)).toHaveCount(2);
  await expect(typing.getByLabel('Name', { exact: true })).toHaveValue('The laptop');
  await expect(session(page, names[2]).getByLabel('Name', { exact: true })).toBeHidden();
  await expect(session(page, names[2]).getByLabel('Name', { exact: true })).toHaveValue(names[2]);
  await typing.getByRole('button', { name: 'Save name' }).click();
  await expect(session(page, 'The laptop')).toBeVisible();
  await expect(session(page, 'The laptop').getByRole('status')).toHaveText('Name saved.');
  await reload(page);
  await expect(otherSessions(page).getByRole('heading')).toHaveText(['The laptop', names[2]]);
});

test('of two actions under way at once both do what they are for', async ({ page, server }) => {
  const { shown } = await openNotices(page, server, 3);
  const { release } = await holdRequests(page, '**/api/notices/retract');
  for (const title of shown.slice(0, 2)) {
    await pressAndConfirm(page, 'Retract', notice(page, title));
    await expect(question(page)).toHaveCount(0);
  }
  for (const title of shown) await expect(notice(page, title)).toBeVisible();
  release();
  for (const title of shown.slice(0, 2)) await expect(notice(page, title)).toHaveCount(0);
  await expect(notice(page, shown[2])).toBeVisible();
  await expect(page.getByRole('main').getByRole('alert').filter({ hasText: /./ })).toHaveCount(0);
});

test('a list that was asked for before a notice was retracted does not bring it back', async ({ page, server }) => {
  const { shown } = await openNotices(page, server, 2);
  let answered = false;
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  // Answered by the server at once, and on its way for long.
  await page.route('**/api/notices/list', async (route) => {
    const response = await route.fetch();
    answered = true;
    await released;
    await route.fulfill({ response });
  });
  const title = `new ${shown[0]}`;
  await page.getByLabel('Title', { exact: true }).fill(title);
  await page.getByLabel('Text', { exact: true }).fill('Text.');
  await press(page, 'Publish');
  await expect.poll(() => answered).toBe(true);
  await pressAndConfirm(page, 'Retract', notice(page, shown[0]));
  await expect(notice(page, shown[0])).toHaveCount(0);
  release();
  await expect(notice(page, title)).toBeVisible();
  await expect(notice(page, shown[0])).toHaveCount(0);
  await expect(notice(page, shown[1])).toBeVisible();
});

test('an item that is being asked about stays the same when others come', async ({ page, server }) => {
  const { shown } = await openNotices(page, server, 2);
  const { release } = await holdRequests(page, '**/api/notices/list');
  const title = `new ${shown[0]}`;
  await page.getByLabel('Title', { exact: true }).fill(title);
  await page.getByLabel('Text', { exact: true }).fill('Text.');
  await press(page, 'Publish');
  await notice(page, shown[1]).getByRole('button', { name: 'Retract' }).click();
  await expect(question(page)).toContainText(shown[1]);
  release();
  await expect(notice(page, title)).toBeVisible();
  await expect(question(page)).toContainText(shown[1]);
  await confirm(page, 'Retract');
  await expect(notice(page, shown[1])).toHaveCount(0);
  await expect(notice(page, shown[0])).toBeVisible();
});

test('a list that could not be fetched again stays, and says why', async ({ page, server, expectConsole }) => {
  expectConsole(/status of 503.*\/api\/notices\/list/);
  const { shown } = await openNotices(page, server, 2);
  await page.route('**/api/notices/list', (route) => route.fulfill({ status: 503, json: { code: 'unavailable', message: 'Nothing works.' } }));
  await page.getByLabel('Title', { exact: true }).fill(`new ${shown[0]}`);
  await page.getByLabel('Text', { exact: true }).fill('Text.');
  await press(page, 'Publish');
  await expect(page.getByRole('alert').filter({ hasText: 'Nothing works.' })).toBeVisible();
  await expect(notice(page, shown[0])).toBeVisible();
  await page.unroute('**/api/notices/list');
  await press(page, 'Try again');
  await expect(notice(page, `new ${shown[0]}`)).toBeVisible();
  await expect(page.getByRole('alert').filter({ hasText: 'Nothing works.' })).toHaveCount(0);
});
