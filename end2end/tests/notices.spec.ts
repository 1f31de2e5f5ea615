import { ApiClient } from '../support/api.ts';
import { arriveAs, expect, signIn, signUp, somebody, test, visit, type Page, type Server } from '../support/fixtures.ts';

const notice = (page: Page, title: string) => page.getByRole('article').filter({ has: page.getByRole('heading', { name: title, exact: true }) });
const titles = (page: Page) => page.getByRole('article').getByRole('heading');
const pages = (page: Page) => page.getByRole('navigation', { name: 'Pages' }).getByRole('link');

async function editor(server: Server, name = 'Grace Hopper'): Promise<ApiClient> {
  const grace = somebody(name);
  server.addUser(grace, 'editor');
  return ApiClient.signIn(server, grace);
}

function publish(editor: ApiClient, title: string, body: string): Promise<string> {
  return editor.call('/api/notices/publish', { title, body });
}

test('a member reads what an editor has published, in paragraphs, with its author and its time', async ({ page, server }) => {
  await publish(await editor(server), 'The door is mended', 'It was the hinge.\n\nIt  creaks\nno more.\n\n\n\nThank you!\n');
  await signUp(page, somebody());
  await visit(page, '/notices');
  const shown = notice(page, 'The door is mended').first();
  await expect(shown.getByRole('paragraph')).toHaveText([/^\d{4}-\d{2}-\d{2} \d{2}:\d{2} UTC · Grace Hopper$/, 'It was the hinge.', /^It\s+creaks\s+no more\.$/, 'Thank you!']);
  await expect(page.getByRole('link', { name: 'Write a notice' })).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'Retract' })).toHaveCount(0);
});

test('the newest notice stands first, and older ones on the next page', async ({ page, server }) => {
  const grace = await editor(server);
  const tag = somebody().email;
  const all = Array.from({ length: 12 }, (_, n) => `${tag} ${n}`);
  for (const title of all) await publish(grace, title, 'Text.');
  const newestFirst = all.toReversed();

  await signUp(page, somebody());
  await visit(page, '/notices');
  await expect(titles(page)).toHaveText(newestFirst.slice(0, 10));
  await expect(pages(page)).toHaveText(['Next page']);
  await pages(page).click();
  await expect(titles(page).first()).toHaveText(newestFirst[10]);
  await expect(titles(page).nth(1)).toHaveText(newestFirst[11]);
  await page.goBack();
  await expect(titles(page)).toHaveText(newestFirst.slice(0, 10));
  await page.goForward();
  await pages(page).filter({ hasText: 'First page' }).click();
  await expect(titles(page)).toHaveText(newestFirst.slice(0, 10));
});

test('a notice that was retracted is gone', async ({ page, server }) => {
  const grace = await editor(server);
  const title = somebody().email;
  const id = await publish(grace, title, 'Text.');
  await signUp(page, somebody());
  await visit(page, '/notices');
  await expect(notice(page, title)).toBeVisible();
  await grace.call('/api/notices/retract', { notice_id: id });
  await visit(page, '/notices');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Notices');
  await expect(notice(page, title)).toHaveCount(0);
});

test('where nothing was published that is said', async ({ page, newContext, freshServer }) => {
  const ada = somebody();
  freshServer.addUser(ada);
  const elsewhere = await (await newContext({ baseURL: freshServer.url })).newPage();
  await arriveAs(elsewhere, ada, '/notices');
  await expect(elsewhere.getByText('There are no notices.')).toBeVisible();
});

const HOSTILE = {
  'a script': '<script>document.title = "taken over"</script>',
  'an image that fails': '<img src=x onerror="document.title = \'taken over\'">',
  'the end of the paragraph': '</p></article></main><h1>Sign in again</h1><form action="https://evil.example/"><input name=password>',
  'a link that runs': '<a href="javascript:document.title=1">here</a> javascript:document.title=1 [here](javascript:document.title=1)',
  'the data of the page': '</script><script>document.title = "taken over"</script><!-- --!> {{ 7*7 }} ${7*7} &lt;b&gt; &amp;',
  'a change of direction': 'User \u202E txt.exe \u2066 evil \u200F left',
};

for (const [what, text] of Object.entries(HOSTILE)) {
  test(`${what} in a notice is text like any other`, async ({ page, server }) => {
    const tag = somebody().email;
    // As the title, as the text and as the name of its author; a name takes no invisible characters and not so many.
    const author = /[\u200F\u202E\u2066]/.test(text) ? 'Grace Hopper' : text.slice(0, 100).trim();
    await publish(await editor(server, author), `${tag} ${text}`, `First.\n\n${text}\n\nLast.`);
    await signUp(page, somebody());
    await visit(page, '/notices');
    const shown = page.getByRole('article').filter({ hasText: tag });
    await expect(shown.getByRole('heading')).toHaveText(`${tag} ${text}`);
    await expect(shown.getByRole('paragraph')).toHaveText([new RegExp(`UTC · ${escape(author)}$`), 'First.', text, 'Last.']);
    await expect(shown.locator('script, img, a, form, input, h1')).toHaveCount(0);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(['Notices']);
    await expect(page).toHaveTitle('Notices · Latchkey');
  });
}

/** For a regular expression that means these very characters. */
function escape(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&').replace(/\s+/g, '\\s+');
}

test('the direction of a text does not reach beyond it', async ({ page, server }) => {
  const tag = somebody().email;
  const grace = await editor(server);
  await publish(grace, `${tag} before`, 'Left to right.');
  await publish(grace, `${tag} \u202E\u202E`, 'Opened \u202E\u2067 and never closed.');
  await publish(grace, `${tag} שלום`, 'שלום, world.');
  await signUp(page, somebody());
  await visit(page, '/notices');
  const direction = (title: string) => notice(page, title).getByRole('heading').evaluate((heading) => getComputedStyle(heading).direction);
  await expect(notice(page, `${tag} before`)).toBeVisible();
  expect(await direction(`${tag} before`)).toBe('ltr');
  const hebrew = page.getByRole('article').filter({ hasText: 'שלום, world.' }).getByRole('paragraph').last();
  expect(await hebrew.evaluate((text) => getComputedStyle(text).direction)).toBe('rtl');
  const isolated = await page.getByRole('article').getByRole('heading').evaluateAll((headings) => headings.map((heading) => getComputedStyle(heading).unicodeBidi));
  expect(new Set(isolated)).toEqual(new Set(['isolate']));
});

test('the longest text, without a gap, is shown whole and fits the window', async ({ page, server }) => {
  const title = somebody().email;
  const text = 'x'.repeat(64_000);
  await publish(await editor(server), title, text);
  await signUp(page, somebody());
  await visit(page, '/notices');
  await expect(notice(page, title).getByRole('paragraph').last()).toHaveText(text);
  const { content, window } = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.scrollingElement!;
    return { content: scrollWidth, window: clientWidth };
  });
  expect(content).toBeLessThanOrEqual(window);
});
