import { assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { fileURLToPath } from "node:url";
import {
  openRetriever,
  readCorpus,
  retrieveHandler,
  searchInMemory,
  triviaqa,
} from "@/lib/benchmarks/mod.ts";

const FIXTURE = fileURLToPath(new URL("fixtures/triviaqa", import.meta.url));
const CORPUS = await readCorpus(`${FIXTURE}/corpus.jsonl`);
const PROBES = ["river", "painter"] as const;

/** Calls `use` with the address of a server that answers so. */
async function withServer(
  handler: (request: Request) => Response | Promise<Response>,
  use: (url: string) => Promise<void>,
): Promise<void> {
  const server = Deno.serve({
    port: 0,
    hostname: "127.0.0.1",
    onListen: () => {},
  }, handler);
  try {
    await use(`http://127.0.0.1:${server.addr.port}/retrieve`);
  } finally {
    await server.shutdown();
  }
}

const ours = retrieveHandler(searchInMemory(CORPUS));

/** What our server answers to a body. */
async function post(body: unknown, path = "/retrieve") {
  const response = await ours(
    new Request(`http://127.0.0.1${path}`, {
      method: "POST",
      body: typeof body === "string" ? body : JSON.stringify(body),
    }),
  );
  return { status: response.status, json: await response.json() };
}

Deno.test("retrieveHandler() answers with scores, a list for each query", async () => {
  const { status, json } = await post({
    queries: ["Elmford", "nothing", "painter"],
    topk: 1,
    return_scores: true,
  });
  assertEquals(status, 200);
  const [[first], none, [last]] = json.result;
  assertEquals(json.result.length, 3);
  assertEquals(first.document, CORPUS[1]);
  assertEquals(none, []);
  assertEquals(last.document.id, "10");
  const [{ score }] = searchInMemory(CORPUS)("Elmford", 1);
  assertAlmostEquals(first.score, score, 1e-12);
});

Deno.test("retrieveHandler() answers without scores, also for two queries", async () => {
  const { json } = await post({ queries: ["Elmford", "painter"], topk: 1 });
  assertEquals(json, { result: [[CORPUS[1]], [CORPUS[3]]] });
});

Deno.test("retrieveHandler() gives three passages where no number is asked for", async () => {
  for (const topk of [undefined, null, 0]) {
    const { json } = await post({ queries: ["Tarn Ash Elmford Belk"], topk });
    assertEquals(json.result[0].length, 3);
  }
});

Deno.test("retrieveHandler() refuses other requests as Search-R1's server", async () => {
  const bodies = [
    "not json",
    "null",
    {},
    { queries: "Elmford" },
    { queries: [1] },
    { queries: ["a"], topk: -1 },
    { queries: ["a"], topk: 1.5 },
    { queries: ["a"], return_scores: "yes" },
  ];
  for (const body of bodies) assertEquals((await post(body)).status, 422);
  assertEquals((await post({ queries: [] }, "/search")).status, 404);
  const get = await ours(new Request("http://127.0.0.1/retrieve"));
  assertEquals(get.status, 405);
  await get.body?.cancel();
});

Deno.test("openRetriever() searches our server as it does in memory", async () => {
  await withServer(ours, async (url) => {
    const search = await openRetriever(url, PROBES);
    for (const query of ["Elmford bridge", "Belk", "nothing"]) {
      assertEquals(await search(query, 3), searchInMemory(CORPUS)(query, 3));
    }
  });
});

Deno.test("openRetriever() refuses a port where nothing answers", async () => {
  let closed = "";
  await withServer(ours, (url) => {
    closed = url;
    return Promise.resolve();
  });
  await assertRejects(
    () => openRetriever(closed, PROBES),
    Error,
    `Cannot search with ${closed} as a retriever must answer there: current value is `,
  );
});

Deno.test("openRetriever() refuses a server that hangs", async () => {
  const { promise, resolve } = Promise.withResolvers<Response>();
  await withServer(() => promise, async (url) => {
    await assertRejects(
      () => openRetriever(url, PROBES, 20),
      Error,
      `Cannot search with ${url} as a retriever must answer there: current value is `,
    );
    resolve(new Response());
  });
});

/** Bad answers to the two probes, the error and a part of its message. */
const DOCUMENT = { id: "0", contents: '"A"\nb' };
const HIT = { document: DOCUMENT, score: 1 };
const BAD_ANSWERS: readonly (readonly [
  string,
  () => Response,
  new (message: string) => Error,
  string,
])[] = [
  [
    "HTTP 500",
    () => new Response("Internal Server Error", { status: 500 }),
    Error,
    'as its status must be 200: current value is 500 ("Internal Server Error")',
  ],
  [
    "no JSON",
    () => new Response("<html>"),
    TypeError,
    'as it must answer in JSON: current value is "<html>"',
  ],
  [
    "no result",
    () => Response.json({ results: [[HIT], [HIT]] }),
    RangeError,
    "as it must give a result for each of 2 queries: current value is undefined",
  ],
  [
    "an empty result",
    () => Response.json({ result: [] }),
    RangeError,
    "as it must give a result for each of 2 queries: current value is 0",
  ],
  [
    "one result for two queries",
    () => Response.json({ result: [[HIT]] }),
    RangeError,
    "as it must give a result for each of 2 queries: current value is 1",
  ],
  [
    "nothing found",
    () => Response.json({ result: [[HIT], []] }),
    RangeError,
    'as it must find passages for "painter": current value is none',
  ],
  [
    "no scores",
    () => Response.json({ result: [[DOCUMENT], [DOCUMENT]] }),
    TypeError,
    "as it must give passages with document.contents and score: current value is [ {",
  ],
  [
    "a missing score",
    () => Response.json({ result: [[HIT], [{ document: DOCUMENT }]] }),
    TypeError,
    "as it must give passages with document.contents and score",
  ],
  [
    // Search-R1's server without scores, for two queries.
    "passages and scores mixed up",
    () => Response.json({ result: [[{ document: [HIT], score: null }], null] }),
    TypeError,
    "as it must give passages with document.contents and score",
  ],
];

for (const [fault, answer, errorClass, message] of BAD_ANSWERS) {
  Deno.test(`openRetriever() refuses a server with ${fault}`, () =>
    withServer(answer, async (url) => {
      await assertRejects(
        () => openRetriever(url, PROBES),
        errorClass,
        message,
      );
    }));
}

Deno.test("A retriever that fails later on is an error, not an empty search", async () => {
  let calls = 0;
  const handler = (request: Request) =>
    calls++ === 0 ? ours(request) : new Response("down", { status: 503 });
  await withServer(handler, async (url) => {
    const search = await openRetriever(url, PROBES);
    await assertRejects(
      async () => await search("Elmford", 3),
      Error,
      "as its status must be 200: current value is 503",
    );
  });
});

Deno.test("openRetriever() lets searches wait, and times each from when it is sent", async () => {
  let before = Promise.resolve();
  let waiting = 0;
  let mostWaiting = 0;
  const oneAfterTheOther = async (request: Request) => {
    mostWaiting = Math.max(mostWaiting, ++waiting);
    before = before.then(() => new Promise((end) => setTimeout(end, 20)));
    await before;
    waiting -= 1;
    return ours(request);
  };
  await withServer(oneAfterTheOther, async (url) => {
    const search = await openRetriever(url, PROBES, 1_000);
    const queries = Array.from({ length: 100 }, () => search("Elmford", 1));
    assertEquals((await Promise.all(queries)).length, 100); // in 2 seconds
  });
  assertEquals(mostWaiting, 4);
});

Deno.test("Environments search the retriever, once it has found their questions", async () => {
  const [task] = await triviaqa.load(FIXTURE, "test");
  const step = "<search> Elmford bridge </search>";
  const local = (await triviaqa.openEnvironments!(FIXTURE))(task);
  const asked: string[][] = [];
  await withServer(async (request) => {
    const body = await request.text();
    asked.push(JSON.parse(body).queries);
    return ours(new Request(request.url, { method: "POST", body }));
  }, async (retriever) => {
    const open = await triviaqa.openEnvironments!(FIXTURE, { retriever });
    const remote = open(task);
    assertEquals(await remote.step(step), await local.step(step));
  });
  assertEquals(asked, [
    ["Which river crosses Elmford?", "Who is the mayor of Elmford?"],
    ["Elmford bridge"],
  ]);
});

Deno.test("Environments need a corpus or a retriever", async () => {
  await assertRejects(
    () => triviaqa.openEnvironments!("no_such_folder"),
    Deno.errors.NotFound,
    "Cannot open the search engine of triviaqa as the folder must hold corpus.jsonl, or the address of a retriever must be given: current value is no_such_folder",
  );
});
