/**
 * A key or credential. It prints as `[redacted]` wherever it might be printed by accident: JSON, YAML, template strings,
 * `util.inspect` and so any log line. Only `reveal()` gives the text.
 */
export class Sensitive {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toJSON(): string {
    return '[redacted]';
  }

  toString(): string {
    return '[redacted]';
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '[redacted]';
  }
}
