// Prints what each file of the client bundle weighs, and what a first visit of the public pages does. Fails if that is
// more than the budget.
//   node .ci/sizes.mjs target/site/pkg
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Bytes after brotli: all that a first visit of /, /login or /register loads. */
const BUDGET = 190 * 1_024;
/** Allowed for the HTML. A browser test adds up what a first visit really loads. */
const HTML = 4_800;
const FIRST_VISIT = ['latchkey.wasm', 'latchkey.js', 'latchkey.css'];

const directory = process.argv[2];
const size = (name) => (existsSync(join(directory, name)) ? readFileSync(join(directory, name)).length : 0);
const row = (...cells) => console.log(cells.map((cell, at) => (at ? String(cell.toLocaleString('en')).padStart(12) : String(cell).padEnd(28))).join(''));

row('client bundle, bytes', 'raw', 'gzip', 'brotli');
const files = readdirSync(directory).filter((name) => !/\.(br|gz)$/.test(name));
for (const name of files.sort((a, b) => size(`${b}.br`) - size(`${a}.br`))) row(name, size(name), size(`${name}.gz`), size(`${name}.br`));
const visit = HTML + FIRST_VISIT.reduce((sum, name) => sum + size(`${name}.br`), 0);
console.log(`a first visit of /, /login or /register: ${visit.toLocaleString('en')} bytes after brotli, of ${BUDGET.toLocaleString('en')}`);
if (FIRST_VISIT.some((name) => !size(`${name}.br`))) {
  console.error(`${directory} is not compressed: run .ci/client-bundle --small`);
  process.exit(1);
}
if (visit > BUDGET) {
  console.error('That is over the budget. See docs/decisions/0021-pages-in-parts.md.');
  process.exit(1);
}
