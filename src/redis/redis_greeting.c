/* SPDX-License-Identifier: MIT */
#include "redis/redis_greeting.h"

void redis_greeting_init(struct redis_greeting *greeting, const struct redis_url *url)
{
    *greeting = (struct redis_greeting){0};

    /* Two arguments only if there is a user, because Redis 5 knows only the form with one. */
    if (url->user[0] != '\0') {
        greeting->commands[greeting->count++] =
            (struct redis_greeting_command){3, {"AUTH", url->user, url->password}};
    } else if (url->password[0] != '\0') {
        greeting->commands[greeting->count++] =
            (struct redis_greeting_command){2, {"AUTH", url->password}};
    }
    if (url->database != 0) {
        (void)snprintf(greeting->database, sizeof(greeting->database), "%d", url->database);
        greeting->commands[greeting->count++] =
            (struct redis_greeting_command){2, {"SELECT", greeting->database}};
    }
}

bool redis_greeting_accept(const struct redis_greeting_command *command, const redisReply *reply,
                           struct error *error)
{
    if (reply->type == REDIS_REPLY_STATUS)
        return true;
    if (reply->type != REDIS_REPLY_ERROR)
        return error_set(error, REDIS_GREETING_NO_REDIS);
    /* A server that does not know AUTH quotes its arguments, perhaps shortened. */
    const bool may_quote = strstr(reply->str, "unknown command") != NULL ||
                           strstr(reply->str, command->argv[command->argc - 1]) != NULL;

    return error_set(error, "redis refused %s: %s", command->argv[0],
                     may_quote ? "it does not know the command or its argument" : reply->str);
}
