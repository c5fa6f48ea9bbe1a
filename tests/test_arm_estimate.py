"""The estimate of cycles on ARM: what it takes for one straight run of instructions."""

from collections import Counter

from tests.helpers import scripts

estimate = scripts.load("export/native/bench/arm_estimate.py")

# A loop of three instructions between one before and one after, and a function elsewhere.
CODE = {
    0x100: "mov x0, #0",
    0x104: "ldr q0, [x1], #16",
    0x108: "subs x2, x2, #1",
    0x10C: "b.ne #0",
    0x110: "ret ",
    0x200: "fadd v0.4s, v0.4s, v1.4s",
}


def test_runs_end_at_branches_and_where_counts_change():
    times = Counter({0x100: 2, 0x104: 20, 0x108: 20, 0x10C: 20, 0x110: 2, 0x200: 7})
    assert estimate._straight_lines(times, CODE) == [
        (20, ("ldr q0, [x1], #16", "subs x2, x2, #1", "b.ne #0")),
        (7, ("fadd v0.4s, v0.4s, v1.4s",)),
        (2, ("mov x0, #0",)),
        (2, ("ret ",)),
    ]


def test_a_branch_ends_a_run_of_equal_counts():
    times = Counter(dict.fromkeys((0x108, 0x10C, 0x110), 5))
    assert [len(text) for _, text in estimate._straight_lines(times, CODE)] == [2, 1]


def test_what_only_the_set_up_ran_is_left_out():
    few, many = Counter({1: 3, 2: 5}), Counter({1: 3, 2: 9, 3: 1})
    assert estimate._difference(many, few) == {2: 4, 3: 1}
