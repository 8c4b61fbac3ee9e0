const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const MILLISECONDS = Array.from({ length: 1000 }, (_, ms) => `.${String(ms).padStart(3, '0')}`);

/** Seconds with three decimals, as nginx prints times: `0.004`. */
export function secondsText(ms: number): string {
  const whole = Math.max(0, Math.round(ms));
  const rest = whole % 1000;
  return String((whole - rest) / 1000) + (MILLISECONDS[rest] ?? '');
}

/** `07/Oct/2026:13:55:36 +0200`, in the process's time zone. */
export const timeLocal = perSecond((date) => {
  const month = MONTHS[date.getMonth()] ?? '';
  const day = `${two(date.getDate())}/${month}/${date.getFullYear()}`;
  return `${day}:${clock(date)} ${offset(date, '')}`;
});

/** `2026-10-07T13:55:36+02:00`, in the process's time zone. */
export const timeIso8601 = perSecond((date) => {
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${clock(date)}${offset(date, ':')}`;
});

const secondUtc = perSecond((date) => date.toISOString().slice(0, 19));

/** `2026-10-07T11:55:36.124Z` */
export function timeUtc(unixMs: number): string {
  return `${secondUtc(unixMs)}${MILLISECONDS[Math.floor(unixMs) % 1000] ?? ''}Z`;
}

/** Lines come in the order of time, so one remembered second answers nearly all of them. */
function perSecond(format: (date: Date) => string): (unixMs: number) => string {
  let lastSecond = Number.NaN;
  let lastText = '';
  return (unixMs) => {
    const second = Math.floor(unixMs / 1000);
    if (second !== lastSecond) {
      lastSecond = second;
      lastText = format(new Date(second * 1000));
    }
    return lastText;
  };
}

function clock(date: Date): string {
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

function offset(date: Date, separator: string): string {
  const minutes = -date.getTimezoneOffset();
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}${separator}${two(size % 60)}`;
}

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}
