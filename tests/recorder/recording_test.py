#!/usr/bin/env python3
"""What cases keep of another engine, and how many are recorded from it, without an engine."""
import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True

import also
import engine
import recording

NAME = "2099-01"


def numbers(weights, context, compute):
    return {"weights": weights, "context": context, "compute": compute}


class OtherEngines(unittest.TestCase):
    expected = {"devices": [numbers(10, 20, 30), numbers(1, 2, 3)], "host": numbers(5, 0, 6),
                "graph": {"nodes": [9, 9], "splits": [2, 2]}, "decode_growth": [2, 0], "basis": "real"}
    recorded = {"id": "x", "gpus": ["t4", "t4"], "args": [], "expected": expected}

    def other(self, **more):
        return {**self.recorded, "expected": {**self.expected, **more}}

    def test_what_differs_is_kept_member_by_member_and_arrays_whole(self):
        there = self.other(devices=[numbers(10, 20, 31), numbers(1, 2, 3)], host=numbers(5, 0, 7),
                           graph={"nodes": [9, 12], "splits": [2, 2]})
        self.assertEqual(also.difference(self.recorded, there), {"expected": {
            "devices": [numbers(10, 20, 31), numbers(1, 2, 3)], "host": {"compute": 7}, "graph": {"nodes": [9, 12]}}})
        self.assertEqual(also.difference(self.recorded, self.other()), {})

    def test_what_is_not_known_of_the_other_is_taken_away(self):
        there = self.other()
        del there["expected"]["decode_growth"]
        self.assertEqual(also.difference(self.recorded, there), {"expected": {"decode_growth": None}})

    def test_what_was_not_recorded_of_the_case_is_left_out(self):
        self.assertEqual(also.difference(self.recorded, self.other(parts=[{"part": "kv"}])), {})
        parts = [{"part": "kv", "bytes": 7}]
        self.assertEqual(also.difference(self.other(parts=parts), self.other(parts=[{**parts[0], "cells": 3}])), {})

    def test_how_it_was_recorded_is_no_difference(self):
        self.assertEqual(also.difference(self.recorded, self.other(basis="dry")), {})

    def test_a_refusal_differs_from_a_run_but_not_from_one_in_other_words(self):
        refused = {"id": "x", "args": [], "gpus": [], "refusal": "ggml/src/ggml.c:4005: GGML_ASSERT(a == b) failed"}
        self.assertEqual(also.difference(refused, {**refused, "refusal": "ggml/src/ggml.c:4014: GGML_ASSERT(a == b) failed"}), {})
        self.assertEqual(also.difference(refused, {"expected": {"basis": "dry"}}),
                         {"refusal": None, "expected": {"basis": "dry"}})

    def test_an_end_by_itself_is_no_refusal(self):
        ends = {"id": "x", "args": [], "gpus": [], "aborts": "ggml/src/ggml-backend-meta.cpp:605: ..."}
        self.assertEqual(also.difference(ends, {**ends, "aborts": "SIGFPE"}), {})
        self.assertEqual(also.difference(ends, {"refusal": "not implemented"}), {"aborts": None, "refusal": "not implemented"})

    def test_the_numbers_of_its_own_engine_stay(self):
        there = self.other(host=numbers(5, 0, 7))
        kept = also.with_recorded(self.recorded, NAME, there)
        self.assertEqual(kept, {**self.recorded, "also": {NAME: {"expected": {"host": {"compute": 7}}}}})
        self.assertEqual(also.with_recorded(kept, engine.PINNED, there)["expected"], there["expected"])
        self.assertEqual(also.with_recorded(kept, engine.PINNED, there)["also"], kept["also"])
        # a case of another engine
        newer = {**self.recorded, "engine": NAME}
        self.assertEqual(also.with_recorded(newer, NAME, there), {**newer, "expected": there["expected"]})

    def test_an_engine_that_agrees_is_named_only_where_that_is_asked(self):
        kept = also.with_recorded(self.recorded, NAME, self.other(host=numbers(5, 0, 7)))
        self.assertEqual(also.with_recorded(kept, NAME, self.other()), self.recorded)
        self.assertEqual(also.with_recorded(kept, NAME, self.other(), always=True)["also"], {NAME: {}})

    def test_an_engine_that_does_not_know_the_architecture_says_nothing(self):
        unknown = {**self.recorded, "refusal": "model load failed: unknown model architecture: 'x'"}
        del unknown["expected"]
        newer = {**self.recorded, "engine": NAME}
        self.assertEqual(also.with_recorded(newer, engine.PINNED, unknown, always=True), newer)


class FakeRecorder:
    """Says the same of every run."""

    class engine:
        name = NAME

    def __init__(self):
        self.asked = []

    def record(self, case):
        self.asked.append(case["id"])
        return {**case, "expected": OtherEngines.expected}


class Recordings(unittest.TestCase):
    recorded = OtherEngines.recorded

    def test_a_recording_goes_on_where_it_was_interrupted(self):
        wanted = [{"id": name, "args": [], "gpus": ["t4"], "model": "m"} for name in "abc"]
        with tempfile.TemporaryDirectory() as folder:
            build, engine.BUILD = engine.BUILD, pathlib.Path(folder)
            try:
                (engine.BUILD / NAME).mkdir()
                recorder = FakeRecorder()
                first = recording.Recording(recorder).of(wanted[:2])
                with recording.Recording(recorder).file.open("a") as file:
                    file.write('\n{"id":"c","ar')
                recorder.asked.clear()
                runs = recording.Recording(recorder)
                self.assertEqual(set(runs.of(wanted)), {"a", "b", "c"})
                self.assertEqual(set(recorder.asked), {"c"})
                self.assertEqual(runs.of(wanted)["a"], first["a"])
                # asked otherwise: recorded again
                self.assertEqual(runs.missing([{**wanted[0], "args": ["-np", "1"]}, wanted[1]])[0]["id"], "a")
                recorder.asked.clear()
                runs.of(wanted[:1], again=True)
                self.assertEqual(set(recorder.asked), {"a"})
            finally:
                engine.BUILD = build

    def test_a_new_run_is_of_the_engine_that_it_is_recorded_from(self):
        run = {key: self.recorded[key] for key in ("id", "gpus", "args")}
        self.assertEqual(recording.kept_run({}, run, engine.PINNED), run)
        self.assertEqual(recording.kept_run({}, run, NAME), {**run, "engine": NAME})
        newer = {**self.recorded, "engine": NAME}
        for kept in (self.recorded, newer):  # the same run
            self.assertEqual(recording.kept_run({"x": kept}, run, NAME), kept)
        other = {**run, "args": ["-np", "1"]}
        self.assertEqual(recording.kept_run({"x": newer}, other, NAME), {**other, "engine": NAME})
        with self.assertRaises(engine.EngineFailed):  # the release's numbers are not another engine's to replace
            recording.kept_run({"x": self.recorded}, other, NAME)

    def test_what_no_other_engine_can_be_asked_is_left_out(self):
        old = {"args": [], "before": ["both_inputs"]}
        self.assertTrue(recording.recordable(old, engine.PINNED))
        self.assertFalse(recording.recordable(old, NAME))


if __name__ == "__main__":
    unittest.main()
