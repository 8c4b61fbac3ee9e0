import type { AccessLogSettings } from '../../model/settings.ts';
import { boolean, matching } from '../value-parsers.ts';
import { defineKeys, type KeyValues } from './key.ts';

export const logKeys = defineKeys({
  'disable-access-log': {
    value: boolean(),
    default: 'false',
    empty: false,
    doc: 'Write no access log.',
  },
  'disable-http-access-log': {
    value: boolean(),
    default: 'false',
    empty: false,
    doc: 'The same, for HTTP alone.',
  },
  'log-format-upstream': {
    value: matching(/^[^\0]{1,8192}$/s, 'a line with `$variables`'),
    default:
      '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_length $request_time [$proxy_upstream_name] [$proxy_alternative_upstream_name] $upstream_addr $upstream_response_length $upstream_response_time $upstream_status $req_id',
    doc: 'Line of the access log.',
  },
  'log-format-escape-json': {
    value: boolean(),
    default: 'false',
    empty: false,
    doc: 'Escape what stands in the line for JSON strings; what is missing is empty instead of `-`.',
  },
  'log-format-escape-none': {
    value: boolean(),
    default: 'false',
    empty: false,
    doc: 'Escape nothing but control bytes.',
  },
});

export function accessLogSettings(values: KeyValues<typeof logKeys>): AccessLogSettings {
  if (values['disable-access-log'] || values['disable-http-access-log']) return { kind: 'off' };
  return {
    kind: 'on',
    format: { kind: 'template', text: values['log-format-upstream'] },
    escape: values['log-format-escape-none']
      ? 'none'
      : values['log-format-escape-json']
        ? 'json'
        : 'default',
  };
}
