/** Texts as ingress-nginx's users know them: they match on `404 Not Found`. Source: routing.md §12. */
const TITLES: Readonly<Record<number, string>> = {
  301: 'Moved Permanently',
  302: 'Found',
  303: 'See Other',
  307: 'Temporary Redirect',
  308: 'Permanent Redirect',
  400: 'Bad Request',
  401: 'Authorization Required',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Not Allowed',
  408: 'Request Time-out',
  413: 'Request Entity Too Large',
  414: 'Request-URI Too Large',
  417: 'Expectation Failed',
  421: 'Misdirected Request',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Temporarily Unavailable',
  504: 'Gateway Time-out',
  505: 'HTTP Version Not Supported',
};

/** For the status line of an answer of our own. */
export function statusText(status: number): string {
  return TITLES[status] ?? (status === 200 ? 'OK' : 'Unknown');
}

const pages = new Map<string, Buffer>();

/**
 * The page of a status: fixed text, so no byte of a client's or an upstream's can be in it.
 * @param title what follows the code, where it is not the status's usual text.
 * @param product named below the line; undefined: not at all (`server-tokens`).
 */
export function errorPage(status: number, title: string, product: string | undefined): Buffer {
  const key = `${status} ${title} ${product ?? ''}`;
  let page = pages.get(key);
  if (page === undefined) {
    page = Buffer.from(renderPage(`${status} ${title}`, product), 'latin1');
    pages.set(key, page);
  }
  return page;
}

function renderPage(text: string, product: string | undefined): string {
  return [
    '<html>',
    `<head><title>${text}</title></head>`,
    '<body>',
    `<center><h1>${text}</h1></center>`,
    ...(product === undefined ? [] : [`<hr><center>${product}</center>`]),
    '</body>',
    '</html>',
    '',
  ].join('\r\n');
}
