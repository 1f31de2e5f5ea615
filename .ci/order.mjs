// Names the functions of WASM files so that those which are alike follow each other when they are sorted by name, as
// `wasm-opt --reorder-functions-by-name` does. Brotli finds more to share between neighbours: about 5 % of the file.
// Called by .ci/client-bundle:
//   node .ci/order.mjs RUN FILE…      functions are alike as far as they share runs of RUN bytes
import { readFileSync, writeFileSync } from 'node:fs';
import { CUSTOM, FUNCTION_NAMES, Reader, assemble, functionBodies, importedFunctions, number, sections, sized } from './wasm.mjs';

const [run, ...files] = process.argv.slice(2);
const RUN = Number(run);

/** Every run of bytes in the body of a function, as a hash. */
function runsOf(body) {
  const runs = new Set();
  for (let at = 0; at + RUN <= body.length; at += 1) {
    let hash = 0;
    for (const byte of body.subarray(at, at + RUN)) hash = Math.imul(hash, 16_777_619) ^ byte;
    runs.add(hash);
  }
  return runs;
}

/** Begins with the first function, and goes on with the one that is most like the last, until none is left. */
function likeAfterLike(bodies) {
  const runs = bodies.map(runsOf);
  const having = new Map();
  for (const [index, own] of runs.entries()) {
    for (const run of own) {
      if (!having.has(run)) having.set(run, []);
      having.get(run).push(index);
    }
  }
  // After a function that shares nothing with those that are left, the next in the order of their bodies.
  const left = new Set([...bodies.keys()].sort((one, other) => Buffer.compare(bodies[one], bodies[other])));
  const order = [];
  for (let next = left.values().next().value; next !== undefined; ) {
    left.delete(next);
    order.push(next);
    const shared = new Map();
    for (const run of runs[next]) {
      for (const other of having.get(run)) if (left.has(other)) shared.set(other, (shared.get(other) ?? 0) + 1);
    }
    let closest;
    let most = 0;
    for (const [other, count] of shared) {
      // Jaccard's index: what both have, of all that either has.
      const likeness = count / (runs[next].size + runs[other].size - count);
      if (likeness > most) [closest, most] = [other, likeness];
    }
    next = closest ?? left.values().next().value;
  }
  return order;
}

function nameInOrder(wasm) {
  const found = sections(wasm);
  const first = importedFunctions(found);
  const names = likeAfterLike(functionBodies(found)).map((index, place) => [first + index, String(place).padStart(6, '0')]);
  if (names.length === 0) return wasm;
  names.sort(([one], [other]) => one - other);
  const listed = names.map(([index, name]) => Buffer.concat([number(index), sized(Buffer.from(name))]));
  const section = Buffer.concat([
    sized(Buffer.from('name')),
    Buffer.from([FUNCTION_NAMES]),
    sized(number(listed.length), ...listed),
  ]);
  const kept = found.filter(({ id, content }) => id !== CUSTOM || new Reader(content).name() !== 'name');
  return assemble(wasm.subarray(0, 8), [...kept, { id: CUSTOM, content: section }]);
}

for (const file of files) writeFileSync(file, nameInOrder(readFileSync(file)));
