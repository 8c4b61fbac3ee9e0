import assert from 'node:assert/strict';
import { test } from 'node:test';
import { splitDocuments } from './split-documents.ts';

for (const { name, given, want } of [
  { name: 'nothing', given: '', want: [] },
  { name: 'comments alone', given: '# a\n\n  # b\n---\n# c\n', want: [] },
  { name: 'one document', given: 'a: 1\n', want: [[1, 1, 'a: 1\n']] },
  {
    name: 'two, with a comment and an empty one between',
    given: 'a: 1\n---\n# none\n---\nb: 2\n',
    want: [
      [1, 1, 'a: 1\n'],
      [2, 4, '---\nb: 2\n'],
    ],
  },
  {
    name: 'a directive before the marker',
    given: '%YAML 1.2\n---\na: 1',
    want: [[1, 2, '---\na: 1']],
  },
  { name: 'Windows line ends', given: '---\r\na: 1\r\n---\r\n', want: [[1, 1, '---\r\na: 1\r\n']] },
  { name: 'content beside the marker', given: '--- {a: 1}\n', want: [[1, 1, '--- {a: 1}\n']] },
  {
    name: 'dashes that are no marker',
    given: 'a: |\n  ---\n  ----\n',
    want: [[1, 1, 'a: |\n  ---\n  ----\n']],
  },
  { name: 'four dashes', given: '----\n', want: [[1, 1, '----\n']] },
] as const) {
  test(`split documents: ${name}`, () => {
    assert.deepEqual(
      splitDocuments(given).map(({ number, line, text }) => [number, line, text]),
      want,
    );
  });
}
