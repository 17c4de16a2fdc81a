// What node-llama-cpp estimates for each run of a request: by its formulas, or with the argument "card"
// by loading the engine on this machine's card, without memory. The request, on standard input, and the
// answer are what compare.py writes and reads.
import fs from "node:fs";
import {getLlama, GgmlType, GgufInsights, LlamaLogLevel, readGgufFileInfo} from "node-llama-cpp";

const onCard = process.argv[2] === "card";
const llama = onCard
    ? await getLlama({gpu: "cuda", build: "never", logLevel: LlamaLogLevel.error})
    : undefined;

async function estimateOnce(run) {
    const start = performance.now();
    const file = await readGgufFileInfo(run.file, {logWarnings: false});
    const insights = await GgufInsights.from(file, llama);
    const read = performance.now();

    const gpuLayers = run.n_gpu_layers ?? insights.totalLayers;
    const ofModel = {gpuLayers, useMmap: false};
    const ofContext = {
        contextSize: (run.n_ctx || insights.trainContextSize) / run.n_seq_max, // of each sequence
        modelGpuLayers: gpuLayers,
        batchSize: run.n_ubatch,
        sequences: run.n_seq_max,
        flashAttention: true,
        kvCacheKeyType: GgmlType[run.type_k.toUpperCase()],
        kvCacheValueType: GgmlType[run.type_v.toUpperCase()]
    };
    const [model, context] = onCard
        ? [await insights.estimateModelResourceRequirementsV2(ofModel),
            await insights.estimateContextResourceRequirementsV2({...ofContext, useMmap: false})]
        : [insights.estimateModelResourceRequirements(ofModel),
            insights.estimateContextResourceRequirements(ofContext)];
    const done = performance.now();
    return {bytes: model.gpuVram + context.gpuVram, parse_ms: read - start, estimate_ms: done - read};
}

async function measure(run, repeat) {
    try {
        const all = [];
        for (let i = 0; i < repeat; i++) all.push(await estimateOnce(run));
        return {
            bytes: all[0].bytes,
            parse_ms: Math.min(...all.map((e) => e.parse_ms)),
            estimate_ms: Math.min(...all.map((e) => e.estimate_ms))
        };
    } catch (error) {
        return {refusal: error.message};
    }
}

const {repeat, runs} = JSON.parse(fs.readFileSync(0, "utf8"));
const answer = [];
for (const run of runs) answer.push(await measure(run, repeat));
console.log(JSON.stringify(answer));
process.exit(0);
