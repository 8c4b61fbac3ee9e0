/**
 * security-table.md says for every line of security-lines.ts which tests show it. This test fails while a line has neither a
 * test nor a reason, and while the page is not what the tests say; UPDATE_SECURITY_TABLE=1 writes it anew.
 */
import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { laterLines, type SecurityLine, securityLines } from './security-lines.ts';
import { declaredTests, listOnly } from './wire-test.ts';

const PAGE = new URL('security-table.md', import.meta.url);
const OWN_NAME = 'security-table.test.ts';

interface Shown {
  readonly file: string;
  readonly name: string;
}

/** Loads every test file of this folder without running it. */
async function collectTests(): Promise<Map<string, Shown[]>> {
  listOnly();
  const byLine = new Map<string, Shown[]>();
  const names = await readdir(new URL('.', import.meta.url));
  for (const file of names
    .filter((name) => name.endsWith('.test.ts') && name !== OWN_NAME)
    .sort()) {
    const before = declaredTests.length;
    await import(new URL(file, import.meta.url).href);
    assert.ok(declaredTests.length > before, `${file} declares no wire test`);
    for (const { lines, name } of declaredTests.slice(before)) {
      for (const line of lines) byLine.set(line, [...(byLine.get(line) ?? []), { file, name }]);
    }
  }
  return byLine;
}

const lines = Object.keys(securityLines) as SecurityLine[];
const byLine = await collectTests();

test('every line is shown by a test, or says why not', () => {
  const gaps = lines.filter((line) => !byLine.has(line) && laterLines[line] === undefined);
  assert.deepEqual(gaps, []);
});

test('no two tests have one name', () => {
  const names = declaredTests.map(({ name }) => name);
  assert.deepEqual(
    names.filter((name, index) => names.indexOf(name) !== index),
    [],
  );
});

test('security-table.md is what the tests say', async () => {
  const wanted = page();
  if (process.env['UPDATE_SECURITY_TABLE'] === '1') await writeFile(PAGE, wanted);
  assert.equal(
    await readFile(PAGE, 'utf8'),
    wanted,
    'run with UPDATE_SECURITY_TABLE=1 and review the diff',
  );
});

function page(): string {
  const sections = lines.map((line) => {
    const items = [...Map.groupBy(byLine.get(line) ?? [], ({ file }) => file)].map(
      ([file, shown]) => `- ${file}: ${shown.map(({ name }) => escaped(name)).join(' · ')}`,
    );
    const later = laterLines[line];
    if (later !== undefined) items.push(`- later: ${later}`);
    return `## ${line}\n\n${securityLines[line]}.\n\n${items.join('\n')}\n`;
  });
  return `# What shows what\n\nWritten by \`${OWN_NAME}\`; the lines are those of \`security-lines.ts\`.\n\n${sections.join('\n')}`;
}

/** Test names hold raw bytes and marks that Markdown would take for its own. */
function escaped(name: string): string {
  return name.replace(/[\\`*_<>[\]]/g, '\\$&').replace(/[\x00-\x1f\x7f-\xff]/g, '?');
}
