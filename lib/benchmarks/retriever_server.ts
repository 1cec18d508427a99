/**
 * Our search engine over HTTP, with Search-R1's interface
 * (search_r1/search/retrieval_server.py): `POST /retrieve` with the queries.
 */
import type { PassageSearch } from "./passages.ts";
import type { RetrieveRequest } from "./retriever.ts";

/** Passages of a query where it names no number, as Search-R1's command line. */
const DEFAULT_PASSAGES = 3;

/**
 * Answers requests with what a search finds: for each query `{document, score}`
 * of each passage, or the bare documents where no scores are wanted. A request
 * of another form gets status 422 and the reason, as from Search-R1.
 *
 * Deviation: Search-R1 mixes up passages and scores where none are wanted, an
 * error for most numbers of queries and wrong for two.
 */
export function retrieveHandler(
  search: PassageSearch,
): (request: Request) => Promise<Response> {
  return async (request) => {
    if (new URL(request.url).pathname !== "/retrieve") {
      return Response.json({ detail: "Not Found" }, { status: 404 });
    }
    if (request.method !== "POST") {
      return Response.json({ detail: "Method Not Allowed" }, { status: 405 });
    }
    const body: unknown = await request.json().catch(() => undefined);
    if (!isRetrieveRequest(body)) {
      const detail =
        "the body must be {queries: [text, ...], topk: a whole number or null, return_scores: true or false}";
      return Response.json({ detail }, { status: 422 });
    }
    const { queries, topk, return_scores: withScores = false } = body;
    const result = await Promise.all(queries.map(async (query) => {
      const found = await search(query, topk || DEFAULT_PASSAGES);
      return withScores ? found : found.map(({ document }) => document);
    }));
    return Response.json({ result });
  };
}

function isRetrieveRequest(value: unknown): value is RetrieveRequest {
  const { queries, topk = null, return_scores = false } = Object(value);
  return Array.isArray(queries) &&
    queries.every((query) => typeof query === "string") &&
    (topk === null || (Number.isSafeInteger(topk) && topk >= 0)) &&
    typeof return_scores === "boolean";
}
