import { resolve } from 'node:path';
import { expect, test } from '@playwright/test';
import { chromium } from '../support/chromium.ts';
import { Server, newAccount, type Account } from '../support/server.ts';

const PACKAGES = resolve(import.meta.dirname, '../../target/tools/lighthouse/node_modules');
const { default: lighthouse } = await import(`${PACKAGES}/lighthouse/core/index.js`);
const { default: puppeteer } = await import(`${PACKAGES}/puppeteer-core/lib/esm/puppeteer/puppeteer-core.js`);

/** A page is measured so often, because no two measurements are alike. */
const TIMES = 3;

interface Audit {
  id: string;
  title: string;
  score: number | null;
  numericValue?: number;
}

interface Report {
  categories: Record<string, { score: number; auditRefs: { id: string; weight: number }[] }>;
  audits: Record<string, Audit>;
}

const median = (numbers: number[]) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
const scoreOf = (report: Report, category: string) => Math.round(100 * report.categories[category].score);
const valueOf = (report: Report, audit: string) => report.audits[audit].numericValue ?? Number.NaN;

/** What costs points of a category. */
function findings(report: Report, category: string): string[] {
  const counted = report.categories[category].auditRefs.filter(({ weight }) => weight > 0);
  const audits = counted.map(({ id }) => report.audits[id]);
  return audits.filter(({ score }) => score !== null && score < 0.9).map(({ id, title }) => `${id}: ${title}`);
}

/** Signs in as a page does, so that the browser has the cookie. */
function signIn({ email, password }: Account): Promise<number> {
  return fetch('/api/auth/login', { method: 'POST', body: new URLSearchParams({ email, password }) }).then(({ status }) => status);
}

test('Lighthouse finds the pages that people see first fast, still and accessible on a slow phone', async () => {
  test.setTimeout(600_000);
  const server = await Server.start();
  const ada = newAccount();
  server.addUser(ada);
  const browser = await puppeteer.launch({ executablePath: chromium(), headless: 'shell', args: ['--no-sandbox', '--disable-gpu'] });
  try {
    for (const path of ['/', '/login', '/dashboard']) {
      const reports: Report[] = [];
      for (let time = 0; time < TIMES; time += 1) {
        const page = await browser.newPage();
        if (path === '/dashboard') {
          await page.goto(`${server.url}/`);
          expect(await page.evaluate(signIn, ada)).toBe(200);
        }
        const flags = { logLevel: 'error', onlyCategories: ['performance', 'accessibility', 'best-practices'] };
        const { lhr } = await lighthouse(server.url + path, flags, undefined, page);
        reports.push(lhr);
        await page.close();
      }
      const [performance, accessibility, practices] = ['performance', 'accessibility', 'best-practices'].map((category) => median(reports.map((report) => scoreOf(report, category))));
      const shift = Math.max(...reports.map((report) => valueOf(report, 'cumulative-layout-shift')));
      const [first, largest, blocked, index] = ['first-contentful-paint', 'largest-contentful-paint', 'total-blocking-time', 'speed-index'].map((audit) => Math.round(median(reports.map((report) => valueOf(report, audit)))));
      console.log(`${path.padEnd(10)} performance ${performance}, accessibility ${accessibility}, best practices ${practices}, layout shift ${shift}, first paint ${first} ms, largest ${largest} ms, blocked ${blocked} ms, speed index ${index} ms`);
      const found = ['accessibility', 'best-practices'].flatMap((category) => reports.flatMap((report) => findings(report, category)));
      expect.soft([...new Set(found)], path).toEqual([]);
      expect.soft({ accessibility, practices, shift }, path).toEqual({ accessibility: 100, practices: 100, shift: 0 });
      expect.soft(performance, `${path}: ${findings(reports[0], 'performance').join('; ')}`).toBeGreaterThanOrEqual(98);
    }
  } finally {
    await browser.close();
    await server.destroy();
  }
});
