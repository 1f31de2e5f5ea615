import { defineConfig, devices } from '@playwright/test';
import { chromium } from './support/chromium.ts';

// Every test runs with JavaScript on; those that can hold without it run a second time with it off. A file named
// *.hydrate.spec.ts is about the browser's half and runs with it on only.
export default defineConfig({
  testDir: 'tests',
  outputDir: 'results',
  fullyParallel: true,
  workers: 2,
  forbidOnly: Boolean(process.env.CI),
  retries: 0,
  reporter: [['list']],
  timeout: 60_000,
  expect: { timeout: 15_000 },
  use: {
    ...devices['Desktop Chrome'],
    // A trace of everything costs a quarter of the time; what has failed is run again with `--trace on`.
    trace: 'off',
    launchOptions: { executablePath: chromium(), args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync'] },
  },
  projects: [
    { name: 'javascript', use: { javaScriptEnabled: true } },
    { name: 'no-javascript', use: { javaScriptEnabled: false }, testIgnore: /\.hydrate\.spec\.ts$/ },
  ],
});
