import { isDeepStrictEqual } from 'node:util';
import type { Finding } from '../../model/finding.ts';
import { findLine, parseJson, parseYaml, SyntaxProblem } from './parse-document.ts';
import {
  readObjects,
  type ObjectProblem,
  type ReadObject,
  type ReadResult,
} from './read-object.ts';
import { printPath, ShapeError, type Path } from './shape.ts';
import { splitDocuments, type DocumentText } from './split-documents.ts';

/** What one file says. */
export interface Manifest {
  readonly text: string;
  readonly documents: readonly ManifestDocument[];
  readonly objects: readonly ManifestObject[];
  readonly findings: readonly Finding[];
  readonly refused: readonly RefusedObject[];
  /** Kinds that are not read, `apps/v1 Deployment`. */
  readonly ignoredKinds: readonly string[];
}

interface ManifestDocument extends DocumentText {
  readonly results: readonly ReadResult[];
}

export interface ManifestObject extends ReadObject {
  /** `document 2, line 14`. */
  readonly place: string;
}

/** An object that is not served, and was not before. */
export interface RefusedObject extends Pick<ObjectProblem, 'resource' | 'key'> {
  /** File, place and reason. */
  readonly why: string;
}

/** The file can't be read as YAML or JSON at all. */
export class UnreadableManifest extends Error {
  /** `document 2, line 14`. */
  readonly place: string | undefined;

  constructor(message: string, place?: string) {
    super(message);
    this.place = place;
  }
}

/**
 * Reads a file's text. What did not change since `previous` keeps its identity; an object that has become invalid stays as
 * it was there, as it would in a cluster, whose API server refuses the change. Throws an `UnreadableManifest`.
 */
export function readManifest(path: string, text: string, previous?: Manifest): Manifest {
  const parsedBefore = new Map(previous?.documents.map((document) => [document.text, document]));
  const pieces = path.endsWith('.json') ? [{ number: 1, line: 1, text }] : splitDocuments(text);
  const documents = pieces.map((piece) => ({
    ...piece,
    results: parsedBefore.get(piece.text)?.results ?? parsePiece(path, piece),
  }));
  const objectsBefore = new Map(previous?.objects.map((object) => [identityOf(object), object]));
  const objects: ManifestObject[] = [];
  const findings: Finding[] = [];
  const refused: RefusedObject[] = [];
  const ignoredKinds = new Set<string>();
  for (const document of documents) {
    for (const result of document.results) {
      if (result.outcome === 'ignored') {
        ignoredKinds.add(result.kind);
      } else if (result.outcome === 'read') {
        const before = objectsBefore.get(identityOf(result.read));
        objects.push({ ...keepIdentity(result.read, before), place: placeOf(document, 1) });
      } else {
        const { problem } = result;
        const before = objectsBefore.get(identityOf(problem));
        const why = explain(path, document, problem);
        if (before === undefined)
          refused.push({ resource: problem.resource, key: problem.key, why });
        else objects.push(before);
        findings.push(findingOf(path, problem, why, before !== undefined));
      }
    }
  }
  return { text, documents, objects, findings, refused, ignoredKinds: [...ignoredKinds] };
}

function parsePiece(path: string, piece: DocumentText): ReadResult[] {
  let values: unknown[];
  try {
    values = path.endsWith('.json') ? [parseJson(piece.text)] : parseYaml(piece.text);
  } catch (error) {
    if (!(error instanceof SyntaxProblem)) throw error;
    throw new UnreadableManifest(error.message, placeOf(piece, error.line));
  }
  return values.flatMap((value) => {
    try {
      return readObjects(value);
    } catch (error) {
      if (!(error instanceof ShapeError)) throw error;
      return [{ outcome: 'invalid', problem: problemOf(error) }];
    }
  });
}

const problemOf = ({ path, message }: ShapeError): ObjectProblem => ({
  path,
  reason: message,
  name: undefined,
  resource: undefined,
  key: undefined,
});

function identityOf({ resource, key }: Pick<ObjectProblem, 'resource' | 'key'>): string {
  return key === undefined ? '' : `${resource ?? ''} ${key}`;
}

function keepIdentity(read: ReadObject, before: ManifestObject | undefined): ReadObject {
  if (before === undefined || before.object === read.object) return read;
  return isDeepStrictEqual(before.object, read.object) ? { ...read, object: before.object } : read;
}

function explain(path: string, document: DocumentText, problem: ObjectProblem): string {
  const place = placeOf(document, findLine(document.text, problem.path));
  return `${path}, ${place}: ${problem.reason}`;
}

function findingOf(
  path: string,
  { path: field, name }: ObjectProblem,
  why: string,
  served: boolean,
): Finding {
  const outcome = served ? 'it is served as it was before' : 'it is not served';
  return {
    code: 'object-invalid',
    object: name ?? `File ${path}`,
    field: field.length === 0 ? undefined : printField(field),
    message: `${why}; ${outcome}`,
  };
}

/** Without the position in a list of objects, which the line tells. */
function printField(path: Path): string {
  return printPath(path[0] === 'items' ? path.slice(2) : path);
}

function placeOf(document: DocumentText, line: number): string {
  return `document ${document.number}, line ${document.line + line - 1}`;
}
