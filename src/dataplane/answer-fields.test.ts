import assert from 'node:assert/strict';
import test from 'node:test';
import { defaultSettings } from '../../test/blackbox/harness/default-settings.ts';
import { AnswerFieldsMaker } from './answer-fields.ts';
import { Clock } from './clock.ts';
import { FieldKind, FieldList } from './fields.ts';

const DATE = /^Date: [A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT\r\n/;

function received(...names: readonly string[]): FieldList {
  const fields = new FieldList();
  for (const name of names) fields.push(name, 'x');
  return fields;
}

test('Date is ours; Server, X-Accel-… and X-Pad of the endpoint are not passed on', () => {
  const maker = new AnswerFieldsMaker(new Clock());
  const { added, dropped } = maker.fieldsFor(undefined, defaultSettings, received('Server'));
  assert.match(added.lines, DATE);
  assert.equal(added.fields.length, 1);
  for (const kind of [FieldKind.Date, FieldKind.Server, FieldKind.XAccel, FieldKind.XPad]) {
    assert.equal(dropped[kind], 1);
  }
  assert.equal(dropped[FieldKind.SetCookie], 0);
  assert.equal(dropped[FieldKind.StrictTransportSecurity], 0);
});

test('HSTS takes the place of what the endpoint says', () => {
  const maker = new AnswerFieldsMaker(new Clock());
  const { added, dropped } = maker.fieldsFor('max-age=1', defaultSettings);
  assert.match(added.lines, /Strict-Transport-Security: max-age=1\r\n$/);
  assert.equal(dropped[FieldKind.StrictTransportSecurity], 1);
});

test("Server: ours, the endpoint's, or none", () => {
  const maker = new AnswerFieldsMaker(new Clock());
  const serverOf = (settings: Partial<typeof defaultSettings>, fields: FieldList): string => {
    const made = maker.fieldsFor(undefined, { ...defaultSettings, ...settings }, fields);
    const own = /Server: ([^\r]*)/.exec(made.added.lines)?.[1];
    return own ?? (made.dropped[FieldKind.Server] === 1 ? 'none' : 'upstream');
  };
  const withServer = received('Server');
  assert.equal(serverOf({}, withServer), 'none');
  assert.equal(serverOf({ serverTokens: true }, withServer), 'ts-nginx');
  assert.equal(serverOf({ allowUpstreamServerField: true }, withServer), 'upstream');
  const both = { serverTokens: true, allowUpstreamServerField: true };
  assert.equal(serverOf(both, withServer), 'upstream');
  assert.equal(serverOf(both, received()), 'ts-nginx');
});

test('they are made once a second and host, and anew when the settings change', () => {
  const maker = new AnswerFieldsMaker(new Clock());
  const first = maker.fieldsFor('max-age=1', defaultSettings);
  assert.equal(maker.fieldsFor('max-age=1', defaultSettings), first);
  assert.notEqual(maker.fieldsFor('max-age=2', defaultSettings), first);
  assert.notEqual(maker.fieldsFor('max-age=1', { ...defaultSettings }), first);
});
