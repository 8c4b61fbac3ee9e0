/** A piece of a file that is parsed by itself. */
export interface DocumentText {
  /** From 1. */
  readonly number: number;
  /** Line of the file that `text` begins in, from 1. */
  readonly line: number;
  readonly text: string;
}

/**
 * Cuts a YAML stream before each `---`, so that a document that did not change is known by its text and not parsed again.
 * The marker can't be part of a document's contents: YAML 1.2.2 §9.1.2 forbids it at the start of a line, in block scalars
 * and quoted text too. Directives (`%YAML`) and comments before the first marker are left out.
 */
export function splitDocuments(stream: string): DocumentText[] {
  const starts = [...stream.matchAll(/^---(?=\s|$)/gm)].map(({ index }) => index);
  if (starts[0] !== 0) starts.unshift(0);
  const documents: DocumentText[] = [];
  let line = 1;
  starts.forEach((start, index) => {
    const text = stream.slice(start, starts[index + 1]);
    if (hasContent(text)) documents.push({ number: documents.length + 1, line, text });
    line += text.split('\n').length - 1;
  });
  return documents;
}

/** Whether there is more than markers, directives, comments and white space. */
function hasContent(text: string): boolean {
  return text.split('\n').some((line) => !/^(?:---|\.\.\.)?\s*(?:#.*)?$|^%/.test(line.trimEnd()));
}
