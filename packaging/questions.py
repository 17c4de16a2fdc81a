"""What packaging/try asks an installed wheel: each answer a line of JSON, what is estimated to 9 digits, as systems' logarithms
differ beyond."""

import json
import pickle
import warnings

import vrambudget as vb

warnings.simplefilter("ignore")


def rounded(value):
    if isinstance(value, float):
        return float(f"{value:.9g}")
    if isinstance(value, dict):
        return {key: rounded(inner) for key, inner in value.items()}
    return [rounded(inner) for inner in value] if isinstance(value, (list, tuple)) else value


def columns(sweep):
    return {name: column.tolist() if hasattr(column, "tolist") else list(column) for name, column in sweep.items()}


def refusal(call):
    try:
        call()
    except vb.Error as error:
        return [type(error).__name__, str(error)]
    return "nothing was refused"


big = dict(n_ctx=262144, type_k="q4_0", type_v="q4_0", n_parallel=1)
on = dict(os="linux")
model = vb.open_model("Qwen3.6-27B-Q4_K_L")
questions = [
    lambda: vb.__version__,
    lambda: vb.plan(model, gpu="3090", **big, **on).to_dict(),
    lambda: vb.plan(pickle.loads(pickle.dumps(model)), gpu="3090", **big, **on).to_dict(),
    lambda: vb.plan("gpt-oss-20b", gpu="2x3060", n_ctx=65536, **on).to_dict(),
    lambda: vb.plan("Gemma-3-27B-Q4_K_M", gpu="7900xtx", backend="vulkan", n_ctx=32768, **on).to_dict(),
    lambda: vb.max_context("Qwen3-8B-Q5_K_M", gpu="4060ti", **on).to_dict(),
    lambda: vb.rank(gpu="3060", n_ctx=32768, **on),
    lambda: vb.trade(model, gpu="3090", **on),
    lambda: vb.best_runs("Qwen3-30B-A3B", gpu="3060", ram="64GiB", n_ctx=32768, **on),
    lambda: vb.emit("Qwen3-8B-Q5_K_M", gpu="3090", n_ctx=65536, **on),
    lambda: columns(vb.sweep(["Qwen3-8B-Q5_K_M", "gpt-oss-20b"], ["3060", "3090"], range(4096, 65537, 4096),
                             cache_types=["f16", "q8_0"], n_parallel=[1, 4], **on)),
    lambda: refusal(lambda: vb.plan("no-such-model", gpu="3090")),
    lambda: refusal(lambda: vb.plan(model, gpu="3091")),
]
for question in questions:
    print(json.dumps(rounded(question()), sort_keys=True))
