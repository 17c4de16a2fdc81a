// Starts the page.
import { render } from "preact";
import { Page } from "./page.jsx";
import { Planners } from "./planners.js";
import { start_worker } from "./start.js";
import { apply_kept_theme } from "./theme.jsx";

apply_kept_theme();
render(<Page core={new Planners(start_worker)} />, document.getElementById("page"));

if (
  "serviceWorker" in navigator &&
  location.protocol.startsWith("http") &&
  !document.getElementById("inlined-worker")
)
  addEventListener("load", () => navigator.serviceWorker.register("service_worker.js").catch(() => {}));
