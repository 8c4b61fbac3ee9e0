import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { stringify } from 'yaml';
import type { Finding } from '../../src/model/finding.ts';
import { translate } from '../../src/translate/translate.ts';
import { loadCase } from './load-case.ts';
import { printConfig } from './print-config.ts';

/**
 * Each folder is a case: `in.yaml` are the objects (its first line says what the case proves), `options.yaml` what the command
 * line says, `config.yaml` and `findings.yaml` what is to come out. UPDATE_GOLDEN=1 writes the last two: read the diff.
 */
const isUpdating = process.env['UPDATE_GOLDEN'] === '1';
const root = import.meta.dirname;

for (const feature of foldersOf(root)) {
  suite(feature, () => {
    for (const name of foldersOf(join(root, feature))) {
      const folder = join(root, feature, name);
      test(`${name}: ${purposeOf(folder)}`, () => {
        const { snapshot, options } = loadCase(folder);
        const { config, findings, references } = translate(snapshot, options);
        check(join(folder, 'config.yaml'), printConfig(config, references));
        check(join(folder, 'findings.yaml'), printFindings(findings));
      });
    }
  });
}

function check(file: string, actual: string): void {
  if (isUpdating) writeFileSync(file, actual);
  const expected = existsSync(file) ? readFileSync(file, 'utf8') : '';
  assert.equal(actual, expected, `${file}: UPDATE_GOLDEN=1 writes it anew`);
}

function purposeOf(folder: string): string {
  const [first = ''] = readFileSync(join(folder, 'in.yaml'), 'utf8').split('\n');
  assert.match(first, /^# \S/, `the first line of ${folder}/in.yaml says what the case proves`);
  return first.slice(2);
}

function printFindings(findings: readonly Finding[]): string {
  return stringify(
    findings.map(({ code, object, field, message }) => ({
      code,
      object,
      ...(field === undefined ? {} : { field }),
      message,
    })),
    { lineWidth: 0, singleQuote: true },
  );
}

function foldersOf(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}
