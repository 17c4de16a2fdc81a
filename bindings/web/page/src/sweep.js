// Memory against context, of every KV type at once: what the slider reads while it moves.
export const kv_types = ["f16", "q8_0", "q4_0"];
export const coarse_steps = 48;
export const fine_steps = 4096;
const step_cells = 256;

export const kv_name = (k, v) => (k === v ? k : `${k}/${v}`);

/// The types that are shown: the usual ones, and what is chosen.
export function types_shown(k, v) {
  const pairs = kv_types.map((t) => [t, t]);
  return kv_types.includes(k) && k === v ? pairs : [[k, v], ...pairs];
}

/// Contexts up to `most`, in at most so many steps of whole cells.
export function grid_of(cards, types, most, n_parallel, steps) {
  const step = step_cells * Math.ceil(most / step_cells / steps);
  return {
    gpus: cards.length === 1 ? cards : [cards],
    n_ctx: { first: step, last: Math.max(step, Math.floor(most / step) * step), step },
    cache_types: types,
    ...(n_parallel ? { n_parallel: [n_parallel] } : {}),
  };
}

/// Whether a table of more rows costs hardly more: on one card most of these lie on lines through a few budgets, on
/// several each is judged by itself.
export const is_cheap = (n_cards, { n_budgets, columns }) =>
  n_cards <= 1 && n_budgets * 2 < columns.n_ctx.length;

const term_columns = [
  "weights",
  "kv_cache",
  "recurrent_state",
  "compute_buffer",
  "driver_context",
  "pool",
  "other",
  "page_rounding",
];

/// Columns of one KV type, ordered by context.
export class Curve {
  constructor(columns, rows) {
    this.columns_ = columns;
    this.rows_ = rows;
  }
  get length() {
    return this.rows_.length;
  }
  at(column, i) {
    return this.columns_[column][this.rows_[i]];
  }

  /// The first place whose context is at least `n_ctx`: a run takes whole cells, rounded up.
  place_of(n_ctx) {
    let low = 0,
      high = this.rows_.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.at("n_ctx", middle) < n_ctx) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /// Sums over all devices there, on the line between two rows if it is between: {used, usable, spare, host, fits,
  /// terms, between}; null: the engine takes no such run.
  budget_at(n_ctx) {
    if (this.length === 0) return null;
    const place = this.place_of(n_ctx);
    const above = this.rows_[place],
      below = this.rows_[Math.max(0, place - 1)];
    const to = this.columns_.n_ctx[above],
      from = this.columns_.n_ctx[below];
    const is_between = n_ctx < to && to - from > step_cells;
    const share = is_between ? Math.max(0, (n_ctx - from) / (to - from)) : 1;
    const value = (column) => {
      const values = this.columns_[column];
      return values ? Math.round(values[below] + share * (values[above] - values[below])) : 0;
    };
    const spare = value("spare");
    return {
      used: value("used"),
      usable: value("usable"),
      spare,
      host: value("host"),
      fits: is_between ? spare >= 0 : this.columns_.fits[above] === 1,
      terms: term_columns.map((term) => ({ term, bytes: value(term) })).filter((t) => t.bytes > 0),
      between: is_between,
    };
  }
}

/// A curve for each KV type of the grid.
export function curves_of({ columns }, types) {
  const rows = types.map(() => []);
  for (let row = 0; row < columns.n_ctx.length; ++row) rows[columns.cache_types[row]].push(row);
  return types.map(([k, v], i) => ({ k, v, name: kv_name(k, v), curve: new Curve(columns, rows[i]) }));
}
