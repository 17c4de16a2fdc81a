// Memory against context, of every KV type at once: what the slider reads while it moves.
export const kv_types = ["f16", "q8_0", "q4_0"];
const step_cells = 256, most_steps = 4096;

export const kv_name = (k, v) => (k === v ? k : `${k}/${v}`);

/// The types that are shown: the usual ones, and what is chosen.
export function types_shown(k, v) {
  const pairs = kv_types.map((t) => [t, t]);
  return kv_types.includes(k) && k === v ? pairs : [[k, v], ...pairs];
}

export function grid_of(cards, types, most, n_parallel) {
  const step = step_cells * Math.ceil(most / step_cells / most_steps);
  return {
    gpus: cards.length === 1 ? cards : [cards],
    n_ctx: { first: step, last: Math.max(step, Math.floor(most / step) * step), step },
    cache_types: types,
    ...(n_parallel ? { n_parallel: [n_parallel] } : {}),
  };
}

const term_columns = ["weights", "kv_cache", "recurrent_state", "compute_buffer", "driver_context", "pool", "other", "page_rounding"];

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
    let low = 0, high = this.rows_.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.at("n_ctx", middle) < n_ctx) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /// Sums over all devices there: {used, usable, spare, host, fits, terms}; null: the engine takes no such run.
  budget_at(n_ctx) {
    if (this.length === 0) return null;
    const row = this.rows_[this.place_of(n_ctx)];
    const value = (column) => this.columns_[column]?.[row] ?? 0;
    return {
      used: value("used"),
      usable: value("usable"),
      spare: value("spare"),
      host: value("host"),
      fits: value("fits") === 1,
      terms: term_columns.map((term) => ({ term, bytes: value(term) })).filter((t) => t.bytes > 0),
    };
  }
}

/// A curve for each KV type of the grid.
export function curves_of({ columns }, types) {
  const rows = types.map(() => []);
  for (let row = 0; row < columns.n_ctx.length; ++row) rows[columns.cache_types[row]].push(row);
  return types.map(([k, v], i) => ({ k, v, name: kv_name(k, v), curve: new Curve(columns, rows[i]) }));
}
