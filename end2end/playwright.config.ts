import { defineConfig, devices } from '@playwright/test';
import { chromium } from './support/chromium.ts';

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
    // A trace of everything costs a quarter of the time. Run a failed test again with `--trace on`.
    trace: 'off',
    timezoneId: 'UTC',
    launchOptions: { executablePath: chromium(), args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync'] },
  },
});
