"""One recorded case of a projector, in the form that tests/truth/mmproj/README.md describes."""
import case as cases
import engine

TRUTH = cases.TRUTH / "mmproj"
KEPT = ("id", "model", "gpu", "args", "kind", "overview")
# What an encoder is said to have, in the order of the recorded cases.
ORDER = ("weights", "n_tensors", "warmup_side", "batches", "reported", "pixels", "device", "host", "graph", "input",
         "before", "then", "encode")


def numbers(text):
    return [int(n) for n in text.split(",")]


def shape_file(name):
    return cases.find_shape(name, (TRUTH / "models",))


def asked(case):
    """What a recorded case was asked: an input to reserve for, an image after the warm-up, to encode at all."""
    encoders = list(case.get("expected", {}).values())
    given = case.get("input") or next((e.get("input") for e in encoders), None)
    return {"input": given if case["kind"] == "image" else None,
            "then": next((e["then"] for e in encoders if "then" in e), None),
            "encode": any("encode" in e for e in encoders)}


def runs(name):
    """The cases of a new projector, not recorded yet, each with what it is asked."""
    def run(tag, kind, args="", **more):
        case = {"id": "%s/%s" % (name, tag), "model": name, "gpu": "rtx3090", "args": args.split(), "kind": kind}
        return case, {"input": None, "then": None, "encode": False, **more}

    return [run("default", "warmup", encode=True), run("fa-off", "warmup", "-fa off"),
            run("cpu", "warmup", "--no-mmproj-offload")]


class ProjectorRecorder(cases.Recorder):
    def __init__(self, name=engine.PINNED):
        super().__init__(name)
        engine.build_projector(name)

    def model_file(self, name):
        return self.write_model(name, shape_file(name))

    def record(self, case, question):
        out = {key: case[key] for key in KEPT if key in case}
        words = []
        for option in ("input", "then"):
            if question[option]:
                words += ["--" + option, ",".join(map(str, question[option]))]
        words += ["--overview"] * case.get("overview", False) + ["--encode"] * question["encode"]
        words += ["--", "--mmproj", self.model_file(case["model"]), *case["args"]]
        try:
            said = self.program("projector", words, [self.card(case["gpu"], cases.ROOM)])
        except (cases.Refused, cases.Unanswered) as e:
            more = {key: case[key] for key in ("encoder", "input") if key in case}
            return {**out, "refusal": str(e), **more}
        out["expected"] = {name: {key: e[key] for key in ORDER if key in e} for name, e in said["expected"].items()}
        return {**out, **({"estimate": said["estimate"]} if said.get("estimate") else {})}
