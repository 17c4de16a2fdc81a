// Files dropped anywhere on the page.
import { useEffect, useState } from "preact/hooks";

/// Whether something is held over the page.
function useDrop(on_files) {
  const [is_over, set_over] = useState(false);
  useEffect(() => {
    const over = (event) => {
      if (![...(event.dataTransfer?.types ?? [])].includes("Files")) return;
      event.preventDefault();
      set_over(true);
    };
    const leave = (event) => event.relatedTarget || set_over(false);
    const drop = (event) => {
      event.preventDefault();
      set_over(false);
      const folder = [...event.dataTransfer.items]
        .map((i) => i.webkitGetAsEntry?.())
        .find((e) => e?.isDirectory);
      on_files(event.dataTransfer.files, folder?.name);
    };
    addEventListener("dragover", over);
    addEventListener("dragleave", leave);
    addEventListener("drop", drop);
    return () => {
      removeEventListener("dragover", over);
      removeEventListener("dragleave", leave);
      removeEventListener("drop", drop);
    };
  }, [on_files]);
  return is_over;
}

export function Drop({ on_files }) {
  const is_over = useDrop(on_files);
  return (
    is_over && (
      <div class="drop" aria-hidden="true">
        <p>Drop GGUF files: a model, all parts of a set, a projector beside it</p>
      </div>
    )
  );
}
