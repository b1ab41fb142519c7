#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What the arithmetic of many machines must say where the answer is known. Nothing is started."""

import pathlib
import re
import shlex
import unittest

import scale
import simulate
from scale import Callers, Costs, Machines, Part, Scale

SOURCES = pathlib.Path(__file__).resolve().parents[2]
# Without the log and exchanges: 100,000 decisions/s of a worker, 200,000 of a shard.
COSTS = Costs(instance_us=10, redis_us=5, record_us=0, exchange_us=0)


def limits(machines, callers=Callers(), costs=COSTS):
    return Scale(machines, callers, costs).limits()


def shares(callers, shards):
    """Of the checks, by shard, the busiest first."""
    parts = Scale(Machines(shards=shards), callers, COSTS).shards()
    return [part.decision_us / COSTS.redis_us for part in parts]


class Users(unittest.TestCase):
    def test_uniform_users_use_all_shards_alike(self):
        found = limits(Machines(shards=5))

        self.assertAlmostEqual(found["the busiest shard"] / 1_000_000, 1, delta=0.02)

    def test_one_user_is_on_one_shard(self):
        found = limits(Machines(shards=5), Callers(users=1))

        self.assertEqual(found["the busiest shard"], 200_000)

    def test_the_shares_of_all_shards_are_one(self):
        for callers in (Callers(), Callers(users=7), Callers(zipf=1), Callers(zipf=1.3),
                        Callers(hot=0.2, pooled=0.3, pools=3)):
            self.assertAlmostEqual(sum(shares(callers, 6)), 1, places=9)

    def test_the_first_of_zipf_users_has_its_part(self):
        few = Callers(users=100, zipf=1)
        million = Callers(users=1_000_000, zipf=1)

        self.assertAlmostEqual(few.greatest(), 1 / 5.187377, places=6)
        self.assertAlmostEqual(million.greatest(), 1 / 14.392727, places=6)

    def test_users_that_are_not_drawn_have_their_part(self):
        whole = sum(rank ** -1.2 for rank in range(1, 300_001))

        self.assertAlmostEqual(Callers(users=300_000, zipf=1.2).greatest(), 1 / whole, places=7)


class HotKeys(unittest.TestCase):
    def test_a_hot_key_and_its_part_of_the_users_are_on_one_shard(self):
        found = shares(Callers(hot=0.4), 3)

        self.assertAlmostEqual(found[0], 0.4 + 0.6 / 3, delta=0.01)
        self.assertAlmostEqual(found[2], 0.6 / 3, delta=0.01)

    def test_one_pool_is_the_limit_of_one_shard(self):
        for shards in (1, 3, 100):
            found = limits(Machines(instances=100, shards=shards), Callers(pooled=1))

            self.assertEqual(found["the busiest shard"], 200_000)
            self.assertEqual(found["one shard with nothing but its busiest key"], 200_000)

    def test_half_of_the_checks_in_a_pool_allow_at_most_twice_one_shard(self):
        callers = Callers(pooled=0.5)

        few, many = (limits(Machines(shards=shards), callers) for shards in (10, 1000))

        for found in (few, many):
            self.assertEqual(found["one shard with nothing but its busiest key"], 400_000)
        self.assertAlmostEqual(few["the busiest shard"], 200_000 / 0.55, delta=4000)
        self.assertAlmostEqual(many["the busiest shard"], 400_000, delta=4000)

    def test_a_divided_pool_allows_as_many_times_more(self):
        found = limits(Machines(shards=1000), Callers(pooled=1, pools=4))

        self.assertEqual(found["one shard with nothing but its busiest key"], 800_000)


