// Sizes, counts and rates as the reader's language writes them.
const locale = typeof navigator === "undefined" ? "en" : navigator.languages?.[0] || "en";

const formats = new Map();
function format(value, digits) {
  if (!formats.has(digits))
    formats.set(
      digits,
      new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits }),
    );
  return formats.get(digits).format(value);
}

const KiB = 1024,
  MiB = 1024 * KiB;
export const GiB = 1024 * MiB;

export const count = (n) => format(n, 0);
export const decimal = (n, digits = 1) => format(n, digits);
export const in_gib = (bytes, digits = 2) => `${format(bytes / GiB, digits)} GiB`;
export const in_mib = (bytes, digits = 1) => `${format(bytes / MiB, digits)} MiB`;

/// In the unit that a person would say it in.
export function size(bytes) {
  const n = Math.abs(bytes);
  return n >= GiB
    ? in_gib(bytes)
    : n >= MiB
      ? in_mib(bytes)
      : n >= KiB
        ? `${format(bytes / KiB, 1)} KiB`
        : `${count(bytes)} B`;
}

export const tokens = (n) => `${count(n)} tokens`;

/// "128k" where that is exact, for axes and short labels.
export const short_tokens = (n) => (n >= 1024 && n % 1024 === 0 ? `${count(n / 1024)}k` : count(n));

/// A rate without digits that nobody can rely on: two of them.
export function rate(n) {
  if (n >= 100) return count(Number(n.toPrecision(2)));
  return n >= 10 ? count(n) : format(n, 1);
}

/// What is expected of a speed, "12 to 30"; "": it is not known.
export const expected_rate = (speed) =>
  speed?.expected
    ? `${rate(speed.expected.low_tokens_per_s)} to ${rate(speed.expected.high_tokens_per_s)}`
    : "";

/// Of "64k", "65536", "65,536" in any language; null: it is no such number.
export function parsed_tokens(text) {
  const found = /^\s*(\d[\d\s.,_’']*)\s*(k?)\s*$/i.exec(text);
  if (!found) return null;
  const n = Number(found[1].replace(/\D/g, "")) * (found[2] ? 1024 : 1);
  return n > 0 && n <= 0xffffffff ? n : null;
}
