// Finishes the parts that wasm-split-cli has made of the client bundle. Called by .ci/client-bundle:
//   node .ci/parts.mjs DIRECTORY
// DIRECTORY holds latchkey.wasm, the parts (split_*.wasm, and chunk_*.wasm, which several of them need) and
// __wasm_split.js, which loads them. Leaves there without what never runs, and writes a list `parts`: each line is a
// part and the files that it needs.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CODE, assemble, functionBodies, importedFunctions, namesOfFunctions, number, sections, sized } from './wasm.mjs';

const [directory] = process.argv.slice(2);
const read = (name) => readFileSync(join(directory, name));
const write = (name, content) => writeFileSync(join(directory, name), content);

/** Stops the build: the tools have changed, and what is done here no longer fits them. */
function fail(why) {
  console.error(`.ci/parts.mjs: ${why}`);
  process.exit(1);
}

/**
 * Every type of view keeps a pointer to its `hydrate_async`, which only `hydrate_lazy` calls, and this app does not. So
 * the compiler cannot leave them out. No more than these very functions: others that have the word in their names are
 * shared with `hydrate`.
 */
const UNUSED = /^_ZN\d+_\$LT\$T\$u20\$as\$u20\$tachys\.\.view\.\.any_view\.\.IntoAny\$GT\$8into_any13hydrate_async(28_\$u7b\$\$u7b\$closure\$u7d\$\$u7d\$)?17h[0-9a-f]{16}E/;
/** No locals; `unreachable`; `end`. */
const TRAP = Buffer.from([0, 0x00, 0x0b]);

function removeUnused(wasm) {
  const found = sections(wasm);
  const imported = importedFunctions(found);
  const names = namesOfFunctions(found);
  const isUnused = (index) => UNUSED.test(names.get(imported + index) ?? '');
  const bodies = functionBodies(found);
  const kept = bodies.map((body, index) => sized(isUnused(index) ? TRAP : body));
  const code = Buffer.concat([number(kept.length), ...kept]);
  return {
    wasm: assemble(wasm.subarray(0, 8), found.map(({ id, content }) => ({ id, content: id === CODE ? code : content }))),
    removed: bodies.filter((_, index) => isUnused(index)).length,
  };
}

/** Replaces what must be there. */
function replace(text, pattern, replacement) {
  const replaced = text.replace(pattern, replacement);
  if (replaced === text) fail(`__wasm_split.js has nothing like ${pattern}`);
  return replaced;
}

/** The names come in another order each time, and the same source must give the same files. */
const inOrder = (names) => names.split(',').map((name) => name.trim()).filter(Boolean).sort().join(', ');

/**
 * To ask for a dozen files at once keeps a slow device from what its reader does meanwhile. A message to oneself comes
 * back after that, and sooner than a timer in a tab that nobody sees.
 */
const FEW_AT_ONCE = `const parallelStuff = [];
        for (const load of deps) {
            parallelStuff.push(load());
            if (parallelStuff.length % 3 === 0) await new Promise((next) => {
                const { port1, port2 } = new MessageChannel();
                port1.onmessage = next;
                port2.postMessage(undefined);
            });
        }`;

/** The app says itself what could not be loaded, so nothing is left to be said on the console. */
function finishLoader(script) {
  let finished = replace(script, /(const|__wasm_split,) \{([^}]*__indirect_function_table[^}]*)\}/g, (_, before, names) => `${before} { ${inOrder(names)} }`);
  finished = replace(finished, /console\.error\(e\);/, '');
  finished = replace(finished, /const parallelStuff = deps\.map\(d => d\(\)\);/, FEW_AT_ONCE);
  return replace(finished, /(const src = fetch\(.*\);)/g, '$1 src.catch(() => {});');
}

/** Each part with the files that it needs: its own, and those that it shares with others. */
function listParts(script) {
  const parts = [];
  for (const [, name, file, shared] of script.matchAll(/__wasm_split_load_(\w+) = wrapAsyncCb\(makeLoad\(.*?"\.\/([^"]+)".*?\n, \[(.*?)\]\)\)/gs)) {
    const chunks = shared.split(',').map((chunk) => chunk.trim()).filter(Boolean);
    parts.push([name, file, ...chunks.map((chunk) => `${chunk.replace('__', '')}.wasm`)].join(' '));
  }
  if (parts.length === 0) fail('__wasm_split.js loads no parts');
  return `${parts.sort().join('\n')}\n`;
}

let removed = 0;
for (const name of readdirSync(directory).filter((name) => name.endsWith('.wasm'))) {
  const smaller = removeUnused(read(name));
  removed += smaller.removed;
  write(name, smaller.wasm);
}
if (removed === 0) fail('no hydrate_async was found; is it named differently now?');

const loader = read('__wasm_split.js').toString();
write('__wasm_split.js', finishLoader(loader));
write('parts', listParts(loader));
