// Reads and writes WASM files, section by section (https://webassembly.github.io/spec/core/binary/).
/** A WASM file, read section by section. */
export class Reader {
  constructor(bytes, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  byte() {
    return this.bytes[this.at++];
  }

  /** An unsigned LEB128 number. */
  number() {
    let number = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      number += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return number;
    }
  }

  take(length) {
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  name() {
    return this.take(this.number()).toString();
  }

  get done() {
    return this.at >= this.bytes.length;
  }
}

export function number(value) {
  const bytes = [];
  for (; value >= 0x80; value = Math.floor(value / 0x80)) bytes.push((value % 0x80) | 0x80);
  return Buffer.from([...bytes, value]);
}

export const sized = (...content) => {
  const bytes = Buffer.concat(content);
  return Buffer.concat([number(bytes.length), bytes]);
};

export function sections(wasm) {
  const reader = new Reader(wasm, 8);
  const found = [];
  while (!reader.done) found.push({ id: reader.byte(), content: reader.take(reader.number()) });
  return found;
}

export const CUSTOM = 0;
const IMPORT = 2;
export const CODE = 10;
export const FUNCTION_NAMES = 1;

export function importedFunctions(found) {
  const section = found.find(({ id }) => id === IMPORT);
  if (!section) return 0;
  const reader = new Reader(section.content);
  let functions = 0;
  const limits = () => {
    const flags = reader.number();
    reader.number();
    if (flags & 1) reader.number();
  };
  for (let left = reader.number(); left > 0; left -= 1) {
    reader.name();
    reader.name();
    const kind = reader.byte();
    if (kind === 0) {
      functions += 1;
      reader.number();
    } else if (kind === 1) {
      reader.byte();
      limits();
    } else if (kind === 2) limits();
    else if (kind === 3) reader.take(2);
    else if (kind === 4) reader.take(1), reader.number();
    else throw new Error(`an import of the unknown kind ${kind}`);
  }
  return functions;
}

/** The name of each function of a file that has one, by the function's number. */
export function namesOfFunctions(found) {
  let names;
  for (const { id, content } of found) {
    if (id !== CUSTOM) continue;
    const reader = new Reader(content);
    if (reader.name() !== 'name') continue;
    while (!reader.done) {
      const kind = reader.byte();
      const listed = new Reader(reader.take(reader.number()));
      if (kind !== FUNCTION_NAMES) continue;
      names = new Map();
      for (let left = listed.number(); left > 0; left -= 1) names.set(listed.number(), listed.name());
    }
  }
  if (!names) throw new Error('a WASM file without names');
  return names;
}

/** The bodies of the functions that a file defines. */
export function functionBodies(found) {
  const section = found.find(({ id }) => id === CODE);
  if (!section) return [];
  const reader = new Reader(section.content);
  return Array.from({ length: reader.number() }, () => reader.take(reader.number()));
}

/** A file of these sections. */
export function assemble(header, found) {
  return Buffer.concat([header, ...found.flatMap(({ id, content }) => [Buffer.from([id]), sized(content)])]);
}
