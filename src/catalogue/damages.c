/* SPDX-License-Identifier: MIT */
#include "damages.h"

#include "base/log.h"

#define SHOWN_BYTES_MAX 64

static bool has_doubled(size_t count);
static size_t place_of(struct text name);
static void show(struct text name, char shown[static SHOWN_BYTES_MAX + 1]);

void damages_tell(struct damages *damages, struct text name, const char *reason)
{
    size_t place = place_of(name);
    uint8_t bit = (uint8_t)(1u << (place % 8));
    char shown[SHOWN_BYTES_MAX + 1];

    if ((damages->told[place / 8] & bit) != 0)
        return;
    damages->told[place / 8] |= bit;
    damages->count++;
    if (damages->count > DAMAGES_NAMED_MAX && !has_doubled(damages->count))
        return;
    show(name, shown);
    log_write(LOG_ERROR, "stored app skipped", LOG_STRING("app_id", shown),
              LOG_STRING("reason", reason), LOG_INTEGER("apps", (int64_t)damages->count));
}

static bool has_doubled(size_t count)
{
    return (count & (count - 1)) == 0;
}

/* FNV-1a. */
static size_t place_of(struct text name)
{
    uint64_t value = UINT64_C(14695981039346656037);

    for (size_t i = 0; i < name.length; i++)
        value = (value ^ (unsigned char)name.at[i]) * UINT64_C(1099511628211);
    return (size_t)(value % DAMAGES_PLACES);
}

/* If the name is no id, shows its printable characters. */
static void show(struct text name, char shown[static SHOWN_BYTES_MAX + 1])
{
    size_t count = name.length < SHOWN_BYTES_MAX ? name.length : SHOWN_BYTES_MAX;

    memset(shown, '?', count);
    for (size_t i = 0; i < count; i++) {
        if (name.at[i] > ' ' && name.at[i] <= '~')
            shown[i] = name.at[i];
    }
    shown[count] = '\0';
}
