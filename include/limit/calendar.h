/* SPDX-License-Identifier: MIT
 *
 * The periods around one time. Which these are is computed elsewhere (catalogue/calendars.h); here
 * they are only numbers, so that a decision needs no time zones. */
#ifndef LIMIT_CALENDAR_H
#define LIMIT_CALENDAR_H

#define CALENDAR_STARTS 4

/* The starts of the previous period, the present one, and the next two. Each ends where the next
 * one starts. The clock of a store may be a period behind that of the process, or ahead. */
struct calendar {
    int64_t starts_us[CALENDAR_STARTS]; /* Unix time, rising */
    int64_t ahead_us; /* Unix time minus the time that decides; in Redis they are the same: 0 */
};

/* Whether `time_us` (Unix time) is in one of its periods; of a narrow one, in its only one. */
bool calendar_covers(const struct calendar *calendar, int64_t time_us);

/* The place in starts_us of the period at `time_us`; if there is none, the nearest. 0..2. */
size_t calendar_find(const struct calendar *calendar, int64_t time_us);

/* The same calendar without all periods but the one at `time_us`. For a charge that belongs to this
 * period, and to no other. The previous period is of no length then, and the last start only says
 * when the next period ends, for a state that is in it already; if that is not known, it is of no
 * length, too. */
struct calendar calendar_narrow(const struct calendar *calendar, int64_t time_us);

#endif
