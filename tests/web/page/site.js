// A static host for the built page, and a server of model files that can behave badly.
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";

const types = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".wasm": "application/wasm",
};

const listening = (server) =>
  new Promise((resolve) =>
    server.listen(0, "127.0.0.1", () => resolve(`http://127.0.0.1:${server.address().port}`)),
  );

/// {address, close()} of a folder.
export async function serve_folder(folder) {
  const server = createServer(async (request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url, "http://host").pathname)).replace(
      /\/$/,
      "/index.html",
    );
    try {
      const content = await readFile(join(folder, path));
      response
        .writeHead(200, { "Content-Type": types[extname(path)] ?? "application/octet-stream" })
        .end(content);
    } catch {
      response.writeHead(404).end();
    }
  });
  return { address: await listening(server), close: () => server.close() };
}

/// Answers by a function of request and response; `sent` counts bytes that were written.
export async function serve_with(answer) {
  const state = { sent: 0, requests: [] };
  const server = createServer((request, response) => {
    state.requests.push({ path: request.url, method: request.method, range: request.headers.range });
    const write = response.write.bind(response);
    response.write = (chunk, ...rest) => {
      state.sent += chunk.length;
      return write(chunk, ...rest);
    };
    answer(request, response);
  });
  return { ...state, state, address: await listening(server), close: () => server.close() };
}
