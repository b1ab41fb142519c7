/* SPDX-License-Identifier: MIT
 *
 * The catalogue of whole_catalogue.c. */
#ifndef SUPPORT_WHOLE_CATALOGUE_H
#define SUPPORT_WHOLE_CATALOGUE_H

extern bool whole_catalogue_is_read_only; /* at first it is not */

#endif
