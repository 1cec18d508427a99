/**
 * A search engine over HTTP, with Search-R1's interface: the client, which
 * `retriever_server.ts` and Search-R1's own server both answer.
 */
import { Queue } from "./execution/queue.ts";
import type { FoundPassage, PassageSearch } from "./passages.ts";

/**
 * Requests that may be under way at once. A server works on few at a time, and
 * a batch of episodes may ask thousands of questions together.
 */
const REQUESTS_AT_ONCE = 4;

/** What a retriever is asked. */
export interface RetrieveRequest {
  /** What to search for. */
  readonly queries: readonly string[];
  /** Passages of a query, at most; the server's own number if null or 0. */
  readonly topk?: number | null;
  /** Whether scores are wanted. Search-R1's default: no. */
  readonly "return_scores"?: boolean;
}

/**
 * Opens a retriever, once it has answered two queries as it should.
 *
 * The released code takes any failure for a search that found nothing, so a
 * wrong port costs a whole run; here it is an error before the run, and so is
 * a failure later on.
 *
 * A few requests are under way at a time; others wait, and their time begins
 * when they are sent.
 *
 * @param url Address, such as `http://127.0.0.1:8001/retrieve`.
 * @param probes Two queries that it must find something for; two, because
 * Search-R1's server gives nonsense without an error for two if it mixes up
 * passages and scores.
 * @param timeoutMs Milliseconds that an answer may take. @default {30000}
 * @throws {Error} If there is no answer in time, or one with a status other
 * than 200.
 * @throws {TypeError} If the answer has another form, such as no scores.
 * @throws {RangeError} If it has not a result for each query, or finds nothing.
 */
export async function openRetriever(
  url: string,
  probes: readonly [string, string],
  timeoutMs = 30_000,
): Promise<PassageSearch> {
  const address = { url, timeoutMs };
  const results = await retrieve(address, probes, 1);
  results.forEach((found, i) => {
    if (found.length > 0) return;
    throw new RangeError(
      `Cannot open retriever ${url} as it must find passages for "${
        probes[i]
      }": current value is none`,
    );
  });
  const queue = new Queue(REQUESTS_AT_ONCE);
  return (query, count) =>
    queue.run(async () => (await retrieve(address, [query], count))[0]);
}

/** Where a retriever is, and how long it may take. */
interface Address {
  readonly url: string;
  readonly timeoutMs: number;
}

async function retrieve(
  address: Address,
  queries: readonly string[],
  topk: number,
): Promise<FoundPassage[][]> {
  const request: RetrieveRequest = { queries, topk, "return_scores": true };
  const { result } = await post(address, request) as { result?: unknown };
  const { url } = address;
  if (!Array.isArray(result) || result.length !== queries.length) {
    throw new RangeError(
      `Cannot search with ${url} as it must give a result for each of ${queries.length} queries: current value is ${
        Array.isArray(result) ? result.length : excerpt(result)
      }`,
    );
  }
  return result.map((found) => {
    if (Array.isArray(found) && found.every(isFoundPassage)) return found;
    throw new TypeError(
      `Cannot search with ${url} as it must give passages with document.contents and score: current value is ${
        excerpt(found)
      }`,
    );
  });
}

async function post(
  { url, timeoutMs }: Address,
  request: RetrieveRequest,
): Promise<object> {
  let status: number;
  let body: string;
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(request),
      signal: AbortSignal.timeout(timeoutMs),
    });
    status = response.status;
    body = await response.text();
  } catch (cause) {
    throw new Error(
      `Cannot search with ${url} as a retriever must answer there: current value is ${
        cause instanceof Error ? cause.message : cause
      }`,
      { cause },
    );
  }
  if (status !== 200) {
    throw new Error(
      `Cannot search with ${url} as its status must be 200: current value is ${status} (${
        excerpt(body)
      })`,
    );
  }
  try {
    return Object(JSON.parse(body));
  } catch {
    throw new TypeError(
      `Cannot search with ${url} as it must answer in JSON: current value is ${
        excerpt(body)
      }`,
    );
  }
}

function isFoundPassage(value: unknown): value is FoundPassage {
  const { document, score } = Object(value);
  return typeof Object(document).contents === "string" &&
    typeof score === "number";
}

/** The value on one line, cut to a length that a message can hold. */
function excerpt(value: unknown): string {
  const text = Deno.inspect(value, { breakLength: Infinity, depth: 2 });
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
