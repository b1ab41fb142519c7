/* SPDX-License-Identifier: MIT
 *
 * Another instance, which sends decisions of its own to the Redis of redis_group.h. A fault fails
 * the test. */
#ifndef UNIT_ELSEWHERE_H
#define UNIT_ELSEWHERE_H

#define ELSEWHERE 2 /* its number */

/* It sends its entries `first` to `last` of the app. */
void elsewhere_send(const char *app_id, int first, int last);

#endif
