// Memory against context, a line for each KV type, and where the card ends. Pressing it chooses a context.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Still } from "./still.js";
import { GiB, count, decimal, short_tokens } from "./numbers.js";

const height = 230,
  edge = { left: 46, right: 12, top: 14, bottom: 26 };
const most_points = 240;

function useWidth() {
  const ref = useRef();
  const [width, set_width] = useState(600);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) =>
      set_width(Math.max(240, Math.round(entry.contentRect.width))),
    );
    observer.observe(ref.current);
    return () => observer.disconnect();
  }, []);
  return [ref, width];
}

/// Steps of 1, 2, 5, 10, ... of which there are at most `most` up to `whole`.
function step_for(whole, most) {
  let step = 1;
  for (let i = 0; whole / step > most; ++i) step *= i % 3 === 1 ? 2.5 : 2;
  return step;
}

const places = (from, to, step) => {
  const all = [];
  for (let v = Math.ceil(from / step) * step; v <= to; v += step) all.push(v);
  return all;
};

/// What is drawn of a row: memory that is used on one card; on several what is used on the fullest, as if all were as
/// large as it; without cards main memory.
export function measure_of(n_cards) {
  if (n_cards === 0) return { title: "Main memory against context", value: (c, i) => c.at("host", i) };
  if (n_cards === 1) return { title: "Memory against context", value: (c, i) => c.at("used", i) };
  return {
    title: "Memory against context, were all cards as full as the fullest",
    value: (c, i) => c.at("usable", i) - n_cards * c.at("spare", i),
  };
}

/// Points of a line, few enough to draw.
function line_of(curve, value, x, y) {
  const stride = Math.max(1, Math.floor(curve.length / most_points));
  let path = "";
  for (let i = 0; i < curve.length; i += stride)
    path += `${path ? "L" : "M"}${x(curve.at("n_ctx", i)).toFixed(1)} ${y(value(curve, i)).toFixed(1)}`;
  return path;
}

/// The line in words.
function described({ title, value }, curve, most, limit) {
  const gib = (bytes) => `${decimal(bytes / GiB, 1)} GiB`;
  const [first, last] = [value(curve, 0), value(curve, curve.length - 1)].map(gib);
  return `${title}: from ${first} at the shortest to ${last} at ${count(most)} tokens${limit ? `; the limit is ${gib(limit)}` : ""}`;
}

export function Curve({ curves, chosen, n_ctx, most, n_cards, limit, on_context, on_type }) {
  const [ref, width] = useWidth();
  const drawn = useMemo(() => {
    const measure = measure_of(n_cards);
    const shown = curves.filter((c) => c.curve.length > 0);
    const values = shown.flatMap(({ curve }) => [
      measure.value(curve, 0),
      measure.value(curve, curve.length - 1),
    ]);
    const low = Math.min(...values, limit ?? Infinity),
      high = Math.max(...values, limit ?? 0);
    const bottom = Math.max(0, low - (high - low) * 0.15),
      top = high + (high - low || high) * 0.06;
    const x = (n) => edge.left + (n / most) * (width - edge.left - edge.right);
    const y = (v) =>
      height - edge.bottom - ((v - bottom) / (top - bottom)) * (height - edge.top - edge.bottom);
    return {
      measure,
      shown,
      bottom,
      top,
      x,
      y,
      lines: shown.map(({ curve }) => line_of(curve, measure.value, x, y)),
    };
  }, [curves, most, limit, width, n_cards]);
  if (drawn.shown.length === 0) return <div ref={ref} />;

  const { measure, shown, bottom, top, x, y, lines } = drawn;
  const y_step = step_for((top - bottom) / GiB, 5) * GiB;
  const x_step = 1024 * step_for(most / 1024, width < 480 ? 4 : 8);
  const current = shown.find((c) => c.name === chosen) ?? shown[0];
  const here = measure.value(current.curve, current.curve.place_of(n_ctx));
  const context_at = (event) => {
    const box = event.currentTarget.getBoundingClientRect();
    const share =
      ((event.clientX - box.left) * (width / box.width) - edge.left) / (width - edge.left - edge.right);
    on_context(Math.max(256, Math.round((Math.min(1, Math.max(0, share)) * most) / 256) * 256));
  };
  return (
    <figure class="curve" ref={ref}>
      <figcaption>
        <strong>{measure.title}</strong>
        <span class="chips" role="group" aria-label="Type of KV cache">
          {curves.map((c) => (
            <button
              key={c.name}
              type="button"
              aria-pressed={c.name === chosen}
              onClick={() => on_type(c.k, c.v)}
            >
              <i class={`swatch line-${c.name.replace(/\W/g, "-")}`} />
              {`KV ${c.name}`}
            </button>
          ))}
        </span>
      </figcaption>
      <div class="plot">
        <svg
          width={width}
          height={height}
          role="img"
          aria-label={described(measure, current.curve, most, limit)}
          onPointerDown={(e) => {
            e.currentTarget.setPointerCapture(e.pointerId);
            context_at(e);
          }}
          onPointerMove={(e) => e.buttons === 1 && context_at(e)}
        >
          <Still on={[drawn, current, limit]}>
            {places(bottom, top, y_step).map((v) => (
              <g key={v}>
                <line class="grid" x1={edge.left} x2={width - edge.right} y1={y(v)} y2={y(v)} />
                <text x={edge.left - 6} y={y(v) + 4} text-anchor="end">
                  {count(Math.round(v / GiB))}
                </text>
              </g>
            ))}
            <text x={4} y={10}>
              GiB
            </text>
            {places(0, most, x_step).map((n) => (
              <text
                key={n}
                x={x(n)}
                y={height - 8}
                text-anchor={n === 0 ? "start" : x(n) > width - 40 ? "end" : "middle"}
              >
                {short_tokens(n)}
              </text>
            ))}
            {limit && y(limit) > edge.top - 8 && (
              <>
                <rect
                  class="beyond"
                  x={edge.left}
                  width={width - edge.left - edge.right}
                  y={edge.top - 8}
                  height={Math.max(0, y(limit) - edge.top + 8)}
                />
                <line class="limit" x1={edge.left} x2={width - edge.right} y1={y(limit)} y2={y(limit)} />
                <text
                  class="limit-text"
                  x={edge.left + 6}
                  y={y(limit) - 5}
                >{`${decimal(limit / GiB, 1)} GiB usable`}</text>
              </>
            )}
            {lines.map((path, i) => (
              <path
                key={shown[i].name}
                class={`line line-${shown[i].name.replace(/\W/g, "-")}${shown[i] === current ? " chosen" : ""}`}
                d={path}
              />
            ))}
          </Still>
        </svg>
        <i class="cursor" style={{ transform: `translateX(${x(Math.min(n_ctx, most)).toFixed(1)}px)` }} />
        <i
          class={`here line-${current.name.replace(/\W/g, "-")}`}
          style={{
            transform: `translate(${x(Math.min(n_ctx, most)).toFixed(1)}px, ${y(here).toFixed(1)}px)`,
          }}
        />
      </div>
    </figure>
  );
}
