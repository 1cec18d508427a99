/**
 * The methods that MemGen is compared with.
 *
 * @module
 */
export { adapterPolicy } from "./adapter_policy.ts";
export { chainOfThoughtPrompt, vanillaPrompt } from "./prompting.ts";
export { SFT_LORA_PREFIX, sftLoss } from "./sft.ts";
