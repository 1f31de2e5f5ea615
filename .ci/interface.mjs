// Makes small what the main WASM file and its JavaScript know each other by. Called by .ci/client-bundle:
//   node .ci/interface.mjs unused WASM SCRIPT    before wasm-opt: takes out of both what the other never asks for
//   node .ci/interface.mjs short WASM SCRIPT     after it: the same for what is left, and short names for all of it
// wasm-bindgen's names end in a hash, which nothing compresses, and stand in both files.
import { readFileSync, writeFileSync } from 'node:fs';
import { exports, imports, sections, withInterface } from './wasm.mjs';

const [step, wasmFile, scriptFile] = process.argv.slice(2);
/** The module that the script is to the WASM. */
const SCRIPT = './latchkey_bg.js';
/** By these names the parts know what they share, and the page what starts the app. */
const FIXED = ['memory', '__indirect_function_table', '__wasm_split_shared0'];

/** Stops the build: the tools have changed, and what is done here no longer fits them. */
function fail(why) {
  console.error(`.ci/interface.mjs: ${why}`);
  process.exit(1);
}

/** Classes that Rust exports and never makes. Nobody else could make one. */
function withoutClasses(script) {
  const names = [...script.matchAll(/^export class (\w+) /gm)].map(([, name]) => name);
  let without = script;
  for (const name of names) {
    without = without
      .replace(new RegExp(`^export class ${name} \\{\\n.*?^\\}\\n`, 'ms'), '')
      .replace(new RegExp(`^if \\(Symbol.dispose\\) ${name}\\..*\\n`, 'm'), '')
      .replace(new RegExp(`^const ${name}Finalization = .*?;\\n`, 'ms'), '');
    if (without.includes(name)) fail(`the class ${name} is used`);
  }
  return without;
}

/** What the script offers to the WASM: a name and a function each. */
const OFFERED = /^ {8}(\w+): function.*?^ {8}(?:\}|\}, arguments\); \}),\n/gms;

/** Without what it offers and nobody imports. */
function withoutUnused(script, imported) {
  const wanted = new Set(imported.filter(({ module }) => module === SCRIPT).map(({ name }) => name));
  const without = script.replace(OFFERED, (offered, name) => (wanted.delete(name) ? offered : ''));
  if (wanted.size > 0) fail(`the script does not offer ${[...wanted].join(', ')}`);
  return without;
}

const isAskedFor = (script) => ({ name }) => FIXED.includes(name) || new RegExp(`\\bwasm\\.${name}\\b`).test(script);

/** Names the things of both files by their places. */
function shorten(script, imported, exported) {
  const names = new Map();
  const place = (name) => names.get(name) ?? names.set(name, names.size.toString(36)).get(name);
  const shortImports = imported.map((one) => (one.module === SCRIPT ? { ...one, module: 'script', name: `_${place(one.name)}` } : one));
  const shortExports = exported.map((one) => (FIXED.includes(one.name) ? one : { ...one, name: `_${place(one.name)}` }));
  const short = script
    .replace(`"${SCRIPT}": `, 'script: ')
    .replace(/^( {8})(\w+)(?=: function)/gm, (_, before, name) => `${before}_${place(name)}`)
    .replace(/\bwasm\.(\w+)/g, (as_is, name) => (FIXED.includes(name) ? as_is : `wasm._${place(name)}`));
  if (names.size !== shortImports.filter(({ module }) => module === 'script').length + shortExports.length - FIXED.length) fail('a name is in one of the files alone');
  return { script: short, imported: shortImports, exported: shortExports };
}

let wasm = readFileSync(wasmFile);
let script = withoutClasses(readFileSync(scriptFile).toString());
let imported = imports(sections(wasm));
let exported = exports(sections(wasm)).filter(isAskedFor(script));
if (step === 'short') {
  script = withoutUnused(script, imported);
  ({ script, imported, exported } = shorten(script, imported, exported));
}
writeFileSync(scriptFile, script);
writeFileSync(wasmFile, withInterface(wasm, { imported, exported }));
