import { ApiClient } from '../support/api.ts';
import { expect, expectToFit, follow, holdRequests, isMarkedDocument, markDocument, newAccount, openAs, openAsNew, press, pressAndConfirm, reload, test, type Page, type Server } from '../support/fixtures.ts';
import { HOSTILE_TEXTS, escapeRegExp, hostileName } from '../support/hostile.ts';

const field = (page: Page, label: string) => page.getByLabel(label, { exact: true });
const notice = (page: Page, title: string) => page.getByRole('article').filter({ has: page.getByRole('heading', { name: title, exact: true }) });
const titles = (page: Page) => page.getByRole('article').getByRole('heading');
const published = (page: Page) => page.getByRole('status').filter({ hasText: 'Published.' });
const newTitle = () => newAccount().email;

async function openEditor(page: Page, server: Server): Promise<void> {
  const grace = newAccount('Grace Hopper');
  server.addUser(grace, 'editor');
  await openAs(page, grace, '/notices/edit');
}

async function write(page: Page, title: string, text: string): Promise<void> {
  await field(page, 'Title').fill(title);
  await field(page, 'Text').fill(text);
  await press(page, 'Publish');
}

/** An editor who publishes through the API. */
async function editor(server: Server, name = 'Grace Hopper'): Promise<ApiClient> {
  const grace = newAccount(name);
  server.addUser(grace, 'editor');
  return ApiClient.signIn(server, grace);
}

function publish(editor: ApiClient, title: string, body: string): Promise<string> {
  return editor.call('/api/notices/publish', { title, body });
}

test('a notice that was published a moment ago says so', async ({ page, server }) => {
  const title = newTitle();
  const itIs = (seconds: number) => page.clock.setFixedTime(Date.now() + 1000 * seconds);
  await itIs(-10);
  await openEditor(page, server);
  // Time goes by before it is published.
  await itIs(1);
  await write(page, title, 'Text.');
  await expect(notice(page, title)).toContainText('just now');
});

test('an editor publishes one notice after the other, the newest comes first, and everyone reads them', async ({ page, newContext, server }) => {
  const [title, ada] = [newTitle(), newAccount()];
  const grace = newAccount('Grace Hopper');
  server.addUser(ada);
  server.addUser(grace, 'editor');
  await openAs(page, grace);
  await follow(page, 'Notices');
  await page.getByRole('link', { name: 'Write a notice' }).click();
  await expect(page).toHaveURL('/notices/edit');
  await markDocument(page);
  await write(page, title, 'It was the hinge.\n\nIt creaks no more.');
  await expect(published(page)).toBeVisible();
  await expect(notice(page, title).getByRole('paragraph').filter({ hasText: 'It creaks no more.' })).toBeVisible();
  await expect(field(page, 'Title')).toHaveValue('');
  await expect(field(page, 'Text')).toHaveValue('');
  for (const next of ['second', 'third'].map((which) => `${which} ${newTitle()}`)) {
    await write(page, next, 'Text.');
    await expect(titles(page).first()).toHaveText(next);
    await expect(field(page, 'Title')).toHaveValue('');
  }
  expect(await isMarkedDocument(page)).toBe(true);

  const reader = await (await newContext()).newPage();
  await openAs(reader, ada);
  await follow(reader, 'Notices');
  await expect(notice(reader, title).getByRole('paragraph')).toHaveText([/^Grace Hopper · .* UTC$/, 'It was the hinge.', 'It creaks no more.']);
  await expect(reader.getByRole('link', { name: 'Write a notice' })).toHaveCount(0);
  await expect(reader.getByRole('button', { name: 'Retract' })).toHaveCount(0);
});

test('a notice that its editor retracts disappears at once, and stays so after a reload', async ({ page, server }) => {
  const [kept, retracted] = [newTitle(), newTitle()];
  await openEditor(page, server);
  for (const title of [kept, retracted]) {
    await write(page, title, 'Text.');
    await expect(notice(page, title)).toBeVisible();
  }
  await pressAndConfirm(page, 'Retract', notice(page, retracted));
  await expect(notice(page, retracted)).toHaveCount(0);
  await expect(notice(page, kept)).toBeVisible();
  await reload(page);
  await expect(notice(page, kept)).toBeVisible();
  await expect(notice(page, retracted)).toHaveCount(0);
});

test('retracting a notice that another editor has already retracted says that it is gone', async ({ page, server, expectConsole }) => {
  expectConsole(/status of 404.*\/api\/notices\/retract/);
  const title = newTitle();
  const other = await editor(server);
  const id = await publish(other, title, 'Text.');
  await openEditor(page, server);
  await expect(notice(page, title)).toBeVisible();
  await other.call('/api/notices/retract', { notice_id: id });
  await pressAndConfirm(page, 'Retract', notice(page, title));
  await expect(notice(page, title).getByRole('alert')).toContainText('This no longer exists. It may have been deleted.');
});

