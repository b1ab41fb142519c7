/* SPDX-License-Identifier: MIT */
#include "held_redis_tls.h"

#include "settings_parts.h"

/* The settings that TLS is made of, the content of each, and the one that it goes with. */
static const struct part {
    const char *name;
    size_t offset;
    const char *partner;
} parts[] = {
    {"redis_tls_ca", offsetof(struct redis_tls_options, authorities), "redis_tls_ca"},
    {"redis_tls_certificate", offsetof(struct redis_tls_options, certificate), "redis_tls_key"},
    {"redis_tls_key", offsetof(struct redis_tls_options, key), "redis_tls_certificate"},
    {"redis_tls_server_name", offsetof(struct redis_tls_options, server_name),
     "redis_tls_server_name"},
};

static bool is_as_before(const char *name, const struct settings *in_force,
                         const struct settings *latest);
static const char **content_of(struct redis_tls_options *options, const struct part *part);
static const char *copy(struct arena *arena, const char *text);

bool held_redis_tls_renew(struct held_redis_tls *held, struct settings *in_force,
                          const struct settings *latest, struct error *error)
{
    const bool is_other = settings_change_redis(in_force, latest);
    struct settings_value values[ARRAY_COUNT(parts)];
    struct redis_tls_options options = {0};
    struct arena arena = {0};

    if (in_force->redis_tls == NULL)
        return true;
    for (size_t i = 0; i < ARRAY_COUNT(parts); i++) {
        const bool is_old = is_other && !(is_as_before(parts[i].name, in_force, latest) &&
                                          is_as_before(parts[i].partner, in_force, latest));
        const struct settings *from = is_old ? in_force : latest;
        struct redis_tls_options theirs = from->redis_tls_options;

        /* The system's list is read only if the settings need one. */
        if (theirs.authorities == NULL)
            theirs.authorities = in_force->redis_tls_options.authorities;
        *content_of(&options, &parts[i]) = copy(&arena, *content_of(&theirs, &parts[i]));
        values[i] = *settings_value_of(from, parts[i].name);
        values[i].text = copy(&arena, values[i].text);
        values[i].place = copy(&arena, values[i].place);
        values[i].fallback = copy(&arena, values[i].fallback);
    }
    if (!redis_tls_renew(in_force->redis_tls, &options, error)) {
        arena_close(&arena);
        return false;
    }
    for (size_t i = 0; i < ARRAY_COUNT(parts); i++)
        in_force->values[settings_value_of(in_force, parts[i].name) - in_force->values] = values[i];
    in_force->redis_tls_options = options;
    arena_close(&held->arena);
    held->arena = arena;
    return true;
}

void held_redis_tls_close(struct held_redis_tls *held)
{
    arena_close(&held->arena);
}

static bool is_as_before(const char *name, const struct settings *in_force,
                         const struct settings *latest)
{
    return text_equal(text_of(settings_value_of(in_force, name)->text),
                      text_of(settings_value_of(latest, name)->text));
}

static const char **content_of(struct redis_tls_options *options, const struct part *part)
{
    return (const char **)(void *)((char *)options + part->offset);
}

static const char *copy(struct arena *arena, const char *text)
{
    return text == NULL
               ? NULL
               : memcpy(arena_allocate_raw(arena, strlen(text) + 1), text, strlen(text) + 1);
}
