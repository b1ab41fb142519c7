/* SPDX-License-Identifier: MIT
 *
 * The time zones of the machine: those on the tz database's own list whose files are there. GLib
 * reads any other name as a path or as a rule, so it never gets one. It never gets the name of a
 * damaged file either, see zone_file.h.
 *
 * The list is read once, at first use. A zone's file is read when somebody asks for the zone first,
 * and kept until the process ends. Any thread. */
#ifndef CATALOGUE_ZONES_H
#define CATALOGUE_ZONES_H

#include "base/text.h"

#include <glib.h>

/* NULL: it is not on the list, or its file is not sound. Borrowed. "UTC" is always known. */
GTimeZone *zones_find(struct text name);

/* The name on the list that is nearest; NULL: none is near, or the nearest is not known either. */
const char *zones_nearest(struct text name);

#endif
