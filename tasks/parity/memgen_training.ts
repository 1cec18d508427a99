/** The supervised step of a MemGen case and its short training run. */
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { gsm8k } from "@/lib/benchmarks/mod.ts";
import {
  appendLoss,
  type AppendShape,
  CandidatePoints,
  decodeAppended,
  packAppend,
  type SupervisedRow,
} from "@/lib/memgen/mod.ts";
import { type HostTensor, logits, toHost } from "@/lib/models/mod.ts";
import { disposeTree, type NamedTensors, tidy } from "@/lib/tensorflow/mod.ts";
import {
  conversationRow,
  cosineRate,
  initialState,
  lossAndGradients,
  makeTrainStep,
  maskAssistantHeader,
} from "@/lib/training/mod.ts";
import {
  type CaseResult,
  compareItems,
  compareNumbers,
  compareTensors,
  type Comparison,
  toLists,
  worstOf,
} from "@/tasks/parity/comparison.ts";
import type { MemgenCase } from "@/tasks/parity/expected_files.ts";

/** Share of the expected value by which ours may differ. */
const BOUND = 1e-3;
const LOGITS = "sft_logits_row0_last32";

/** Rows, insertion points, loss, logits and gradients of the first batch. */
export async function checkSupervised(
  parity: MemgenCase,
): Promise<CaseResult> {
  const { model, modules, expected, tensors } = parity;
  const rows = (await supervisedRows(parity)).slice(0, expected.sftRun.batch);
  const batch = packAppend(rows, shapeOf(rows), modules.config);
  const { loss, gradients } = tidy(() =>
    lossAndGradients(
      (parameters, b: typeof batch) =>
        appendLoss(model, modules.config, parameters, b),
      modules.weaver,
      batch,
    )
  );
  const hosts = Object.entries(gradients).map(([name, tensor]) =>
    [name, toHost(tensor)] as const
  );
  const [sftLoss] = loss.dataSync();
  const scores = lastLogits(parity, rows);
  disposeTree([batch, loss, gradients]);

  const points = rows.map((row) => row.points);
  const norms = Object.fromEntries(
    hosts.map(([name, { data }]) => [name, Math.hypot(...data)]),
  );
  return {
    values: {
      sft_input_ids: rows.map(({ ids }) => ids),
      sft_labels: rows.map(({ labels }) => labels),
      sft_augmentation_points: points,
      sft_loss: sftLoss,
      sft_grad_norms: norms,
      [LOGITS]: toLists(scores),
      ...Object.fromEntries(
        hosts.map(([name, host]) => [`grad.${name}`, toLists(host)]),
      ),
    },
    comparisons: [
      ...compareRows(parity, rows),
      compareItems(
        "sft_augmentation_points",
        points.flat(),
        expected.sftAugmentationPoints.flat(),
      ),
      compareNumbers("sft_loss", [sftLoss], [expected.sftLoss], BOUND),
      compareTensors(LOGITS, scores, tensors.read(LOGITS), BOUND),
      compareNorms(norms, expected.sftGradNorms),
      worstOf(
        "grad.*",
        hosts.filter(([name]) => tensors.tensors.has(`grad.${name}`))
          .map(([name, host]) => {
            const wanted = tensors.read(`grad.${name}`);
            return compareTensors(`grad.${name}`, host, wanted, BOUND);
          }),
      ),
    ],
  };
}

/** Loss, gradient norm and learning rate of every step of the run. */
export async function checkRun(parity: MemgenCase): Promise<CaseResult> {
  const { model, modules, expected } = parity;
  const { sftRun: run } = expected;
  const rows = await supervisedRows(parity);
  const whole = shapeOf(rows);
  const targets = run.batch * whole.length;
  const shape = { ...whole, rows: run.batch, targets };
  const step = makeTrainStep(
    (parameters: NamedTensors, batch: ReturnType<typeof packAppend>) =>
      appendLoss(model, modules.config, parameters, batch),
    { name: "sft", xla: "never", maxGradNorm: run.maxGradNorm },
  );
  let state = tidy(() => {
    const parameters = Object.entries(modules.weaver)
      .map(([name, tensor]) => [name, tensor.clone()] as const);
    return initialState(Object.fromEntries(parameters));
  });
  const steps = run.steps.map((_, s) => {
    const lr = cosineRate({
      peakRate: run.lr,
      warmupSteps: run.warmupSteps,
      totalSteps: run.totalSteps,
    }, s);
    const chosen = Array.from(
      { length: run.batch },
      (_, b) => rows[(s * run.batch + b) % rows.length],
    );
    const batch = packAppend(chosen, shape, modules.config);
    const clock = { rate: tf.scalar(lr), step: tf.scalar(s + 1) };
    const result = step(state, batch, clock);
    const [loss] = result.loss.dataSync();
    const [gradNorm] = result.gradNorm.dataSync();
    disposeTree([state, batch, clock, result.loss, result.gradNorm]);
    state = result.state;
    return { loss, grad_norm: gradNorm, lr };
  });
  disposeTree(state);
  step.dispose();

  const compare = (
    name: string,
    found: readonly number[],
    wanted: readonly number[],
  ) =>
    worstOf(
      `sft_run: ${name}`,
      found.map((value, s) =>
        compareNumbers(name, [value], [wanted[s]], BOUND)
      ),
    );
  return {
    values: {
      sft_run: {
        lr: run.lr,
        warmup_steps: run.warmupSteps,
        total_steps: run.totalSteps,
        max_grad_norm: run.maxGradNorm,
        batch: run.batch,
        steps,
        rows: run.rows,
      },
    },
    comparisons: [
      compare("loss", steps.map((s) => s.loss), run.steps.map((s) => s.loss)),
      compare(
        "grad_norm",
        steps.map((s) => s.grad_norm),
        run.steps.map((s) => s.gradNorm),
      ),
      compare("lr", steps.map((s) => s.lr), run.steps.map((s) => s.lr)),
    ],
  };
}

