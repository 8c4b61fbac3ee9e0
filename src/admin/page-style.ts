/** Style of the status page; both of the viewer's colour schemes. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: light-dark(#f6f7f9, #14171c);
  --card: light-dark(#ffffff, #1c2027);
  --line: light-dark(#dde1e7, #2f3641);
  --text: light-dark(#1b2230, #e3e7ee);
  --quiet: light-dark(#5c6677, #98a3b5);
  --link: light-dark(#0b57c2, #8ab8ff);
  --good: light-dark(#146c2e, #7ddc95);
  --good-back: light-dark(#e2f5e7, #16331f);
  --bad: light-dark(#a3170d, #ffa198);
  --bad-back: light-dark(#fdeae8, #431a17);
  --warn: light-dark(#7a4b00, #f2c46d);
  --warn-back: light-dark(#fdf1d8, #3a2c0e);
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
header, main { max-width: 72rem; margin: 0 auto; padding: 0 1.25rem; }
header { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; align-items: baseline; padding-top: 1.5rem; }
h1 { font-size: 1.5rem; margin: 0; flex: 1; white-space: nowrap; }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
small, .quiet { color: var(--quiet); font-weight: normal; }
small { font-size: .85em; }
a { color: var(--link); }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1rem; }
code { font: .9em ui-monospace, monospace; overflow-wrap: anywhere; }
.state { margin: 1rem 0; padding: .75rem 1rem; border-radius: .5rem; border: 1px solid currentColor; }
.state ul { margin: .25rem 0 0; padding-left: 1.25rem; }
.good { color: var(--good); background: var(--good-back); }
.bad, .closed { color: var(--bad); background: var(--bad-back); }
.partial { color: var(--warn); background: var(--warn-back); }
.notice { color: var(--quiet); background: var(--page); }
.tag { display: inline-block; padding: 0 .5rem; border-radius: 1rem; font-size: .85em; white-space: nowrap; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .75rem; margin: 1rem 0; }
dl div { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .6rem .9rem; }
dt { color: var(--quiet); font-size: .85em; }
dd { margin: 0; font-size: 1.25rem; font-variant-numeric: tabular-nums; }
dd small { display: block; font-size: .65em; line-height: 1.1; white-space: nowrap; }
form { display: flex; gap: .5rem; align-items: center; margin-top: 1.5rem; }
label { color: var(--quiet); }
input, button { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: .4rem; padding: .35rem .7rem; }
input { flex: 1; min-width: 0; max-width: 28rem; }
button { cursor: pointer; }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: .5rem; background: var(--card); }
table { width: 100%; border-collapse: collapse; background: var(--card); }
.narrow { max-width: 26rem; }
th, td { text-align: left; vertical-align: top; padding: .45rem .9rem; border-top: 1px solid var(--line); }
thead th { border-top: 0; color: var(--quiet); font-size: .85em; font-weight: 600; }
main { padding-bottom: 3rem; }
@media (max-width: 40rem) {
  .stacks thead { display: none; }
  .stacks tr, .stacks td { display: block; overflow-wrap: anywhere; }
  .stacks td { padding: .1rem .9rem; border-top: 0; }
  .stacks tr { padding: .45rem 0; border-top: 1px solid var(--line); }
}
`;
