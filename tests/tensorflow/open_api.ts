/** TensorFlow's C API for tests below TensorFlow.js. */
import { CApi } from "@/lib/tensorflow/c_api.ts";
import { findTensorflow } from "@/lib/tensorflow/mod.ts";
import { backend, cuda } from "@/tests/backend.ts";

const library = backend.name === "tensorflow"
  ? await findTensorflow({ cuda })
  : undefined;

/** Undefined where TensorFlow cannot be had. */
export const api = library &&
  new CApi(library.frameworkPath, library.ccPath, library.preload);
