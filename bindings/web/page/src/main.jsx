// Starts the page.
import { render } from "preact";
import { Core } from "./core.js";
import { Page } from "./page.jsx";
import { start_worker } from "./start.js";
import { apply_kept_theme } from "./theme.jsx";

apply_kept_theme();
const core = new Core(start_worker);
render(<Page core={core} />, document.getElementById("page"));

if ("serviceWorker" in navigator && location.protocol.startsWith("http") && !document.getElementById("inlined-worker"))
  addEventListener("load", () => navigator.serviceWorker.register("service_worker.js").catch(() => {}));
