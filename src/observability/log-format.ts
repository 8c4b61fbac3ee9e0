import type { AccessLogSettings } from '../model/settings.ts';
import { jsonLine } from './json-line.ts';
import type { ExchangeRecord } from './exchange-record.ts';
import { escapeControls, escapeHex, escapeJson, toBinary } from './log-escape.ts';
import type { LogEscape } from './log-escape.ts';
import { logVariable } from './log-variables.ts';

/** A line with its line feed, as a binary string (one character a byte). */
export type LineFormat = (record: ExchangeRecord) => string;

export function compileLogFormat(settings: AccessLogSettings & { kind: 'on' }): LineFormat {
  if (settings.format.kind === 'json') return jsonLine;
  return compileTemplate(settings.format.text, settings.escape);
}

type Escape = (AccessLogSettings & { kind: 'on' })['escape'];
type Part = (record: ExchangeRecord) => string;

const escapes: Readonly<Record<Escape, LogEscape>> = {
  default: escapeHex,
  json: escapeJson,
  none: escapeControls,
};

/** `$name` and `${name}` are replaced; all else is literal. The template is taken apart once, a line is one pass. */
function compileTemplate(template: string, escape: Escape): LineFormat {
  const parts: Part[] = [];
  let position = 0;
  for (const match of template.matchAll(/\$(?:\{(\w+)\}|(\w+))/g)) {
    addLiteral(parts, template.slice(position, match.index));
    parts.push(variablePart(match[1] ?? match[2] ?? '', escape));
    position = match.index + match[0].length;
  }
  addLiteral(parts, template.slice(position));
  return (record) => {
    let line = '';
    for (const part of parts) line += part(record);
    return line + '\n';
  };
}

function addLiteral(parts: Part[], text: string): void {
  if (text === '') return;
  // A format of several lines would break "one line an exchange"; tabs are wanted by those who write columns.
  const literal = toBinary(text.replace(/[\x00-\x08\x0a-\x1f\x7f-\x9f]+/g, ' '));
  parts.push(() => literal);
}

function variablePart(name: string, style: Escape): Part {
  const missing = style === 'default' ? '-' : '';
  const variable = logVariable(name);
  if (variable === undefined) return () => missing;
  const { valueOf } = variable;
  if (variable.origin === 'ours') return (record) => valueOf(record) ?? missing;
  const escape = escapes[style];
  return (record) => {
    const value = valueOf(record);
    return value === undefined ? missing : escape(value);
  };
}
