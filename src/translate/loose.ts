/** Reading of values that claim a type which nobody has checked: objects may come from files. Nothing here throws. */

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

export function integerOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : undefined;
}

/** The members that are objects; nothing where it is no list. */
export function objectsOf<T extends object>(
  value: readonly T[] | null | undefined,
): readonly (T | undefined)[] {
  const raw: unknown = value;
  return Array.isArray(raw) ? raw.map((item: unknown) => objectOf(item as T)) : [];
}

/** The value where it is an object and no list. */
export function objectOf<T extends object>(value: T | null | undefined): T | undefined {
  const raw: unknown = value;
  return typeof raw === 'object' && raw !== null && !Array.isArray(raw)
    ? (value ?? undefined)
    : undefined;
}

/** The members that are strings; nothing where it is no list. */
export function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item: unknown) => typeof item === 'string') : [];
}

/** Own entries whose values are strings. */
export function textEntriesOf(value: unknown): readonly (readonly [string, string])[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return Object.entries(value).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
}
