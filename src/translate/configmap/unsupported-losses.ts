/** What becomes of traffic for want of a key, a sentence; keys of one feature share theirs. The first that matches holds. */
const losses: readonly (readonly [RegExp, string])[] = [
  [/^proxy-set-headers$/, 'Endpoints do not get these request fields.'],
  [/^add-headers$/, 'Answers go to clients without these fields.'],
  [/^hide-headers$/, "Clients see these fields of the endpoints' answers."],
  [/^custom-http-errors$/, "Clients see the endpoints' own error pages."],
  [/^(?:use-gzip|gzip-|enable-brotli|brotli-)/, 'No answer is compressed here.'],
  [/^block-(?:user-agents|referers)$/, 'Requests with these fields are served.'],
  [/^limit-rate/, 'Answers are sent as fast as clients take them.'],
  [/^proxy-cookie-/, 'Cookies of endpoints go to clients as they are.'],
  [/^proxy-redirect-/, 'Locations of endpoints go to clients as they are.'],
  [/^(?:enable-syslog|syslog-)/, 'Logs go to stdout and stderr alone.'],
  [/(?:access|error)-log-path$/, 'Logs go to stdout and stderr alone.'],
  [/^error-log-level$/, 'The level of the log is that of --log-level.'],
  [/^skip-access-log-urls$/, 'The access log has requests to these, too.'],
  [/^(?:enable-opentelemetry|opentelemetry-|otlp-|otel-)/, 'No traces are sent.'],
  [/^(?:main|stream)-snippet$/, 'The text is never run.'],
  [/^bind-address$/, 'The address to listen on is that of --bind.'],
  [/^enable-ocsp$/, "Clients' certificates are not looked up by OCSP."],
  [/^worker-processes$/, 'The number of workers is that of --workers.'],
];

/** Longer ones are in docs/configmap.md. */
const MAX_DEFAULT_LENGTH = 60;

/** What is said of a key that is not honoured: what is lost, which default holds, and the remedy. */
export function describeLoss(key: string, byDefault: string): string {
  const loss = losses.find(([keys]) => keys.test(key))?.[1];
  const isShown = byDefault !== '' && byDefault.length <= MAX_DEFAULT_LENGTH;
  return [
    'The key is not honoured yet and has no effect.',
    ...(loss === undefined ? [] : [loss]),
    isShown
      ? `Remove it, or count with its default ${JSON.stringify(byDefault)}.`
      : 'Remove it, or count with its default.',
  ].join(' ');
}
