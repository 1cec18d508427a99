/**
 * The methods that MemGen is compared with.
 *
 * @module
 */
export {
  chainOfThoughtPrompt,
  STEP_BY_STEP,
  vanillaPrompt,
} from "./prompting.ts";
export { SFT_LORA_PREFIX, sftLoss } from "./sft.ts";
