/** What is known of something that is stored: one value, or several while nobody knows whether a change was made. */
export class Known<T> {
  constructor(public possible: T[]) {}

  static of<T>(value: T): Known<T> {
    return new Known([value]);
  }

  /** The value; of several, the one before the changes that nobody knows of. */
  get value(): T {
    return this.possible[0];
  }

  set(value: T): void {
    this.possible = [value];
  }

  may(value: T): boolean {
    return this.possible.includes(value);
  }
}

type Change = () => { before: () => void; doubt: () => void; after: () => void };

/** That a fact becomes this. */
export function to<T>(known: Known<T>, value: T): Change {
  return () => {
    const before = [...known.possible];
    return {
      before: () => (known.possible = before),
      doubt: () => (known.possible = [...before, value]),
      after: () => known.set(value),
    };
  };
}

/** Asks for changes. Answered with success, they were made; refused, they were not; not answered, nobody knows. */
export async function write(request: () => Promise<Response>, ...changes: Change[]): Promise<Response> {
  const each = changes.map((change) => change());
  each.forEach(({ doubt }) => doubt());
  const response = await request();
  each.forEach(({ before, after }) => (response.ok ? after() : before()));
  return response;
}

/** `SplitMix64`, so that a seed repeats a test. */
export class Random {
  constructor(private state: bigint) {}

  below(bound: number): number {
    this.state = BigInt.asUintN(64, this.state + 0x9e3779b97f4a7c15n);
    let z = this.state;
    z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
    z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
    return Number((z ^ (z >> 31n)) % BigInt(bound));
  }

  of<T>(choices: T[]): T {
    return choices[this.below(choices.length)];
  }
}
