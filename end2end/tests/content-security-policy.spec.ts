import { CspEvaluator } from 'csp_evaluator/dist/evaluator.js';
import { CspParser } from 'csp_evaluator/dist/parser.js';
import { ConsoleWatcher } from '../support/console.ts';
import { expect, newAccount, openAs, test, visit, type Page } from '../support/fixtures.ts';
import { MEMBER_PAGES, NOT_FOUND, PUBLIC_PAGES, ROLE_PAGES, about } from '../support/pages.ts';

async function expectStrictPolicy(page: Page, path: string): Promise<void> {
  const response = await page.request.get(path, { maxRedirects: 0 });
  const policy = response.headers()['content-security-policy'];
  expect(policy, path).toContain("default-src 'none'");
  const findings = new CspEvaluator(new CspParser(policy).csp).evaluate();
  expect(findings.map(({ directive, value, description }) => `${directive} ${value}: ${description}`), path).toEqual([]);
}

test('CSP Evaluator finds nothing in the policy of any page', async ({ page, server }) => {
  const ada = newAccount();
  const subjects = server.addSubjects(ada, 'editor admin');
  for (const { path } of [...PUBLIC_PAGES, NOT_FOUND]) await expectStrictPolicy(page, path);
  await openAs(page, ada);
  for (const { path } of [...MEMBER_PAGES, ...ROLE_PAGES]) await expectStrictPolicy(page, about(subjects, path));
  for (const path of ['/api/account/me', '/healthz', '/.well-known/jwks.json', '/admin/audit/export?event=nonsense']) await expectStrictPolicy(page, path);
  // It would say nothing of anything if it did not know this.
  expect(new CspEvaluator(new CspParser("script-src 'self' 'unsafe-inline'").csp).evaluate()).not.toEqual([]);
});

/** What a page must not do, and what the browser calls it. */
const VIOLATIONS: [string, () => void][] = [
  ['img-src', () => document.body.append(Object.assign(new Image(), { src: 'data:image/gif;base64,R0lGODlhAQABAAAAACw=' }))],
  ['style-src', () => document.body.setAttribute('style', 'color: red')],
  ['connect-src', () => void fetch('http://127.0.0.1:9/').catch(() => undefined)],
  ['script-src', () => document.body.setAttribute('onclick', 'alert(1)')],
];

for (const [directive, violate] of VIOLATIONS) {
  test(`a test fails whose page violates ${directive}, whatever it expects on the console`, async ({ browser, server }) => {
    const context = await browser.newContext({ baseURL: server.url });
    const watcher = new ConsoleWatcher();
    await watcher.watch(context);
    watcher.expect(/.*/, { optional: true });
    const page = await context.newPage();
    await visit(page, '/');
    await watcher.verify({ complete: true });
    const told = page.waitForEvent('console', { predicate: (message) => message.text().includes(`violated: ${directive}`) });
    await page.evaluate(violate);
    await told;
    await expect(watcher.verify({ complete: true })).rejects.toThrow(directive);
    await context.close();
  });
}

test('a test without JavaScript fails whose page violates its policy', async ({ browser, server }) => {
  const context = await browser.newContext({ baseURL: server.url, javaScriptEnabled: false });
  const watcher = new ConsoleWatcher();
  await watcher.watch(context);
  watcher.expect(/.*/, { optional: true });
  // A page whose markup asks for what its policy refuses.
  await context.route('**/login', async (route) => {
    const response = await route.fetch();
    const body = (await response.text()).replace('</main>', '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=" alt=""></main>');
    await route.fulfill({ response, body });
  });
  const page = await context.newPage();
  const told = page.waitForEvent('console', { predicate: (message) => /Content Security Policy/.test(message.text()) });
  await page.goto('/login');
  await told;
  await expect(watcher.verify({ complete: true })).rejects.toThrow('img-src');
  await context.close();
});
