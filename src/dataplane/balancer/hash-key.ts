import type { KeyPart, KeyTemplate } from '../../model/config.ts';
import { FieldKind, type FieldList } from '../fields.ts';
import { valuesOf } from '../origin.ts';
import type { PickContext } from './balancer.ts';

/** The text that an exchange is hashed by. What it does not have counts as empty. */
export function hashKey(template: KeyTemplate, context: PickContext): string {
  let text = '';
  for (const part of template) text += textOf(part, context);
  return text;
}

function textOf(part: KeyPart, context: PickContext): string {
  switch (part.kind) {
    case 'text':
      return part.text;
    case 'target':
      return context.target;
    case 'path':
      return context.path;
    case 'query':
      return context.query.slice(1);
    case 'host':
      return context.host;
    case 'authority':
      return context.authority;
    case 'client-address':
      return context.clientAddress;
    case 'scheme':
      return context.scheme;
    case 'method':
      return context.method;
    case 'field':
      return valuesOf(context.fields, part.name) ?? '';
    case 'argument':
      return argumentOf(context.query, part.name);
    case 'cookie':
      return cookieOf(context.fields, part.name);
  }
}

/** Value of the first `name=` in a query, still encoded; the name without regard to case, as nginx's `$arg_`. */
function argumentOf(query: string, lowerName: string): string {
  let start = 1;
  while (start < query.length) {
    const mark = query.indexOf('&', start);
    const end = mark === -1 ? query.length : mark;
    const equals = start + lowerName.length;
    if (query[equals] === '=' && equals < end && isNamed(query, start, equals, lowerName)) {
      return query.slice(equals + 1, end);
    }
    start = end + 1;
  }
  return '';
}

function cookieOf(fields: FieldList, lowerName: string): string {
  let value: string | undefined;
  forEachCookie(fields, (text, start, equals, end) => {
    if (value === undefined && isNamed(text, start, equals, lowerName)) {
      value = text.slice(equals + 1, end);
    }
  });
  return value ?? '';
}

function isNamed(text: string, start: number, end: number, lowerName: string): boolean {
  return end - start === lowerName.length && text.slice(start, end).toLowerCase() === lowerName;
}

/** Each `name=value` of all Cookie fields in order: `text` from `start` to `equals` is the name, to `end` the value. */
export function forEachCookie(
  fields: FieldList,
  onCookie: (text: string, start: number, equals: number, end: number) => void,
): void {
  for (let index = 0; index < fields.length; index++) {
    if (fields.kinds[index] !== FieldKind.Cookie) continue;
    const text = fields.values[index] ?? '';
    let start = 0;
    while (start < text.length) {
      while (text[start] === ' ') start++;
      const semicolon = text.indexOf(';', start);
      const end = semicolon === -1 ? text.length : semicolon;
      const equals = text.indexOf('=', start);
      if (equals !== -1 && equals < end) onCookie(text, start, equals, end);
      start = end + 1;
    }
  }
}