/** The invented problems, read and posed as GSM8K's own files are. */
async function supervisedRows(
  { model, modules, expected }: MemgenCase,
): Promise<SupervisedRow[]> {
  const folder = await Deno.makeTempDir();
  try {
    const lines = expected.sftRun.rows.map((row) => JSON.stringify(row));
    await Deno.writeTextFile(join(folder, "test.jsonl"), lines.join("\n"));
    const points = new CandidatePoints(model.tokenizer, modules.config);
    return (await gsm8k.load(folder, "test")).map(
      ({ messages, demonstration }) => {
        const row = conversationRow(model.tokenizer, [
          ...messages,
          ...demonstration,
        ]);
        return {
          ...row,
          points: points.supervisedPoints(
            row.ids,
            row.labels,
            modules.config,
          ),
        };
      },
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The smallest shape that holds the rows. */
function shapeOf(rows: readonly SupervisedRow[]): AppendShape {
  const longest = (sizes: readonly number[]): number => Math.max(1, ...sizes);
  return {
    rows: rows.length,
    length: longest(rows.map(({ ids }) => ids.length)),
    targets: rows.reduce((sum, { ids }) => sum + ids.length, 0),
    prompt: longest(rows.map(({ points }) => points[0])),
    segment: longest(
      rows.flatMap(({ points }) =>
        points.slice(1).map((point, n) => point - points[n])
      ),
    ),
  };
}

/** Our rows against the padded batch; the file's labels keep the header. */
function compareRows(
  { model, tensors }: MemgenCase,
  rows: readonly SupervisedRow[],
): Comparison[] {
  const [ids, mask, labels] = ["input_ids", "attention_mask", "labels"]
    .map((name) => tensors.read(`sft_${name}`));
  const wanted = rows.map((_, b) => {
    const length = ids.shape[1];
    const row = ({ data }: HostTensor): number[] =>
      Array.from(data.slice(b * length, (b + 1) * length))
        .filter((_, t) => mask.data[b * length + t] === 1);
    return {
      ids: row(ids),
      labels: maskAssistantHeader(model.tokenizer, row(ids), row(labels)),
    };
  });
  return (["ids", "labels"] as const).map((key) =>
    compareItems(
      key === "ids" ? "sft_input_ids" : "sft_labels",
      rows.flatMap((row) => row[key]),
      wanted.flatMap((row) => row[key]),
    )
  );
}

function compareNorms(
  found: Readonly<Record<string, number>>,
  expected: Readonly<Record<string, number>>,
): Comparison {
  const names = new Set([...Object.keys(found), ...Object.keys(expected)]);
  return worstOf(
    "sft_grad_norms",
    // A name on one side only gives NaN, which fails.
    [...names].map((name) =>
      compareNumbers(name, [found[name]], [expected[name]], BOUND)
    ),
  );
}

/** Logits at the last positions of row 0, those that predict latents left out. */
function lastLogits(
  { model, modules, tensors }: MemgenCase,
  rows: readonly SupervisedRow[],
): HostTensor {
  const count = tensors.tensors.get(LOGITS)?.shape[0] ?? 0;
  const [{ ids, points }] = rows;
  const start = ids.length - count;
  const { config } = modules;
  const row = { ids, points, labels: ids };
  const scores = tidy(() => {
    const batch = packAppend([row], shapeOf([row]), config);
    const hidden = decodeAppended(model, config, modules.weaver, batch);
    const latentsUpTo = (t: number): number =>
      points.reduce(
        (sum, point, n) =>
          point > t ? sum : sum +
            (n === 0 ? config.promptLatents : config.inferenceLatents),
        0,
      );
    const places = Array.from(
      { length: count },
      (_, i) => start + i + latentsUpTo(start + i + 1),
    );
    const states = tf.gather(hidden.squeeze<tf.Tensor2D>([0]), places);
    return logits(model.config, model.weights, states);
  });
  const host = toHost(scores);
  scores.dispose();
  return host;
}
