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
const EXPORT = 7;
export const CODE = 10;
export const FUNCTION_NAMES = 1;

const FUNCTION = 0;

function contentOf(found, wanted) {
  return found.find(({ id }) => id === wanted)?.content ?? Buffer.from([0]);
}

/** What a file imports: from where, by which name, and what, as it stands in the file. */
export function imports(found) {
  const reader = new Reader(contentOf(found, IMPORT));
  const limits = () => {
    const flags = reader.number();
    reader.number();
    if (flags & 1) reader.number();
  };
  const skip = [() => reader.number(), () => (reader.byte(), limits()), limits, () => reader.take(2), () => (reader.byte(), reader.number())];
  return Array.from({ length: reader.number() }, () => {
    const [module, name, start] = [reader.name(), reader.name(), reader.at];
    const kind = reader.byte();
    if (!skip[kind]) throw new Error(`an import of the unknown kind ${kind}`);
    skip[kind]();
    return { module, name, kind, what: reader.bytes.subarray(start, reader.at) };
  });
}

export function importedFunctions(found) {
  return imports(found).filter(({ kind }) => kind === FUNCTION).length;
}

/** What a file exports: by which name, and what, as it stands in the file. */
export function exports(found) {
  const reader = new Reader(contentOf(found, EXPORT));
  return Array.from({ length: reader.number() }, () => {
    const [name, start] = [reader.name(), reader.at];
    reader.byte();
    reader.number();
    return { name, what: reader.bytes.subarray(start, reader.at) };
  });
}

const text = (text) => sized(Buffer.from(text));
const list = (items) => Buffer.concat([number(items.length), ...items]);

/** The file with these imports and exports, of which there are as many or fewer, in the same order. */
export function withInterface(wasm, { imported, exported }) {
  const written = {
    [IMPORT]: list(imported.map(({ module, name, what }) => Buffer.concat([text(module), text(name), what]))),
    [EXPORT]: list(exported.map(({ name, what }) => Buffer.concat([text(name), what]))),
  };
  return assemble(wasm.subarray(0, 8), sections(wasm).map(({ id, content }) => ({ id, content: written[id] ?? content })));
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
