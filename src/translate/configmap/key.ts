import type { ValueParser } from '../value-parsers.ts';

export interface Salvage<T> {
  readonly value: T;
  /** A sentence that tells what holds. */
  readonly consequence: string;
}

export interface KeySpec<T> {
  readonly value: ValueParser<T>;
  /** What holds without the key, as a text of its syntax; `''` only where `empty` says what that is. */
  readonly default: string;
  /** What a present but empty value means; without this it means the default. */
  readonly empty?: T;
  /** What is left of a value that does not parse, where the default would open what the value was to close. */
  readonly salvage?: (text: string) => Salvage<T>;
  /** One sentence for the page of ConfigMap keys. */
  readonly doc: string;
  /** It guards access: with a value that does not parse, what it would have guarded answers 503. */
  readonly isGuard?: boolean;
  /** Its value is a secret, one that does not parse included: no message repeats it. */
  readonly isSensitive?: boolean;
}

export type Keys<T> = { readonly [K in keyof T]: KeySpec<T[K]> };

/** The values of a group of keys. */
export type KeyValues<K> = {
  readonly [Name in keyof K]: K[Name] extends KeySpec<infer T> ? T : never;
};

export function defineKeys<T extends object>(keys: Keys<T>): Keys<T> {
  return keys;
}
