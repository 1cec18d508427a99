/**
 * The backend of the tests: TensorFlow, fetched at the first run, else what a
 * user without it would get.
 */
import { startBackend } from "@/tasks/backend.ts";

/** Started once for a test file; two threads, so that files run side by side. */
export const backend = await startBackend({ threads: 2, cuda: false });
