/* SPDX-License-Identifier: MIT */
#include "redis/redis_rights.h"

#include "base/log.h"

#define KEY "sluice:{rights}"

/* Each command has a valid number of arguments, because Redis checks that before the rights. None
 * changes anything, because the key does not exist. */
static const char script[] =
    "local probes = {\n"
    "  'TIME', 'GET K', 'GETRANGE K 0 0', 'SET K v XX', 'DEL K', 'UNLINK K',\n"
    "  'TYPE K', 'EXISTS K',\n"
    "  'EXPIRE K 1', 'PEXPIRE K 1', 'PTTL K',\n"
    "  'HGET K f', 'HMGET K f', 'HGETALL K', 'HVALS K', 'HLEN K',\n"
    "  'HSET K f v f', 'HSTRLEN K f', 'HDEL K f',\n"
    "  'ZADD K XX 0 m', 'ZCARD K', 'ZCOUNT K 0 0', 'ZRANGE K 0 0',\n"
    "  'ZRANGEBYSCORE K 0 0', 'ZREVRANGEBYSCORE K 0 0',\n"
    "  'ZREMRANGEBYSCORE K 0 0', 'ZREMRANGEBYRANK K 0 0', 'ZREM K m', 'ZSCORE K m',\n"
    "  'XADD K NOMKSTREAM * f v', 'XRANGE K - + COUNT 1', 'XREVRANGE K + - COUNT 1' }\n"
    "local missing = ''\n"
    "for _, probe in ipairs(probes) do\n"
    "  local words = {}\n"
    "  for word in string.gmatch(probe, '%S+') do\n"
    "    words[#words + 1] = word == 'K' and KEYS[1] or word\n"
    "  end\n"
    "  local reply = redis.pcall(unpack(words))\n"
    "  local refusal = type(reply) == 'table' and reply.err or ''\n"
    "  if string.find(refusal, 'NOPERM', 1, true) or\n"
    "     string.find(refusal, 'The user executing the script', 1, true) or\n"
    "     string.find(refusal, 'ACL failure in script', 1, true) then\n"
    "    missing = missing .. ' +' .. string.lower(words[1])\n"
    "  end\n"
    "end\n"
    "return missing\n";

bool redis_rights_find_missing(struct redis_sessions *sessions,
                               char missing[static REDIS_RIGHTS_BYTES])
{
    const char *argv[] = {"EVAL", script, "1", KEY};
    const size_t lengths[] = {strlen("EVAL"), strlen(script), 1, strlen(KEY)};
    struct error ignored = {0};
    redisReply *reply =
        redis_sessions_command(sessions, TEXT(KEY), &ignored, ARRAY_COUNT(argv), argv, lengths);

    missing[0] = '\0';
    if (reply != NULL && reply->type == REDIS_REPLY_STRING)
        (void)snprintf(missing, REDIS_RIGHTS_BYTES, "%.*s", (int)reply->len, reply->str);
    const bool is_known = reply != NULL;
    freeReplyObject(reply);
    return is_known;
}

void redis_rights_warn(struct redis_sessions *sessions, bool *has_looked)
{
    char missing[REDIS_RIGHTS_BYTES];
    char cure[REDIS_RIGHTS_BYTES + 32];

    if (*has_looked)
        return;
    *has_looked = redis_rights_find_missing(sessions, missing);
    if (missing[0] == '\0')
        return;
    (void)snprintf(cure, sizeof(cure), "ACL SETUSER <user>%s", missing);
    log_write(LOG_WARN, "redis does not grant all rights", LOG_STRING("cure", cure));
}
