/* SPDX-License-Identifier: MIT */
#include "redis/redis_eviction.h"

#include "base/log.h"

static struct text info_value(struct text info, struct text name);

/* INFO, because operators often forbid CONFIG. */
bool redis_eviction_threatens(struct redis_sessions *sessions, struct text key,
                              char policy[static REDIS_EVICTION_POLICY_BYTES], struct error *error)
{
    const char *argv[] = {"INFO", "memory"};
    const size_t lengths[] = {4, 6};
    redisReply *reply = redis_sessions_command(sessions, key, error, 2, argv, lengths);
    bool threatens = false;

    if (reply == NULL)
        return false;
    if (reply->type == REDIS_REPLY_STRING || reply->type == REDIS_REPLY_VERB) {
        struct text info = {reply->str, (size_t)reply->len};
        struct text name = info_value(info, TEXT("maxmemory_policy:"));
        struct text maximum = info_value(info, TEXT("maxmemory:"));

        threatens = name.length > 0 && name.length < REDIS_EVICTION_POLICY_BYTES &&
                    !text_equal(name, TEXT("noeviction")) && maximum.length > 0 &&
                    !text_equal(maximum, TEXT("0"));
        if (threatens)
            (void)snprintf(policy, REDIS_EVICTION_POLICY_BYTES, "%.*s", TEXT_PRINTF(name));
    }
    freeReplyObject(reply);
    return threatens;
}

void redis_eviction_warn(struct redis_sessions *sessions, struct text key, bool *has_looked,
                         const char *what)
{
    char policy[REDIS_EVICTION_POLICY_BYTES];
    struct error error = {0};

    if (*has_looked)
        return;
    *has_looked = true;
    if (redis_eviction_threatens(sessions, key, policy, &error)) {
        log_write(LOG_WARN, "redis may evict", LOG_STRING("what", what),
                  LOG_STRING("maxmemory_policy", policy),
                  LOG_STRING("cure", "CONFIG SET maxmemory-policy noeviction"));
    } else if (error.message[0] != '\0') {
        log_write(LOG_WARN, "redis does not say whether it may evict", LOG_STRING("what", what),
                  LOG_STRING("command", "INFO memory"), LOG_STRING("reason", error.message));
    }
}

/* The text after `name` on its line; absent if there is no such line. */
static struct text info_value(struct text info, struct text name)
{
    while (!text_is_absent(info)) {
        struct text line = text_cut(&info, '\n');

        if (!text_starts_with(line, name))
            continue;
        return text_cut(&(struct text){line.at + name.length, line.length - name.length}, '\r');
    }
    return (struct text){0};
}
