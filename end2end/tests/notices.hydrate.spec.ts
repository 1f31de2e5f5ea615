import { expect, follow, isMarked, mark, press, reload, signIn, somebody, test, visit, type Page, type Server } from '../support/fixtures.ts';

const field = (page: Page, label: string) => page.getByLabel(label, { exact: true });
const notice = (page: Page, title: string) => page.getByRole('article').filter({ has: page.getByRole('heading', { name: title, exact: true }) });
const published = (page: Page) => page.getByRole('status').filter({ hasText: 'Published.' });

async function asEditor(page: Page, server: Server): Promise<void> {
  const grace = somebody('Grace Hopper');
  server.addUser(grace, 'editor');
  await signIn(page, grace);
  await follow(page, 'Notices');
  await page.getByRole('link', { name: 'Write a notice' }).click();
  await expect(page).toHaveURL('/notices/edit');
}

async function write(page: Page, title: string, text: string): Promise<void> {
  await field(page, 'Title').fill(title);
  await field(page, 'Text').fill(text);
  await press(page, 'Publish');
}

test('an editor publishes a notice, and everyone reads it', async ({ page, newContext, server }) => {
  const [title, ada] = [somebody().email, somebody()];
  server.addUser(ada);
  await asEditor(page, server);
  await mark(page);
  await write(page, title, 'It was the hinge.\n\nIt creaks no more.');
  await expect(published(page)).toBeVisible();
  await expect(notice(page, title).getByRole('paragraph').filter({ hasText: 'It creaks no more.' })).toBeVisible();
  await expect(field(page, 'Title')).toHaveValue('');
  await expect(field(page, 'Text')).toHaveValue('');
  expect(await isMarked(page)).toBe(true);

  const reader = await (await newContext()).newPage();
  await signIn(reader, ada);
  await follow(reader, 'Notices');
  await expect(notice(reader, title).getByRole('paragraph')).toHaveText([/Grace Hopper$/, 'It was the hinge.', 'It creaks no more.']);
});

test('one notice after the other is published from the same form, and the newest stands first', async ({ page, server }) => {
  await asEditor(page, server);
  for (const title of ['first', 'second', 'third'].map((which) => `${which} ${somebody().email}`)) {
    await write(page, title, 'Text.');
    await expect(page.getByRole('article').first().getByRole('heading')).toHaveText(title);
    await expect(field(page, 'Title')).toHaveValue('');
  }
});

test('a notice that its editor retracts is gone at once, and after a reload', async ({ page, server }) => {
  const [kept, retracted] = [somebody().email, somebody().email];
  await asEditor(page, server);
  for (const title of [kept, retracted]) {
    await write(page, title, 'Text.');
    await expect(notice(page, title)).toBeVisible();
  }
  await notice(page, retracted).getByRole('button', { name: 'Retract' }).click();
  await expect(notice(page, retracted)).toHaveCount(0);
  await expect(notice(page, kept)).toBeVisible();
  await reload(page);
  await expect(notice(page, kept)).toBeVisible();
  await expect(notice(page, retracted)).toHaveCount(0);
});

test('a notice that another editor has retracted already is said to be gone', async ({ page, newContext, server, expectConsole }) => {
  expectConsole(/status of 404.*\/api\/notices\/retract/);
  const title = somebody().email;
  await asEditor(page, server);
  await write(page, title, 'Text.');
  await expect(notice(page, title)).toBeVisible();
  const other = await (await newContext()).newPage();
  await asEditor(other, server);
  await notice(other, title).getByRole('button', { name: 'Retract' }).click();
  await expect(notice(other, title)).toHaveCount(0);
  await notice(page, title).getByRole('button', { name: 'Retract' }).click();
  await expect(notice(page, title).getByRole('alert')).toContainText('There is no such thing.');
});

test('a text that is none is refused at its field, and what was typed is kept', async ({ page, server, expectConsole }) => {
  expectConsole(/status of 422.*\/api\/notices\/publish/);
  const title = somebody().email;
  await asEditor(page, server);
  await write(page, title, 'A bell: \u0007');
  await expect(page.getByRole('main').getByRole('alert').getByRole('listitem')).toHaveText("Text: A text can't contain control characters.");
  await expect(field(page, 'Text')).toHaveAccessibleDescription(/A text can't contain control characters\./);
  await expect(field(page, 'Text')).toHaveAttribute('aria-invalid', 'true');
  await expect(field(page, 'Title')).toHaveValue(title);
  await expect(published(page)).toHaveCount(0);
  await write(page, title, 'No bell.');
  await expect(notice(page, title)).toBeVisible();
  await expect(page.getByText("A text can't contain control characters.")).toHaveCount(0);
});

test('a text that is too long to be sent is said to be, and stays in the form', async ({ page, server, expectConsole }) => {
  expectConsole(/status of 413.*\/api\/notices\/publish/);
  const [title, text] = [somebody().email, 'é'.repeat(30_000)];
  await asEditor(page, server);
  await write(page, title, text);
  await expect(page.getByRole('alert').filter({ hasText: 'This is too long to be sent' })).toBeFocused();
  await expect(field(page, 'Title')).toHaveValue(title);
  await expect(field(page, 'Text')).toHaveValue(text);
  await expect(published(page)).toHaveCount(0);
});

test('what is typed as markup is published as text', async ({ page, server }) => {
  const title = `<b>${somebody().email}</b>`;
  await asEditor(page, server);
  await write(page, title, '<img src=x onerror="document.title = 1">\n\n<script>document.title = 2</script>');
  await expect(notice(page, title).getByRole('paragraph').filter({ hasText: '<script>document.title = 2</script>' })).toBeVisible();
  await expect(page.getByRole('img')).toHaveCount(0);
  await visit(page, '/notices');
  await expect(notice(page, title)).toBeVisible();
  await expect(page).toHaveTitle('Notices · Latchkey');
});
