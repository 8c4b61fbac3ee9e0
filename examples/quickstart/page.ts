import type { Echo } from './demo-backend.ts';

/** The fields that the proxy sets, whatever the client sent. */
const FORWARDED = /^x-(?:forwarded-|real-ip|request-id|scheme|original-)/;

/** A page that needs nothing else: how this very request came here. */
export function renderPage(echo: Echo, links: readonly string[]): string {
  const { host, path, method, service, endpoint, ingress, headers } = echo;
  const proto = String(headers['x-forwarded-proto'] ?? 'http');
  const fields = Object.entries(headers).map(([name, value]) => [name, String(value)] as const);
  const isForwarded = ([name]: readonly [string, string]): boolean => FORWARDED.test(name);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(service)} · ts-nginx quickstart</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<p class="mark">ts-nginx quickstart</p>
<h1>You reached <em>${escape(service)}</em></h1>
<p class="url">${escape(method)} <b>${escape(proto)}</b>://${escape(host)}${escape(path)}</p>
<ol class="way">
${station('your browser', String(headers['x-real-ip'] ?? ''), proto === 'https' ? 'over TLS' : 'in plaintext')}
${station('Ingress', ingress.join(', ') || 'unknown', 'host and path decide')}
${station('Service', service, 'a set of endpoints')}
${station('endpoint', endpoint, 'wrote this page')}
</ol>
<p class="quiet">Edit a file in <code>examples/quickstart/</code>, save it, and reload: nothing restarts.</p>
<h2>Other ways in</h2>
<ul>${links.map((link) => `<li><a href="${escape(link)}">${escape(link)}</a></li>`).join('')}</ul>
<h2>What ts-nginx told the backend</h2>
${table(fields.filter(isForwarded))}
<details>
<summary>What your browser sent, passed on</summary>
${table(fields.filter((field) => !isForwarded(field)))}
</details>
</main>
</body>
</html>
`;
}

function station(what: string, name: string, remark: string): string {
  return `<li><span>${escape(what)}</span><b>${escape(name)}</b><span>${escape(remark)}</span></li>`;
}

function table(fields: readonly (readonly [string, string])[]): string {
  const rows = fields.map(
    ([name, value]) => `<tr><th>${escape(name)}</th><td>${escape(value)}</td></tr>`,
  );
  return `<table>${rows.join('\n')}</table>`;
}

/** Everything on the page comes from a request: none of it may become markup. */
function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

const STYLE = `
:root {
  color-scheme: light dark;
  --page: light-dark(#f6f7f9, #14171c); --card: light-dark(#fff, #1c2027);
  --line: light-dark(#dde1e7, #2f3641); --text: light-dark(#1b2230, #e3e7ee);
  --quiet: light-dark(#5c6677, #98a3b5); --link: light-dark(#0b57c2, #8ab8ff);
  --good: light-dark(#146c2e, #7ddc95);
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
.mark { margin: 0; color: var(--good); font-weight: 600; }
h1 { margin: .25rem 0 0; font-size: 2.25rem; line-height: 1.2; }
h1 em { font-style: normal; color: var(--link); }
h2, summary { margin: 2.25rem 0 .5rem; font-size: 1.1rem; font-weight: 600; }
summary { cursor: pointer; }
.url { margin: .5rem 0 2rem; font: 1rem ui-monospace, monospace; color: var(--quiet); overflow-wrap: anywhere; }
.url b { color: var(--text); }
.way { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: 1.75rem; margin: 0; padding: 0; list-style: none; }
.way li { position: relative; padding: .8rem 1rem; background: var(--card); border: 1px solid var(--line); border-radius: .6rem; }
.way li + li::before { content: '→'; position: absolute; left: -1.45rem; top: 50%; translate: 0 -50%; color: var(--quiet); }
.way li:last-child { border-color: var(--good); }
.way span { display: block; color: var(--quiet); font-size: .85rem; }
.way b { overflow-wrap: anywhere; }
table { width: 100%; border-collapse: collapse; background: var(--card); border: 1px solid var(--line); border-radius: .6rem; overflow: hidden; }
th, td { padding: .45rem 1rem; text-align: left; vertical-align: top; font: .9rem/1.5 ui-monospace, monospace; border-top: 1px solid var(--line); }
th { width: 16rem; font-weight: 400; color: var(--quiet); }
td { overflow-wrap: anywhere; }
a { color: var(--link); }
ul { margin: 0; padding-left: 1.25rem; font: .9rem/1.8 ui-monospace, monospace; }
.quiet { margin: 1.5rem 0 0; color: var(--quiet); }
`;
