import assert from 'node:assert/strict';
import { test } from 'node:test';
import { escapeProfile } from './escape-profile.ts';

const names = ['RegExp: ^[!-"$-~]+$', 'RegExp: [^\\x20\\x23-\\x5b]', 'RegExp: "}', 'plain', ''];

/** As V8 writes it. */
const raw = (functionNames: readonly string[], url: string): string => {
  const nodes = functionNames.map(
    (name) =>
      `{"id":1,"callFrame":{"functionName":"${name}","lineNumber":-1,"columnNumber":-1,"scriptId":0,"url":"${url}"}}`,
  );
  return `{"nodes":[${nodes.join(',')}],"startTime":1,"endTime":2,"samples":[1],"timeDeltas":[0]}`;
};

interface Profile {
  readonly nodes: readonly { readonly callFrame: { functionName: string; url: string } }[];
}

test('names of regular expressions and Windows paths are escaped', () => {
  const url = 'C:\\x\\unicode.js';
  const { nodes } = JSON.parse(escapeProfile(raw(names, url))) as Profile;
  assert.deepEqual(
    nodes.map(({ callFrame }) => callFrame.functionName),
    names,
  );
  assert.ok(nodes.every(({ callFrame }) => callFrame.url === url));
});

test('what is JSON already stays as it is', () => {
  const text = raw(['plain', 'escaped \\" once'], 'file:///a.js');
  assert.equal(escapeProfile(text), text);
});
