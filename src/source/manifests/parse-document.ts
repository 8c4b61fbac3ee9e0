import {
  isNode,
  LineCounter,
  parseAllDocuments,
  type Document,
  type DocumentOptions,
  type ParseOptions,
  type SchemaOptions,
} from 'yaml';
import type { Path } from './shape.ts';

/** A text that is not YAML or JSON; `line` counts from 1 in that text. */
export class SyntaxProblem extends Error {
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

/** YAML 1.2 with its core schema alone: what it says is what JSON could say. */
const options: DocumentOptions & ParseOptions & SchemaOptions = {
  version: '1.2',
  schema: 'core',
  merge: false,
  resolveKnownTags: false,
  prettyErrors: false, // they would quote the source, which may be a Secret's
  logLevel: 'silent', // nothing is printed past our own log
};

/** Aliases may be resolved so often in one document; more is an attempt to make a huge value of a small text. */
const MAX_ALIASES = 100;

/** The values of a piece of YAML: one mostly, none where it holds comments alone. Throws a `SyntaxProblem`. */
export function parseYaml(text: string): unknown[] {
  const lines = new LineCounter();
  return compose(text, lines).map((document) => {
    const [problem] = [...document.errors, ...document.warnings];
    if (problem !== undefined) {
      const reason = problem.code.toLowerCase().replaceAll('_', ' ');
      throw new SyntaxProblem(lineOf(problem.pos[0], lines), `not valid YAML (${reason})`);
    }
    try {
      return document.toJS({ maxAliasCount: MAX_ALIASES }) as unknown;
    } catch {
      throw new SyntaxProblem(1, 'not valid YAML (an alias is unknown, or there are too many)');
    }
  });
}

/** The value of a JSON text. Throws a `SyntaxProblem`. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    // The message quotes the source, which may be a Secret's: only the place is taken from it.
    const offset = /at position (\d+)/.exec(String(error))?.[1];
    const before = text.slice(0, offset === undefined ? text.length : Number(offset));
    throw new SyntaxProblem(before.split('\n').length, 'not valid JSON');
  }
}

/** Line of `text` (YAML or JSON), from 1, where `path` stands, or else the nearest of its parents that does. */
export function findLine(text: string, path: Path): number {
  const lines = new LineCounter();
  const document = compose(text, lines)[0];
  for (let length = path.length; document !== undefined && length >= 0; length -= 1) {
    const node: unknown = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return lineOf(node.range[0], lines);
  }
  return 1;
}

function compose(text: string, lineCounter: LineCounter): Document.Parsed[] {
  try {
    const documents = parseAllDocuments(text, { ...options, lineCounter });
    return 'empty' in documents ? [] : documents;
  } catch {
    // The parser itself gave up: nesting deeper than its stack, for one.
    throw new SyntaxProblem(1, 'not valid YAML (too deeply nested)');
  }
}

function lineOf(offset: number, lines: LineCounter): number {
  return Math.max(1, lines.linePos(offset).line);
}
