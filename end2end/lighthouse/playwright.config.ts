export { default } from '../observatory/playwright.config.ts';
