"""Options that nobody means: refused, or answered like any other, in a few seconds.

usage: options_test.py PROGRAM [unittest's arguments]
"""
import unittest

from hostile import measured

RUN = ["Qwen3-8B-Q8_0", "--gpu", "3090", "-c", "4096", "--json"]


class Options(unittest.TestCase):
    def check_refused(self, *args):
        o = measured(*args)
        self.assertEqual(o.status, 2, o.err[:300])
        self.assertLess(o.seconds, 1)
        self.assertLess(o.peak, 200)

    def test_more_gpus_than_the_engine_takes(self):
        self.check_refused("Qwen3-8B-Q8_0", *["--gpu", "16x3090"] * 8, "-c", "4096")
        self.check_refused("Qwen3-8B-Q8_0", "--gpu", "16x3090", "-c", "4096")

    def test_patterns_of_any_length(self):
        self.check_refused(*RUN, "-ot", "(" * 16000 + ")" * 16000 + "=CPU")
        self.check_refused(*RUN, "-ot", "a" * 100000 + "=CPU")

    def test_patterns_that_match_in_many_ways(self):
        o = measured(*RUN, "-ot", "(.*)(.*)(.*)(.*)(.*)(.*)z=CPU")
        self.assertEqual(o.status, 0, o.err)
        self.assertLess(o.seconds, 2)

    def test_batches_that_no_card_runs(self):
        most = str(2**31 - 1)
        o = measured("Qwen3-8B-Q8_0", "--gpu", "3090", "-np", "2", "-ub", most, "-b", most, "-c", most)
        self.assertEqual(o.status, 1, o.err)
        self.assertLess(o.seconds, 2)

    def test_drafts_that_no_graph_has_room_for(self):
        self.check_refused("Qwen3.6-27B-MTP-UD-Q4_K_XL", "--gpu", "3090", "-c", "4096", "--spec-type", "draft-mtp",
                           "--spec-draft-n-max", "1000000")

    def test_thousands_of_patterns(self):
        self.check_refused(*RUN, *[word for i in range(3000) for word in ("-ot", f".*blk.{i}.ffn_.*z=CPU")])


if __name__ == "__main__":
    unittest.main()
