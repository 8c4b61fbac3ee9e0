/** Where a value stands in its object: `['spec', 'rules', 0, 'host']`. */
export type Path = readonly (string | number)[];

/** Copies what is known of a value. Throws a `ShapeError` where it is of another type than the API gives it. */
export type Shape<T> = (value: unknown, path: Path) => T;

/** A value is not what the API server would have accepted; `message` is half a sentence: `must be a string`. */
export class ShapeError extends Error {
  readonly path: Path;

  constructor(path: Path, message: string) {
    super(message);
    this.path = path;
  }
}

/** Quotes are what is mostly missing: YAML reads `true` and `1` as no strings. */
export const string: Shape<string> = (value, path) => {
  if (typeof value === 'string') return value;
  const isScalar = typeof value === 'number' || typeof value === 'boolean';
  throw new ShapeError(path, `must be a string${isScalar ? ': put it in quotes' : ''}`);
};

export const integer: Shape<number> = (value, path) => {
  if (Number.isInteger(value)) return value as number;
  throw new ShapeError(path, 'must be a whole number');
};

export const boolean: Shape<boolean> = (value, path) => {
  if (typeof value === 'boolean') return value;
  throw new ShapeError(path, 'must be true or false');
};

export const integerOrString: Shape<number | string> = (value, path) =>
  typeof value === 'number' ? integer(value, path) : string(value, path);

export const list =
  <T>(member: Shape<T>): Shape<readonly T[]> =>
  (value, path) => {
    if (!Array.isArray(value)) throw new ShapeError(path, 'must be a list');
    return value.map((item: unknown, index) => member(item, [...path, index]));
  };

/** A number or boolean is the text that it stands for. */
export const scalarText: Shape<string> = (value, path) =>
  typeof value === 'number' || typeof value === 'boolean' ? String(value) : string(value, path);

/** A value for each key; a key without one is left out. */
export const mapOf =
  <T>(member: Shape<T>): Shape<Readonly<Record<string, T>>> =>
  (value, path) =>
    Object.fromEntries(
      Object.entries(recordOf(value, path))
        .filter(([, item]) => item !== null)
        .map(([key, item]) => [key, member(item, [...path, key])]),
    );

export const strings = mapOf(string);

type Fields = Readonly<Record<string, Shape<unknown>>>;
type Known<F extends Fields, Required extends keyof F> = {
  readonly [K in Exclude<keyof F, Required>]?: ReturnType<F[K]>;
} & { readonly [K in Required]: ReturnType<F[K]> };

/** The named fields and no others; null counts as absent, as in the API. */
export const object =
  <F extends Fields, Required extends keyof F & string = never>(
    fields: F,
    required: readonly Required[] = [],
  ): Shape<Known<F, Required>> =>
  (value, path) => {
    const given = recordOf(value, path);
    const known: Record<string, unknown> = {};
    for (const [name, shape] of Object.entries(fields)) {
      const field = Object.hasOwn(given, name) ? given[name] : undefined;
      if (field !== undefined && field !== null) known[name] = shape(field, [...path, name]);
    }
    for (const name of required) {
      if (known[name] === undefined) throw new ShapeError([...path, name], 'is missing');
    }
    return known as Known<F, Required>;
  };

/** `value` as a mapping; its values are not trusted yet. */
export function recordOf(value: unknown, path: Path): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new ShapeError(path, 'must be a mapping');
}

/** `spec.rules[0].host`; keys with dots in brackets: `metadata.annotations[example.com/a]`. */
export function printPath(path: Path): string {
  return path
    .map((step, index) => {
      if (typeof step === 'number' || /[^\w-]/.test(step)) return `[${step}]`;
      return index === 0 ? step : `.${step}`;
    })
    .join('');
}
