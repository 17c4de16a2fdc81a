// The answer in one line: fits, fits just so, or not and why.
import { useEffect, useState } from "preact/hooks";
import { term_look } from "./term.js";
import { size, tokens } from "./numbers.js";

/// Of a plan: {kind, word, text}.
export function verdict_of(plan) {
  const { devices, host, verdict, fails_at, missing_bytes: missing } = plan;
  const n = tokens(plan.run.n_ctx);
  const tightest = devices.reduce((a, b) => (spare_of(a) <= spare_of(b) ? a : b), devices[0]);
  if (verdict === "fits") {
    if (!tightest)
      return yes(
        `${n} in ${size(host.used_bytes)}${host.ram_bytes ? ` of ${size(host.ram_bytes)}` : ""} of main memory`,
      );
    const which = devices.length > 1 ? ` on ${tightest.id}, the fullest` : "";
    return yes(
      `${n} in ${size(tightest.used_bytes)} of ${size(tightest.usable_bytes)}${which}; ${size(spare_of(tightest))} spare`,
    );
  }
  const where = fails_at && `${term_look(fails_at.stage).name} on ${fails_at.device}`;
  if (verdict === "tight")
    return {
      kind: "tight",
      word: "Tight",
      text: `${n} fit as expected, not at the high end of what is measured${where ? `: there ${where} is ${size(fails_at.short_bytes)} short` : ""}`,
    };
  if (verdict === "spills")
    return no(
      "Spills",
      `${n}: ${size(fails_at?.short_bytes ?? missing ?? 0)}${fails_at ? ` of ${fails_at.device}` : ""} go to the host's memory; it runs at about a third of the speed`,
    );
  if (verdict === "reads_from_disk")
    return no(
      "Reads from disk",
      `weights on the host do not stay in its memory, and are read from disk for every token`,
    );
  const lack = where
    ? `${where} asks for ${size(fails_at.bytes)}, ${size(fails_at.short_bytes)} more than is free`
    : missing
      ? `${size(missing)} are missing`
      : "the host has too little memory";
  if (verdict === "fails_in_use")
    return no("Does not fit", `${n}: it is loaded, and fails in use, where ${lack}`);
  return no("Does not fit", `${n}: ${lack}`);
}

const yes = (text) => ({ kind: "yes", word: "Fits", text });
const no = (word, text) => ({ kind: "no", word, text });

/// What is left on a device, its own use at the high end.
export const spare_of = (device) =>
  device.fits ? device.free_bytes : device.usable_bytes - device.used_bytes;

/// Of sums over all cards, while no plan of that context is there.
export function quick_verdict(budget, n_ctx, n_cards) {
  if (n_cards === 0) return null;
  const about = budget.between ? "about " : "";
  const where = n_cards > 1 ? " on the fullest card" : "";
  const amount = `${about}${size(Math.abs(budget.spare))}`;
  const n = tokens(n_ctx);
  if (budget.spare >= 0)
    return yes(`${n} in ${about}${size(budget.used)} of ${size(budget.usable)}; ${amount} spare${where}`);
  if (!budget.fits) return no("Does not fit", `${n}: ${amount} are missing${where}`);
  const text = `${n} fit as expected, not at the high end of what is measured: there ${amount} are missing`;
  return { kind: "tight", word: "Tight", text };
}

const marks = { yes: "M5 12.5l4.5 4.5L19 7.5", tight: "M12 5v9m0 4v.5", no: "M6.5 6.5l11 11m0-11l-11 11" };

/// Said to screen readers once it stands still.
function useSettled(text) {
  const [settled, set_settled] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => set_settled(text), 600);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}

export function Verdict({ verdict }) {
  const said = useSettled(verdict ? `${verdict.word}: ${verdict.text}` : "");
  return (
    <div class={`verdict ${verdict?.kind ?? "open"}`}>
      <svg viewBox="0 0 24 24" width="40" height="40" aria-hidden="true">
        <circle cx="12" cy="12" r="11" />
        {verdict && <path d={marks[verdict.kind]} />}
      </svg>
      <p>
        <strong>{verdict?.word ?? "Planning…"}</strong>
        <span>{verdict?.text ?? ""}</span>
      </p>
      <p class="unseen" role="status" aria-live="polite">
        {said}
      </p>
    </div>
  );
}
