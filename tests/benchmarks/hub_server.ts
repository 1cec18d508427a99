/** A hub for tests: serves files of data sets as the real one does. */
import { createHash } from "node:crypto";

/** How a hub answers. */
export interface FakeHub {
  /** Content by "DATA SET/PATH". */
  readonly files: Map<string, Uint8Array>;
  /** Data sets that ask for the token "hf_right". */
  readonly gated: Set<string>;
  /** Requests so far: the path, and the range that was asked for. */
  readonly requests: { readonly path: string; readonly range: string }[];
  /** Bytes after which an answer's connection breaks. */
  breakAfter: number;
  /** The checksum that it announces; the right one where undefined. */
  etag: string | undefined;
}

const ROUTE = new URLPattern({
  pathname: "/datasets/:owner/:name/resolve/main/:path+",
});

/** Runs `use` with a hub on this machine. */
export async function withHub(
  use: (hub: FakeHub, hubUrl: string) => Promise<void>,
): Promise<void> {
  const hub: FakeHub = {
    files: new Map(),
    gated: new Set(),
    requests: [],
    breakAfter: Infinity,
    etag: undefined,
  };
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => answer(hub, request),
  );
  await use(hub, `http://127.0.0.1:${server.addr.port}`);
}

function answer(hub: FakeHub, request: Request): Response {
  const groups = ROUTE.exec(request.url)?.pathname.groups;
  if (groups === undefined) return new Response("no route", { status: 500 });
  const { owner, name, path } = groups;
  const range = request.headers.get("range") ?? "";
  hub.requests.push({ path: path!, range });
  const token = request.headers.get("authorization");
  if (hub.gated.has(`${owner}/${name}`) && token !== "Bearer hf_right") {
    return new Response("gated", { status: token === null ? 401 : 403 });
  }
  const content = hub.files.get(`${owner}/${name}/${path}`);
  if (content === undefined) {
    const headers = { "X-Error-Code": "EntryNotFound" };
    return new Response("none", { status: 404, headers });
  }
  const [first, last] = range.match(/\d+/g)?.map(Number) ??
    [0, content.length - 1];
  const bytes = content.subarray(first, last + 1);
  const sha256 = createHash("sha256").update(content).digest("hex");
  return new Response(breaking(bytes, hub.breakAfter), {
    status: range === "" ? 200 : 206,
    headers: {
      "ETag": `"${hub.etag ?? sha256}"`,
      "Content-Range": `bytes ${first}-${last}/${content.length}`,
    },
  });
}

/** A body of these bytes, or of the first of them and then an error. */
function breaking(bytes: Uint8Array, after: number): BodyInit {
  if (bytes.length <= after) return bytes.slice();
  return new ReadableStream({
    start(controller) {
      controller.enqueue(bytes.slice(0, after));
    },
    async pull(controller) {
      await new Promise((resolve) => setTimeout(resolve, 50)); // sent by then
      controller.error(new Error("broken on purpose"));
    },
  });
}
