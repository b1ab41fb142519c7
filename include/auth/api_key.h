/* SPDX-License-Identifier: MIT
 *
 * API keys: slk_<id, 12 base62>_<secret, 32 base62><CRC-32 of what precedes it, 6 base62>. The
 * secret has 190 bits of libsodium's generator, so a plain keyed hash protects it (OWASP
 * ASVS 5.0, 6.5.2); the checksum lets a mistyped key be refused without a look-up. Stored only as
 * digest (base/key_digest.h). Any thread. */
#ifndef AUTH_API_KEY_H
#define AUTH_API_KEY_H

#include "base/text.h"

#define API_KEY_PREFIX "slk_"
#define API_KEY_BYTES  55 /* 4 + 12 + 1 + 32 + 6 */

/* A new key, NUL-terminated. Clear it with sodium_memzero() once it has been shown. */
void api_key_generate(char key[static API_KEY_BYTES + 1]);

/* Whether form and checksum are right. */
bool api_key_is_well_formed(struct text key);

#endif