test('an invalid text is refused at its field, one that is too long is refused whole, and what was typed is kept', async ({ page, server, expectConsole }) => {
  expectConsole(/status of 422.*\/api\/notices\/publish/);
  expectConsole(/status of 413.*\/api\/notices\/publish/);
  const title = newTitle();
  await openEditor(page, server);
  await write(page, title, 'A bell: \u0007');
  await expect(page.getByRole('main').getByRole('alert').getByRole('listitem')).toHaveText("Text: A text can't contain control characters.");
  await expect(field(page, 'Text')).toHaveAccessibleDescription(/A text can't contain control characters\./);
  await expect(field(page, 'Text')).toHaveAttribute('aria-invalid', 'true');
  await expect(field(page, 'Title')).toHaveValue(title);
  await expect(published(page)).toHaveCount(0);

  const tooLong = 'é'.repeat(30_000);
  await write(page, title, tooLong);
  await expect(page.getByRole('alert').filter({ hasText: 'This is too long to send' })).toBeFocused();
  await expect(field(page, 'Title')).toHaveValue(title);
  await expect(field(page, 'Text')).toHaveValue(tooLong);
  await expect(published(page)).toHaveCount(0);

  await write(page, title, 'No bell.');
  await expect(notice(page, title)).toBeVisible();
  await expect(page.getByText("A text can't contain control characters.")).toHaveCount(0);
});

test('the newest notices come first, and older ones are on the next page', async ({ page, server }) => {
  const grace = await editor(server);
  const tag = newTitle();
  const all = Array.from({ length: 12 }, (_, n) => `${tag} ${n}`);
  for (const title of all) await publish(grace, title, 'Text.');
  const newestFirst = all.toReversed();
  const pages = page.getByRole('navigation', { name: 'Pages' }).getByRole('link');

  await openAsNew(page, newAccount(), '/notices');
  await expect(titles(page)).toHaveText(newestFirst.slice(0, 10));
  await expect(pages).toHaveText(['Next page']);
  await pages.click();
  await expect(titles(page).first()).toHaveText(newestFirst[10]);
  await expect(titles(page).nth(1)).toHaveText(newestFirst[11]);
  await page.goBack();
  await expect(titles(page)).toHaveText(newestFirst.slice(0, 10));
  await page.goForward();
  await pages.filter({ hasText: 'First page' }).click();
  await expect(titles(page)).toHaveText(newestFirst.slice(0, 10));
});

test('markup in a notice is text, whether the server or the browser renders the page', async ({ page, server }) => {
  const tag = newTitle();
  for (const text of HOSTILE_TEXTS) {
    // As the title, as the text and as the name of its author.
    await publish(await editor(server, hostileName(text)), `${tag} ${text}`, `First.\n\n${text}\n\nLast.`);
  }
  const expectText = async () => {
    for (const text of HOSTILE_TEXTS) {
      const shown = page.getByRole('article').filter({ has: page.getByRole('heading', { name: `${tag} ${text}`, exact: true }) });
      await expect(shown.getByRole('heading')).toHaveText(`${tag} ${text}`);
      await expect(shown.getByRole('paragraph')).toHaveText([new RegExp(`^${escapeRegExp(hostileName(text))} · .*UTC$`), 'First.', text, 'Last.']);
    }
    await expect(page.getByRole('article').locator('script, img, a, form, input, h1')).toHaveCount(0);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(['Notices']);
    await expect(page).toHaveTitle('Notices · Latchkey');
  };
  await openAsNew(page, newAccount(), '/notices');
  await expectText();
  await follow(page, 'Dashboard');
  await follow(page, 'Notices');
  await expectText();
});

test('the direction of a text does not reach beyond it, and the longest text without a gap fits the window', async ({ page, server }) => {
  const tag = newTitle();
  const grace = await editor(server);
  const long = 'x'.repeat(64_000);
  await publish(grace, `${tag} before`, 'Left to right.');
  await publish(grace, `${tag} \u202E\u202E`, 'Opened \u202E\u2067 and never closed.');
  await publish(grace, `${tag} שלום`, 'שלום, world.');
  await publish(grace, `${tag} long`, long);
  await openAsNew(page, newAccount(), '/notices');
  const direction = (title: string) => notice(page, title).getByRole('heading').evaluate((heading) => getComputedStyle(heading).direction);
  await expect(notice(page, `${tag} before`)).toBeVisible();
  expect(await direction(`${tag} before`)).toBe('ltr');
  const hebrew = notice(page, `${tag} שלום`).getByRole('paragraph').last();
  expect(await hebrew.evaluate((text) => getComputedStyle(text).direction)).toBe('rtl');
  const isolated = await titles(page).evaluateAll((headings) => headings.map((heading) => getComputedStyle(heading).unicodeBidi));
  expect(new Set(isolated)).toEqual(new Set(['isolate']));

  await expect(notice(page, `${tag} long`).getByRole('paragraph').last()).toHaveText(long);
  await expectToFit(page);
});

test('what is typed while a notice is on its way stays, and only what was sent is cleared', async ({ page, server }) => {
  const [title, next] = [newTitle(), newTitle()];
  await openEditor(page, server);
  const { release } = await holdRequests(page, '**/api/notices/publish');
  await write(page, title, 'It was the hinge.');
  await expect(page.getByRole('button', { name: 'Publishing…' })).toBeVisible();
  await field(page, 'Title').fill(next);
  release();
  await expect(published(page)).toBeVisible();
  await expect(notice(page, title)).toBeVisible();
  await expect(field(page, 'Text')).toHaveValue('');
  await expect(field(page, 'Title')).toHaveValue(next);
});
