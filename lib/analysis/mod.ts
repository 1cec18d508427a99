/**
 * What latents look like: those that memory wrote, and pictures of them.
 *
 * @module
 */
export {
  LatentRecorder,
  meanLatent,
  type RecordedInsertion,
} from "./latents.ts";
export { umap, type UmapOptions } from "./umap.ts";
