import assert from 'node:assert/strict';
import test from 'node:test';
import { errorPage, statusText } from './error-page.ts';

test('a page says code and text, and nothing of who we are', () => {
  assert.equal(
    errorPage(404, statusText(404), undefined).toString(),
    '<html>\r\n<head><title>404 Not Found</title></head>\r\n<body>\r\n' +
      '<center><h1>404 Not Found</h1></center>\r\n</body>\r\n</html>\r\n',
  );
});

test('a page names the product where that is wanted', () => {
  assert.match(
    errorPage(502, statusText(502), 'ts-nginx').toString(),
    /<\/h1><\/center>\r\n<hr><center>ts-nginx<\/center>\r\n<\/body>/,
  );
});

test('a page is made once', () => {
  assert.equal(errorPage(503, 'x', undefined), errorPage(503, 'x', undefined));
  assert.notEqual(errorPage(503, 'x', undefined), errorPage(503, 'y', undefined));
});

for (const { status, text } of [
  { status: 308, text: 'Permanent Redirect' },
  { status: 413, text: 'Request Entity Too Large' },
  { status: 414, text: 'Request-URI Too Large' },
  { status: 503, text: 'Service Temporarily Unavailable' },
  { status: 504, text: 'Gateway Time-out' },
  { status: 200, text: 'OK' },
]) {
  test(`the text of ${status}, as users of ingress-nginx know it`, () => {
    assert.equal(statusText(status), text);
  });
}
