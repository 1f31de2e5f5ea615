import { defineConfig } from '@playwright/test';

export default defineConfig({
  testDir: '.',
  outputDir: '../results',
  workers: 1,
  retries: 0,
  reporter: [['list']],
});
