/* SPDX-License-Identifier: MIT */
#include "redis/redis_error.h"

/* How Redis 6 begins the error of a script, and what it writes before the code of a command that
 * failed. */
#define WRAPPED "ERR Error running script"
#define BEHIND  ": -"
/* How Redis refuses a command or a key in a script: as an ERR. The second form comes from 7.2
 * on. */
static const char *const no_right[] = {"The user executing the script can't ",
                                       "ACL failure in script: "};

/* The error of a stream with the greatest possible id. */
#define EXHAUSTED "ERR The stream has exhausted "

/* A quotation follows it. */
#define QUOTES ", with args beginning with"

static const struct {
    const char *code;
    enum redis_error_scope scope;
} errors[] = {
    {"ASK", REDIS_ERROR_OF_PLACE},         /* the key is on its way to another node of a cluster */
    {"BUSY", REDIS_ERROR_OF_ALL},          /* another client's script does not end */
    {"CLUSTERDOWN", REDIS_ERROR_OF_PLACE}, /* nobody serves the slot: no fault of who was asked */
    {"CROSSSLOT", REDIS_ERROR_OF_PLACE},   /* the keys are on different nodes */
    {"LOADING", REDIS_ERROR_OF_ALL},       /* it still reads its disk */
    {"MASTERDOWN", REDIS_ERROR_OF_ALL},    /* a replica that does not answer without its master */
    {"MISCONF", REDIS_ERROR_OF_ALL},       /* it cannot write to its disk, and takes no writes */
    {"MOVED", REDIS_ERROR_OF_PLACE},       /* another node of a cluster has the key */
    {"NOAUTH", REDIS_ERROR_OF_ALL},        /* a password was set after we connected */
    {"NOPERM", REDIS_ERROR_OF_ALL},        /* the ACL of our user */
    {"NOREPLICAS", REDIS_ERROR_OF_ALL},    /* too few replicas to take writes */
    {"OOM", REDIS_ERROR_OF_ALL},           /* maxmemory, with noeviction */
    {"READONLY", REDIS_ERROR_OF_ALL},      /* it has become a replica */
    {"TRYAGAIN", REDIS_ERROR_OF_PLACE},    /* some of the keys are on their way to another node */
};

struct text redis_error_code(struct text reply)
{
    struct text rest = reply;

    for (size_t i = 0; i < ARRAY_COUNT(no_right); i++) {
        if (memmem(reply.at, reply.length, no_right[i], strlen(no_right[i])) != NULL)
            return TEXT("NOPERM");
    }
    if (text_starts_with(reply, TEXT(WRAPPED))) {
        const char *behind = memmem(reply.at, reply.length, BEHIND, strlen(BEHIND));

        if (behind != NULL) {
            rest.at = behind + strlen(BEHIND);
            rest.length = (size_t)(reply.at + reply.length - rest.at);
        }
    }
    return text_cut(&rest, ' ');
}

struct text redis_error_told(struct text reply)
{
    const char *quotes = memmem(reply.at, reply.length, QUOTES, strlen(QUOTES));

    return quotes == NULL ? reply : (struct text){reply.at, (size_t)(quotes - reply.at)};
}

enum redis_error_scope redis_error_scope(struct text reply)
{
    const struct text code = redis_error_code(reply);

    for (size_t i = 0; i < ARRAY_COUNT(errors); i++) {
        if (text_equal(code, text_of(errors[i].code)))
            return errors[i].scope;
    }
    return REDIS_ERROR_OF_ONE;
}

/* Each proxy has its own words: "ERR unsupported command", "ERR SCRIPT is disabled". */
bool redis_error_is_of_command(const char *reply, const char *command)
{
    const struct text code = redis_error_code(text_of(reply));

    if (text_equal(code, TEXT("NOPERM")))
        return true;
    return text_equal(code, TEXT("ERR")) &&
           (strcasestr(reply, "command") != NULL || strcasestr(reply, command) != NULL);
}

bool redis_error_blames_key(struct text reply)
{
    return text_equal(redis_error_code(reply), TEXT("WRONGTYPE")) ||
           text_starts_with(reply, TEXT(EXHAUSTED));
}
