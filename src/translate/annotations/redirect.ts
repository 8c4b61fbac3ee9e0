import type { RedirectConfig } from '../../model/filter-config.ts';
import { oneOf, type ValueParser } from '../value-parsers.ts';
import { defineFeature, type AnnotationSpec } from './feature.ts';

const VARIABLE = String.raw`\$(?:host|scheme|request_uri|uri|args)(?![A-Za-z0-9_])`;
const START = String.raw`(?:(?:https?|\$scheme)://(?=[^/])|/(?!/))`;
const TARGET = new RegExp(`^${START}(?:[A-Za-z0-9/:._~,?&=%#+@!;*()-]|${VARIABLE})*$`);

/** No other variable, no scheme-relative URL (security.md 3.4). */
function redirectTarget(): ValueParser<string> {
  return {
    syntax:
      'an `http` or `https` URL or an absolute path; it may hold `$scheme`, `$host`, `$request_uri`, `$uri` and `$args`',
    parse: (text) => (text.length <= 2_048 && TARGET.test(text) ? text : undefined),
  };
}

function target(doc: string): AnnotationSpec<string> {
  return { value: redirectTarget(), onInvalid: 'drop-ingress', risk: 'medium', default: '', doc };
}

type Status = `${RedirectConfig['status']}`;

function status(usual: Status, doc: string, ...values: Status[]): AnnotationSpec<Status> {
  return { value: oneOf(...values), onInvalid: 'default', risk: 'low', default: usual, doc };
}

/** Answers every request to a path with a redirect: before TLS redirect, limits and access control, without any endpoint. */
export const redirect = defineFeature<{
  'temporal-redirect': string;
  'temporal-redirect-code': Status;
  'permanent-redirect': string;
  'permanent-redirect-code': Status;
}>({
  annotations: {
    'temporal-redirect': target(
      'Sends every request to this URL, for now. Wins over `permanent-redirect`.',
    ),
    'temporal-redirect-code': status('302', 'Its status.', '301', '302', '303', '307'),
    'permanent-redirect': target('Sends every request to this URL, for good.'),
    'permanent-redirect-code': status('301', 'Its status.', '301', '302', '303', '307', '308'),
  },
  applyToRoute: (route, values) => {
    const isTemporal = values['temporal-redirect'] !== undefined;
    const location = values['temporal-redirect'] ?? values['permanent-redirect'];
    if (location === undefined) return route;
    const code = isTemporal
      ? (values['temporal-redirect-code'] ?? '302')
      : (values['permanent-redirect-code'] ?? '301');
    const filter: RedirectConfig = {
      kind: 'redirect',
      status: Number(code) as RedirectConfig['status'],
      location,
    };
    return { ...route, filters: [...route.filters, filter] };
  },
});
