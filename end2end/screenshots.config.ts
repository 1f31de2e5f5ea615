import config from './playwright.config.ts';

/** `make screenshots`: every page and state as a picture. */
export default { ...config, testDir: 'screenshots', timeout: 300_000 };
