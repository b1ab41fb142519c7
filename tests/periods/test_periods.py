#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Periods start when the rules say, by another implementation: test_periods.py PROGRAM [SEED]

The rules stand in include/limit/period.h and include/catalogue/calendars.h. Here they are followed
with Python's own reading of the tz database. GLib knows no change of clocks after 2037, so later
starts are not compared.
"""
import calendar
import json
import random
import subprocess
import sys
import unittest
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

PROGRAM = sys.argv[1]
SEED = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(2 ** 32)
QUESTIONS = 2000
UNITS = ["hour", "day", "week", "month", "year"]
EPOCH = datetime(1970, 1, 1)
KNOWN_UNTIL = int((datetime(2038, 1, 1) - EPOCH).total_seconds()) - 86400
ZONES = """
    Africa/Cairo Africa/Casablanca Africa/El_Aaiun Africa/Johannesburg Africa/Khartoum
    Africa/Monrovia America/Argentina/Buenos_Aires America/Caracas America/Havana
    America/Los_Angeles America/Metlakatla America/New_York America/Nuuk America/Port-au-Prince
    America/Santiago America/Sao_Paulo America/St_Johns Antarctica/Casey Antarctica/Troll
    Asia/Amman Asia/Gaza Asia/Kathmandu Asia/Kolkata Asia/Pyongyang Asia/Tehran Asia/Tokyo
    Atlantic/Azores Australia/Eucla Australia/Lord_Howe Europe/Berlin Europe/Dublin
    Europe/Istanbul Europe/London Europe/Moscow Etc/GMT+12 Pacific/Apia Pacific/Chatham
    Pacific/Kiritimati Pacific/Kwajalein UTC""".split()
# Days that clocks have left out, and the night of a change.
STRANGE = [("Pacific/Apia", date(2011, 12, 30)), ("Pacific/Kwajalein", date(1993, 8, 21)),
           ("Pacific/Kiritimati", date(1994, 12, 31)), ("America/Caracas", date(2007, 12, 9)),
           ("Antarctica/Troll", date(2024, 3, 31)), ("Asia/Pyongyang", date(2018, 5, 4))]


def seconds(moment):
    return int((moment - EPOCH).total_seconds())


def offset(zone, instant):
    utc = datetime.fromtimestamp(instant, timezone.utc)
    return int(utc.astimezone(zone).utcoffset().total_seconds())


def instant_of(zone, local):
    """The first instant at which clocks show `local`, or the first after the gap around it."""
    before, after = (seconds(local) - int(local.replace(tzinfo=zone, fold=fold).utcoffset()
                                          .total_seconds()) for fold in (0, 1))
    for instant in sorted((before, after)):
        if instant + offset(zone, instant) == seconds(local):
            return instant
    low, high = min(before, after), max(before, after)
    while high - low > 1:
        middle = (low + high) // 2
        if middle + offset(zone, middle) < seconds(local):
            low = middle
        else:
            high = middle
    return high


def moved(unit, anchor, number):
    """The anchor, moved on by `number` periods on a clock that is never changed."""
    if unit == "day":
        return anchor + timedelta(days=number)
    if unit == "week":
        return anchor + timedelta(weeks=number)
    months = anchor.year * 12 + anchor.month - 1 + number * (12 if unit == "year" else 1)
    year, month = months // 12, months % 12 + 1
    return anchor.replace(year=year, month=month,
                          day=min(anchor.day, calendar.monthrange(year, month)[1]))


def starts(unit, zone, anchor, at):
    """Those of the period before the one at `at`, of that one, and of the next two."""
    if unit == "hour":
        first = instant_of(zone, anchor)
        present = first + (at - first) // 3600 * 3600
        return [present + number * 3600 for number in (-1, 0, 1, 2)]
    local = EPOCH + timedelta(seconds=at)
    days = {"day": 1, "week": 7, "month": 30.436875, "year": 365.2425}[unit]
    near = round((local - anchor).total_seconds() / 86400 / days)
    around = sorted({instant_of(zone, moved(unit, anchor, near + i)) for i in range(-5, 7)})
    present = max(i for i, start in enumerate(around) if start <= at)
    return around[present - 1:present + 3]


def of_another_year(unit, anchor):
    """An anchor that shares with this one only what the unit begins with."""
    if unit == "day":
        return anchor.replace(year=2003, month=7, day=9)
    if unit == "week":
        return anchor.replace(year=2001, month=1, day=1 + anchor.weekday())
    if unit == "month":
        return anchor.replace(year=2001, month=1)
    return anchor.replace(year=2000)


def question(chance):
    """A random time and anchor. Changes of clocks and ends of months are likely."""
    zone = chance.choice(ZONES)
    day = date(1990, 1, 1) + timedelta(days=chance.randrange(48 * 365))
    if chance.random() < 0.1:
        zone, strange = chance.choice(STRANGE)
        day = strange + timedelta(days=chance.randrange(-3, 4))
    begin = date(1970, 1, 1) + timedelta(days=chance.randrange(67 * 365))
    if chance.random() < 0.3:
        begin = begin.replace(day=calendar.monthrange(begin.year, begin.month)[1])
    elif chance.random() < 0.2:
        begin = begin.replace(month=day.month, day=min(day.day, 28))
    elif chance.random() < 0.1:
        begin = date(max(begin.year // 4 * 4, 1972), 2, 29)
    clock = timedelta(seconds=chance.randrange(86400))
    if chance.random() < 0.6:
        clock = timedelta(minutes=15 * chance.randrange(17))
    anchor = datetime.combine(begin, datetime.min.time()) + clock
    at = seconds(datetime.combine(day, datetime.min.time())) + chance.randrange(86400)
    if chance.random() < 0.5:
        at = seconds(datetime.combine(day, anchor.time())) - offset(ZoneInfo(zone), at)
        at += chance.choice([-7200, -3601, -3600, -1, 0, 1, 1800, 3600])
    return zone, anchor, at


class Periods(unittest.TestCase):
    def answers(self, questions):
        lines = "".join(json.dumps(each) + "\n" for each in questions)
        result = subprocess.run([PROGRAM], input=lines, capture_output=True, text=True, check=True)
        self.assertEqual(result.stderr, "")
        return result.stdout.splitlines()

    def test_they_start_when_the_rules_say(self):
        chance = random.Random(SEED)
        asked, expected = [], []
        for _ in range(QUESTIONS):
            zone, anchor, at = question(chance)
            for unit in UNITS:
                asked.append({"at": at, "period": unit, "zone": zone,
                              "anchor": anchor.isoformat(timespec="seconds")})
                expected.append(starts(unit, ZoneInfo(zone), anchor, at))
        answers = self.answers(asked)
        self.assertEqual(len(answers), len(asked))
        different, compared = [], 0
        for each, answer, starts_expected in zip(asked, answers, expected):
            starts_answered = [int(start) for start in answer.split()]
            known = [start < KNOWN_UNTIL for start in starts_expected]
            compared += sum(known)
            if any(is_known and a != b for is_known, a, b in
                   zip(known, starts_expected, starts_answered)):
                different.append((each, starts_expected, starts_answered))
        zones = len({each["zone"] for each in asked})
        print(f"seed {SEED}: {QUESTIONS} times and anchors in {zones} zones, {len(asked)} answers, "
              f"{compared} starts, {len(different)} differences", file=sys.stderr)
        self.assertEqual(different[:3], [])
        self.assertEqual(zones, len(ZONES))
        self.assertGreater(compared, len(asked) * 4 * 0.95)

    def test_an_anchor_of_another_year_makes_the_same_periods(self):
        chance = random.Random(SEED)
        ones, others = [], []
        for _ in range(QUESTIONS // 4):
            zone, anchor, at = question(chance)
            for unit in UNITS[1:]:
                one = {"at": at, "period": unit, "zone": zone}
                ones.append({**one, "anchor": anchor.isoformat(timespec="seconds")})
                other = of_another_year(unit, anchor)
                others.append({**one, "anchor": other.isoformat(timespec="seconds")})

        for one, a, b in zip(ones, self.answers(ones), self.answers(others), strict=True):
            self.assertEqual(a, b, f"seed {SEED}: {one}")

    def test_days_that_do_not_exist_start_none(self):
        [answer] = self.answers([{"at": 1325239200, "period": "day", "zone": "Pacific/Apia"}])

        self.assertEqual([datetime.fromtimestamp(int(start), timezone.utc).isoformat()[:16]
                          for start in answer.split()],
                         ["2011-12-29T10:00", "2011-12-30T10:00", "2011-12-31T10:00",
                          "2012-01-01T10:00"])

    def test_what_is_no_zone_is_refused(self):
        names = ["Europe/Berlinn", "Africa", "posixrules", "right/UTC", "localtime", "tzdata.zi"]

        for answer in self.answers([{"at": 0, "period": "day", "zone": name} for name in names]):
            self.assertRegex(answer, "^(unknown|/zone .*)$")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
