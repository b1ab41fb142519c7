/* SPDX-License-Identifier: MIT */
#include "redis/redis_greeting.h"

#include "redis/redis_error.h"

#define ROLE    "ROLE"
#define CLUSTER "CLUSTER"

static bool is_master(const redisReply *role);
static bool refuse(const struct redis_greeting_command *command, const char *reply,
                   struct error *error);

void redis_greeting_init(struct redis_greeting *greeting, const struct redis_access *access)
{
    *greeting = (struct redis_greeting){0};

    /* Two arguments only if there is a user, because Redis 5 knows only the form with one. */
    if (access->login.user[0] != '\0') {
        greeting->commands[greeting->count++] = (struct redis_greeting_command){
            3, {"AUTH", access->login.user, access->login.password}};
    } else if (access->login.password[0] != '\0') {
        greeting->commands[greeting->count++] =
            (struct redis_greeting_command){2, {"AUTH", access->login.password}};
    }
    if (access->database != 0) {
        (void)snprintf(greeting->database, sizeof(greeting->database), "%d", access->database);
        greeting->commands[greeting->count++] =
            (struct redis_greeting_command){2, {"SELECT", greeting->database}};
    }
    if (access->needs_master)
        greeting->commands[greeting->count++] = (struct redis_greeting_command){1, {ROLE}};
    if (access->node_id[0] != '\0')
        greeting->commands[greeting->count++] =
            (struct redis_greeting_command){2, {CLUSTER, "MYID", access->node_id}};
}

bool redis_greeting_accept(const struct redis_greeting_command *command, const redisReply *reply,
                           struct error *error)
{
    const bool asks_for_role = strcmp(command->argv[0], ROLE) == 0;
    const bool asks_for_id = strcmp(command->argv[0], CLUSTER) == 0;

    if (asks_for_id && (reply->type == REDIS_REPLY_STRING || reply->type == REDIS_REPLY_STATUS))
        return strcmp(reply->str, command->argv[command->argc]) == 0 ||
               error_set(error, REDIS_GREETING_NO_NODE);
    if (reply->type == REDIS_REPLY_STATUS && !asks_for_role)
        return true;
    if (reply->type == REDIS_REPLY_ARRAY && asks_for_role)
        return is_master(reply) || error_set(error, REDIS_GREETING_NO_MASTER);
    if (reply->type != REDIS_REPLY_ERROR)
        return error_set(error, REDIS_GREETING_NO_REDIS);
    if (asks_for_id && strstr(reply->str, REDIS_ERROR_NO_CLUSTER) != NULL)
        return error_set(error, REDIS_GREETING_NO_NODE);
    if (asks_for_id && redis_error_is_of_command(reply->str, CLUSTER))
        return true;
    return refuse(command, reply->str, error);
}

static bool is_master(const redisReply *role)
{
    return role->elements > 0 && role->element[0]->type == REDIS_REPLY_STRING &&
           strcmp(role->element[0]->str, "master") == 0;
}

/* A server that does not know AUTH quotes its arguments, perhaps shortened. */
static bool refuse(const struct redis_greeting_command *command, const char *reply,
                   struct error *error)
{
    const bool may_quote = strstr(reply, "unknown command") != NULL ||
                           strstr(reply, command->argv[command->argc - 1]) != NULL;

    return error_set(error, "redis refused %s: %s", command->argv[0],
                     may_quote ? "it does not know the command or its argument" : reply);
}
