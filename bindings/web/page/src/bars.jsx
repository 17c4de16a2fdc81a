// Bars of each card and of main memory, by term; what a term is, how large and how it is known.
import { useState } from "preact/hooks";
import { in_gib, in_mib, size } from "./numbers.js";
import { basis_meaning, held_meaning, term_look } from "./term.js";

/// A bar's data of a device of a plan.
export function bar_of_device(device) {
  return {
    id: device.id,
    name: device.gpu,
    terms: device.terms,
    used: device.used_bytes,
    usable: device.usable_bytes,
    total: Math.max(device.total_bytes, device.usable_bytes),
    others: device.others,
    fits: device.fits,
  };
}

/// The same of main memory, whose limit may be unknown.
export function bar_of_host(host) {
  const process = host.process && {
    term: "process",
    bytes: host.process.bytes,
    basis: host.process.basis,
    low_bytes: host.process.low_bytes,
  };
  return {
    id: "host",
    name: "main memory",
    terms: process ? [...host.terms, process] : host.terms,
    used: host.used_bytes + (process?.bytes ?? 0),
    usable: host.ram_bytes,
    total: host.ram_bytes,
    fits: host.fits !== false,
    starts_with: host.resident_bytes,
    grows_to: host.grows_to_bytes,
  };
}

const key_of = (t, i) => `${t.term} ${t.held ?? ""} ${i}`;
const percent = (n, whole) => `${((100 * n) / whole).toFixed(3)}%`;

function segment_label(look, bytes, whole) {
  return bytes / whole > 0.13 ? look.name : "";
}

function Segments({ bar, whole, lit, on_light }) {
  return bar.terms.map((t, i) => {
    const look = term_look(t.term);
    const key = key_of(t, i);
    const { bytes } = t;
    return (
      <span
        key={key}
        class={`segment${look.striped ? " striped" : ""}${look.dark ? " dark" : ""}${lit === key ? " lit" : ""}`}
        style={{ width: percent(bytes, whole), backgroundColor: look.colour }}
        onPointerEnter={() => on_light(key)}
        onPointerLeave={() => on_light(null)}
      >
        {segment_label(look, bytes, whole)}
      </span>
    );
  });
}

function explained({ term, held, bytes, low_bytes, basis }) {
  const look = term_look(term);
  const parts = [`${look.name}: ${look.meaning}.`, basis && `${basis}: ${basis_meaning[basis] ?? ""}.`];
  if (low_bytes !== undefined && low_bytes < bytes)
    parts.push(`From ${in_mib(low_bytes)} to ${in_mib(bytes)}.`);
  if (held) parts.push(`${held}: ${held_meaning[held] ?? ""}.`);
  return parts.filter(Boolean).join(" ");
}

function TermList({ bar, lit, on_light }) {
  return (
    <ul class="terms" aria-label={`Terms of ${bar.id}`}>
      {bar.terms.map((t, i) => {
        const look = term_look(t.term);
        const key = key_of(t, i);
        const basis = `${t.basis ?? ""}${t.held ? `, ${t.held}` : ""}`;
        return (
          <li key={key}>
            <button
              type="button"
              class={`term${lit === key ? " lit" : ""}`}
              onFocus={() => on_light(key)}
              onBlur={() => on_light(null)}
              onPointerEnter={() => on_light(key)}
              onPointerLeave={() => on_light(null)}
              aria-description={explained(t)}
            >
              <i class={look.striped ? "striped" : ""} style={{ backgroundColor: look.colour }} />
              <span>{look.name}</span>
              <b>{in_mib(t.bytes)}</b>
              <small>{basis}</small>
            </button>
          </li>
        );
      })}
    </ul>
  );
}

export function Bar({ bar, whole }) {
  const [lit, set_lit] = useState(null);
  const shown = bar.terms.find((t, i) => key_of(t, i) === lit);
  const over = bar.usable !== undefined && bar.used > bar.usable;
  const spare = bar.usable !== undefined ? bar.usable - bar.used : undefined;
  const others = bar.total !== undefined && bar.usable !== undefined ? bar.total - bar.usable : 0;
  return (
    <section class="bar-block" aria-label={`${bar.id} ${bar.name}`}>
      <div class="row spread bar-title">
        <h3>
          {bar.id} <small>{bar.name}</small>
        </h3>
        <span class="figures">
          {in_gib(bar.used)}
          {bar.usable !== undefined ? ` of ${in_gib(bar.usable)}` : ""}
          {spare !== undefined && (
            <b class={over ? "no" : "yes"}>{over ? `${size(-spare)} missing` : `${size(spare)} spare`}</b>
          )}
        </span>
      </div>
      <div
        class={`bar${over ? " over" : ""}`}
        role="img"
        aria-label={`${in_gib(bar.used)} used${bar.usable !== undefined ? ` of ${in_gib(bar.usable)}` : ""}`}
      >
        {bar.total !== undefined && (
          <span class="track" style={{ width: percent(Math.min(bar.total, whole), whole) }} />
        )}
        {others > 0 && (
          <span
            class="held"
            title={`${size(others)} held by others or kept free`}
            style={{ left: percent(bar.usable, whole), width: percent(others, whole) }}
          />
        )}
        <span class="segments">
          <Segments bar={bar} whole={whole} lit={lit} on_light={set_lit} />
        </span>
        {bar.usable !== undefined && <span class="limit" style={{ left: percent(bar.usable, whole) }} />}
      </div>
      <TermList bar={bar} lit={lit} on_light={set_lit} />
      {bar.grows_to && (
        <p class="quiet small">
          {`Beside what is mapped ${in_gib(bar.starts_with)} at start, up to ${in_gib(bar.grows_to)} after hours, `}
          with saved prompts and checkpoints.
        </p>
      )}
      {shown && (
        <p class="explained" aria-hidden="true">
          {explained(shown)}
        </p>
      )}
    </section>
  );
}

/// All cards have one scale; main memory has its own where its size is known.
export function Bars({ bars }) {
  const cards = bars.filter((b) => b.id !== "host");
  const room = (b) => Math.max(b.total ?? 0, b.used);
  const whole = Math.max(...(cards.length ? cards : bars).map(room), 1);
  return (
    <div class={`bars${cards.length > 1 ? " many" : ""}`}>
      {bars.map((bar) => (
        <Bar
          key={bar.id}
          bar={bar}
          whole={bar.id === "host" ? Math.max(bar.total ?? whole, bar.used) : whole}
        />
      ))}
    </div>
  );
}
