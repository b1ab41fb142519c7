# SPDX-License-Identifier: MIT
"""How busy N instances and M shards are, and which part is full first. Measures nothing.

A part is busy for the rate of its work times the CPU time that each piece takes (the utilisation
law). This is so for any order of arrivals and any distribution of times. So no events are played:
at 10^6 decisions/s they would take long, add noise, and say the same. Chance has one place: in
which slots the keys lie, because their names are hashes. So that is drawn, with a seed, several
times.

A worker sends all calls of a turn at once. On several shards they are divided among as many
connections, so more exchanges (a write and a read on either side) are needed for the same calls.

A shard is a master of a Redis Cluster, with equally many slots as the others. One Redis is one
shard. A balancer gives all instances equally many checks.
"""

from dataclasses import dataclass
import functools
import math
import random
import statistics

SLOTS = 16384
THREAD_US = 1e6        # per second. A worker is one thread, and so is what decides in Redis
USERS_DRAWN = 10_000   # one by one; the others are so many that they lie evenly
PLACEMENTS = 20
# An instance sends at most so many records of one app's log: 1,000 every 250 ms.
RECORDS_PER_SECOND = 4000
COUNTER_BYTES = 240


@dataclass(frozen=True)
class Costs:
    """CPU time as ./dev bench measures it; the defaults are those of docs/benchmarks.md."""

    instance_us: float = 10.7   # of a worker, per decision
    redis_us: float = 6.0       # of the node that has the key, per script call
    record_us: float = 2.0      # of the node that has the app's log, per record that is sent
    exchange_us: float = 6.0    # of either side, per exchange
    at_once: float = 30.0       # the calls of an exchange, when all this was measured on one Redis

    def exchanges(self, share):
        """Per decision, with a node that has this share of the calls: a turn in which there is no
        call for it needs none."""
        return (1 - (1 - share) ** self.at_once) / self.at_once

    def of_node_us(self, share):
        """Per decision of all. An exchange of `at_once` calls is in `redis_us`."""
        more = self.exchanges(share) - share / self.at_once
        return share * self.redis_us + more * self.exchange_us


@dataclass(frozen=True)
class Machines:
    instances: int = 1
    workers: int = 1   # of each instance
    shards: int = 1


@dataclass(frozen=True)
class Callers:
    """Parts of all checks: `hot` are of one key, `pooled` are decided by policies with a pool, and
    the others are of users, the k-th of which asks in proportion to 1 / k^zipf."""

    users: int = 1_000_000
    zipf: float = 0.0
    hot: float = 0.0
    pooled: float = 0.0
    pools: int = 1
    apps: int = 1

    @functools.cache
    def keys(self):
        """The shares of the keys that are drawn one by one, and what all others have together."""
        single = [self.hot] if self.hot else []
        single += [self.pooled / self.pools] * self.pools if self.pooled else []
        drawn = min(self.users, USERS_DRAWN)
        weights = [rank ** -self.zipf for rank in range(1, drawn + 1)]
        rest = _weight_between(drawn, self.users, self.zipf)
        of_users = (1 - self.hot - self.pooled) / (sum(weights) + rest)
        return single + [weight * of_users for weight in weights], rest * of_users

    def greatest(self):
        """The share of the key that is asked for most. No number of shards divides it."""
        return max(self.keys()[0])


@dataclass(frozen=True)
class Part:
    """Busy for `decision_us` per decision and `record_us` per record, of `capacity_us` a second."""

    decision_us: float
    record_us: float = 0.0
    records_max: float = 0.0   # per second
    capacity_us: float = THREAD_US

    def busy(self, rate):
        """1 is all of the time."""
        records = min(rate, self.records_max)
        return (rate * self.decision_us + records * self.record_us) / self.capacity_us

    def limit(self, full=1.0):
        """The decisions/s at which it is busy for this part of the time."""
        capacity_us, both_us = full * self.capacity_us, self.decision_us + self.record_us
        if self.records_max * both_us >= capacity_us:
            return capacity_us / both_us
        if self.decision_us == 0:
            return float("inf")
        return (capacity_us - self.records_max * self.record_us) / self.decision_us


@dataclass(frozen=True)
class Scale:
    machines: Machines
    callers: Callers
    costs: Costs = Costs()

    def instance(self):
        exchanges = sum(map(self.costs.exchanges, self.shares(random.Random(1))))
        more_us = (exchanges - self.costs.exchanges(1)) * self.costs.exchange_us
        return Part((self.costs.instance_us + more_us) / self.machines.instances,
                    capacity_us=self.machines.workers * THREAD_US)

    def one_key(self):
        return Part(self.costs.of_node_us(self.callers.greatest()))

    def shares(self, draw):
        """Of all calls, by shard."""
        count = self.machines.shards
        single, rest = self.callers.keys()
        shares = [rest / count] * count
        for share in single:
            shares[_shard_of(draw.randrange(SLOTS), count)] += share
        return [min(share, 1.0) for share in shares]   # all of them may sum up to a little more

    def shards(self, seed=1):
        """By one placement of the keys, the busiest first."""
        draw, count = random.Random(seed), self.machines.shards
        shares, logs = self.shares(draw), [0.0] * count
        for _ in range(self.callers.apps):
            logs[_shard_of(draw.randrange(SLOTS), count)] += 1 / self.callers.apps
        records_max = RECORDS_PER_SECOND * self.machines.instances * self.callers.apps
        parts = [Part(self.costs.of_node_us(share), log * self.costs.record_us, records_max)
                 for share, log in zip(shares, logs)]
        return sorted(parts, key=Part.limit)

    def placements(self):
        return [self.shards(seed) for seed in range(1, PLACEMENTS + 1)]

    def parts(self):
        """By name: one part, or the busiest shard of each placement."""
        return {"each instance": [self.instance()],
                "the busiest shard": [shards[0] for shards in self.placements()],
                "one shard with nothing but its busiest key": [self.one_key()]}

    def limits(self, full=1.0):
        """The decisions/s at which each part is full, the least first."""
        found = {name: statistics.median(part.limit(full) for part in parts)
                 for name, parts in self.parts().items()}
        return dict(sorted(found.items(), key=lambda item: item[1]))

    def busy(self, rate):
        return {name: statistics.median(part.busy(rate) for part in parts)
                for name, parts in self.parts().items()}


def _shard_of(slot, shards):
    return slot * shards // SLOTS


def _weight_between(after, last, exponent):
    """About the sum of k^-exponent for after < k <= last."""
    if last <= after:
        return 0.0
    begin, end = after + 0.5, last + 0.5
    if abs(exponent - 1) < 1e-9:
        return math.log(end / begin)
    return (end ** (1 - exponent) - begin ** (1 - exponent)) / (1 - exponent)
