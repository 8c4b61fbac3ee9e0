/** The two free texts of V8's profile, each with what surely follows it. */
const NAME = /("functionName":")(.*?)(","lineNumber":-?\d+,)/gs;
const URL = /("url":")(.*?)("\})/gs;

/**
 * A CPU profile as valid JSON. V8 (`CpuProfile::Serialize`, as of Node 26.10) puts names into it as they are, and that of a
 * regular expression which takes time is its source, quotes and backslashes included: no tool opens the file then.
 */
export function escapeProfile(text: string): string {
  return isJson(text) ? text : text.replaceAll(NAME, escapeMiddle).replaceAll(URL, escapeMiddle);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function escapeMiddle(_: string, before: string, free: string, after: string): string {
  return before + JSON.stringify(free).slice(1, -1) + after;
}
