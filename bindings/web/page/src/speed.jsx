// How fast it is expected to be, as an interval, and what it can not exceed.
import { expected_rate, rate, tokens } from "./numbers.js";

function Rows({ rows, what, depth }) {
  return rows.map((row) => (
    <tr key={row[depth]}>
      <th scope="row">{what(row[depth])}</th>
      <td>{expected_rate(row) || "not known"}</td>
      <td>{row.tokens_per_s_at_most ? rate(row.tokens_per_s_at_most) : ""}</td>
      <td class="basis">{row.expected?.basis ?? row.basis}</td>
    </tr>
  ));
}

export function Speed({ speed }) {
  if (!speed?.decode?.length) return null;
  return (
    <section class="panel" aria-labelledby="speed-title">
      <h2 id="speed-title">Speed to expect</h2>
      <table>
        <thead>
          <tr>
            <th scope="col">Tokens a second</th>
            <th scope="col">expected</th>
            <th scope="col">at most</th>
            <th scope="col">basis</th>
          </tr>
        </thead>
        <tbody>
          <Rows
            rows={speed.decode}
            depth="n_depth"
            what={(n) => (n ? `writing, at ${tokens(n)}` : "writing, empty context")}
          />
          <Rows rows={speed.prompt ?? []} depth="n_tokens" what={(n) => `reading a prompt of ${tokens(n)}`} />
        </tbody>
      </table>
    </section>
  );
}
