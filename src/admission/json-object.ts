export type JsonObject = Readonly<Record<string, unknown>>;

/** The value where it is an object and no list. */
export function objectIn(value: unknown): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as JsonObject)
    : undefined;
}

/** The same; an empty one where it is something else. */
export function asObject(value: unknown): JsonObject {
  return objectIn(value) ?? {};
}
