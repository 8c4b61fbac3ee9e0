import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse, stringify } from 'yaml';
import { validate } from '../../src/admission/ingress-validator.ts';
import { parseReview } from '../../src/admission/review.ts';
import { translate } from '../../src/translate/translate.ts';
import { loadCase } from '../golden/load-case.ts';

/**
 * Each folder is a case: `candidate.yaml` is what somebody writes (its first line says what the case proves), `old.yaml` what
 * is there in its place, `in.yaml` all else that is there, `options.yaml` what the command line says, and `verdict.yaml` what
 * is to come out. UPDATE_GOLDEN=1 writes the last: read the diff.
 */
const root = join(import.meta.dirname, 'cases');

interface Manifest {
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

for (const name of readdirSync(root).sort()) {
  const folder = join(root, name);
  const candidateText = readFileSync(join(folder, 'candidate.yaml'), 'utf8');
  const [purpose = ''] = candidateText.split('\n');
  test(`${name}: ${purpose.slice(2)}`, () => {
    assert.match(purpose, /^# \S/, 'the first line of candidate.yaml says what the case proves');
    const { snapshot, options } = loadCase(folder);
    const candidate = parse(candidateText) as Manifest;
    const oldObject = readOld(folder);
    const { namespace = 'default' } = candidate.metadata;
    const key = `${namespace}/${candidate.metadata.name}`;
    const ingresses = new Map(snapshot.ingresses);
    if (oldObject !== undefined) ingresses.set(key, oldObject as never);
    const now = { ...snapshot, ingresses };
    translate(now, options);

    const request = parseReview(reviewOf(candidate, oldObject));
    assert.ok(!('problem' in request));
    const verdict = validate(request, { snapshot: now, options });
    check(join(folder, 'verdict.yaml'), stringify(verdict, { lineWidth: 0, singleQuote: true }));

    for (const warning of verdict.warnings) assert.ok(warning.length <= 256, warning);
    const there = { ...now, ingresses: new Map(ingresses).set(key, candidate as never) };
    assertSameSentence(verdict.refusals, translate(there, { ...options }).findings);
  });
}

/** What is refused is refused with the sentence of a finding, unless only the webhook asks for it. */
function assertSameSentence(
  refusals: readonly string[],
  findings: readonly { readonly message: string }[],
): void {
  for (const refusal of refusals.filter((text) => !WEBHOOK_ALONE.test(text))) {
    assert.ok(
      findings.some(({ message }) => refusal.endsWith(message)),
      `no finding says: ${refusal}`,
    );
  }
}

const WEBHOOK_ALONE =
  /has characters other than|Snippets are not allowed|It is not read, since|^… and \d+ more/;

function readOld(folder: string): Manifest | undefined {
  const file = join(folder, 'old.yaml');
  return existsSync(file) ? (parse(readFileSync(file, 'utf8')) as Manifest) : undefined;
}

function reviewOf(object: Manifest, oldObject: Manifest | undefined): string {
  return JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: 'u1',
      operation: oldObject === undefined ? 'CREATE' : 'UPDATE',
      resource: { group: 'networking.k8s.io', version: 'v1', resource: 'ingresses' },
      name: object.metadata.name,
      namespace: object.metadata.namespace,
      object,
      oldObject: oldObject ?? null,
    },
  });
}

function check(file: string, actual: string): void {
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, actual);
  const expected = existsSync(file) ? readFileSync(file, 'utf8') : '';
  assert.equal(actual, expected, `${file}: UPDATE_GOLDEN=1 writes it anew`);
}