class Parts(unittest.TestCase):
    def test_instances_and_workers_multiply(self):
        found = limits(Machines(instances=3, workers=2, shards=100))

        self.assertAlmostEqual(found["each instance"], 600_000)

    def test_the_part_that_is_full_first_comes_first(self):
        by_instance, by_shard = limits(Machines(shards=2)), limits(Machines(instances=100))

        self.assertEqual(next(iter(by_instance)), "each instance")
        self.assertEqual(next(iter(by_shard)), "the busiest shard")

    def test_a_lower_bound_is_reached_earlier(self):
        part = Part(decision_us=5)

        self.assertEqual((part.limit(), part.limit(0.5)), (200_000, 100_000))

    def test_at_its_limit_a_part_is_full(self):
        for part in (Part(5), Part(5, 3, 1000), Part(5, 3, 1e9), Part(0.1, 3, 100_000)):
            self.assertAlmostEqual(part.busy(part.limit(0.7)), 0.7)

    def test_the_log_is_bounded_and_on_one_shard(self):
        machines = Machines(instances=10, shards=4)
        logged = Scale(machines, Callers(), Costs(10, 5, 10, exchange_us=0)).shards()
        most = sum(part.busy(1e5) for part in logged) - 1e5 * 5 / 1e6

        self.assertAlmostEqual(most, 10 * scale.RECORDS_PER_SECOND * 10 / 1e6)
        self.assertEqual([part.record_us for part in logged], [10, 0, 0, 0])

    def test_the_same_seed_places_the_same(self):
        callers = Scale(Machines(shards=7), Callers(users=20), COSTS)

        self.assertEqual(callers.shards(3), callers.shards(3))
        self.assertNotEqual(callers.shards(3), callers.shards(4))


class Exchanges(unittest.TestCase):
    costs = Costs(instance_us=10, redis_us=5, record_us=0, exchange_us=4, at_once=20)

    def of(self, shards):
        """CPU per decision of an instance, and of all shards."""
        scale_of = Scale(Machines(shards=shards), Callers(), self.costs)
        return (scale_of.instance().decision_us,
                sum(part.decision_us for part in scale_of.shards()))

    def test_on_one_shard_they_are_in_the_measured_figures(self):
        instance, shards = self.of(1)

        self.assertAlmostEqual(instance, 10)
        self.assertAlmostEqual(shards, 5)

    def test_on_many_shards_each_call_has_its_own(self):
        instance, shards = self.of(16_384)

        self.assertAlmostEqual(instance, 10 + 4 * 19 / 20, delta=0.01)
        self.assertAlmostEqual(shards, 5 + 4 * 19 / 20, delta=0.01)

    def test_on_three_shards_almost_every_turn_has_calls_for_each(self):
        instance, _ = self.of(3)

        self.assertAlmostEqual(instance, 10 + 4 * 2 / 20, delta=0.01)

    def test_a_call_that_is_alone_costs_the_same_everywhere(self):
        alone = Costs(10, 5, 0, exchange_us=4, at_once=1)

        for shards in (1, 3, 50):
            self.assertAlmostEqual(
                Scale(Machines(shards=shards), Callers(), alone).instance().decision_us, 10)


class Beside(unittest.TestCase):
    def test_what_was_measured_stands_beside_what_was_foretold(self):
        point = simulate.Point("half hot", Callers(hot=0.5))
        figures = {"rps": 60_000, "cpu_us": 11, "nodes_us": [1, 4, 1]}

        found = simulate.beside(point, figures, COSTS)

        self.assertEqual(found[0], ("half hot, instance", 0.6, 0.66))
        self.assertEqual([f"{busy:.0%}" for _, _, busy in found[1:]], ["24%", "6%", "6%"])
        self.assertEqual(f"{found[1][1]:.0%}", "20%")

    def test_the_rounds_have_a_median_each(self):
        line = simulate.line("a", [(0.1, 0.11), (0.2, 0.3), (0.4, 0.4)])

        self.assertEqual(line, ["a", "20%", "30%", "+10%"])


class Documentation(unittest.TestCase):
    page = (SOURCES / "docs" / "scaling.md").read_text()

    def test_the_example_prints_what_the_page_shows(self):
        command = re.search(r"^\./dev bench --simulate (.*?[^\\])\n", self.page, re.M | re.S)[1]
        shown = simulate.foretold(simulate.arguments(shlex.split(command.replace("\\\n", ""))))

        self.assertTrue(f"```text\n{shown}\n```" in self.page, shown)

    def test_the_table_has_the_figures_of_the_simulation(self):
        rows = [(1e4, Machines(2), Callers()), (1e5, Machines(2, 2), Callers()),
                (1e5, Machines(3, 2, 3), Callers()),
                (1e6, Machines(6, 4, 16), Callers(users=10_000_000))]

        for rate, machines, callers in rows:
            busy = Scale(machines, callers).busy(rate)
            worker, shard = busy["each instance"], busy["the busiest shard"]

            self.assertTrue(re.search(
                rf"^\| {rate:,.0f}\b.*\| {machines.instances} × {machines.workers}\b.*"
                rf"\| {worker * 100:.0f} %, {shard * 100:.0f} % \|$", self.page, re.M), rate)


if __name__ == "__main__":
    unittest.main()
