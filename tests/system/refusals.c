/* SPDX-License-Identifier: MIT */
#include "refusals.h"

#include "support/cmocka.h"
#include "support/scratch.h"
#include "support/wait.h"

#include <unistd.h>

#define WAIT_SECONDS  30
#define SLOTS         16384
#define DEAD_PORT     "1"
#define UNIX_SCHEME   "unix://"
#define JUNK_TO_LOAD  "DEBUG POPULATE 60000 junk 1000"
#define DELAY_PER_KEY "1000"

static void out_of_memory_begin(struct refusing *refusing);
static void out_of_memory_end(struct refusing *refusing);
static void replica_begin(struct refusing *refusing);
static void replica_end(struct refusing *refusing);
static void silent_replica_begin(struct refusing *refusing);
static void silent_replica_end(struct refusing *refusing);
static void disk_begin(struct refusing *refusing);
static void disk_end(struct refusing *refusing);
static void no_scripts_begin(struct refusing *refusing);
static void no_scripts_end(struct refusing *refusing);
static void no_writes_begin(struct refusing *refusing);
static void no_writes_end(struct refusing *refusing);
static void no_keys_begin(struct refusing *refusing);
static void no_keys_end(struct refusing *refusing);
static void no_replicas_begin(struct refusing *refusing);
static void no_replicas_end(struct refusing *refusing);
static void script_begin(struct refusing *refusing);
static void script_end(struct refusing *refusing);
static void loading_begin(struct refusing *refusing);
static void loading_end(struct refusing *refusing);
static void password_begin(struct refusing *refusing);
static void password_end(struct refusing *refusing);
static void crowded_begin(struct refusing *refusing);
static void crowded_end(struct refusing *refusing);
static void no_slots_begin(struct refusing *refusing);
static void no_slots_end(struct refusing *refusing);
static void moved_begin(struct refusing *refusing);
static void moved_end(struct refusing *refusing);
static void moving_begin(struct refusing *refusing);
static void moving_end(struct refusing *refusing);

const struct refusal refusals[] = {
    {"out_of_memory", "OOM", REFUSAL_OF_ALL, false, out_of_memory_begin, out_of_memory_end},
    {"a_replica", "READONLY", REFUSAL_OF_ALL, false, replica_begin, replica_end},
    {"a_replica_told_to_be_silent", "MASTERDOWN", REFUSAL_OF_ALL, false, silent_replica_begin,
     silent_replica_end},
    {"a_disk_that_takes_nothing", "MISCONF", REFUSAL_OF_ALL, false, disk_begin, disk_end},
    {"no_right_to_run_scripts", "NOPERM", REFUSAL_OF_ALL, false, no_scripts_begin, no_scripts_end},
    {"no_right_to_write", "redis refused a decision", REFUSAL_OF_ALL, false, no_writes_begin,
     no_writes_end},
    {"no_right_to_the_keys", "NOPERM", REFUSAL_OF_ALL, false, no_keys_begin, no_keys_end},
    {"too_few_replicas", "NOREPLICAS", REFUSAL_OF_ALL, false, no_replicas_begin, no_replicas_end},
    {"a_script_without_end", "BUSY", REFUSAL_OF_ALL, false, script_begin, script_end},
    {"reading_its_disk", "LOADING", REFUSAL_OF_ALL, false, loading_begin, loading_end},
    {"another_password", "NOAUTH", REFUSAL_CONNECTING, false, password_begin, password_end},
    {"too_many_clients", "redis not reachable", REFUSAL_CONNECTING, false, crowded_begin,
     crowded_end},
    {"a_cluster_without_slots", "CLUSTERDOWN", REFUSAL_OF_PLACE, true, no_slots_begin,
     no_slots_end},
    {"keys_that_have_moved", "MOVED", REFUSAL_OF_PLACE, true, moved_begin, moved_end},
    {"keys_that_are_moving", "ASK", REFUSAL_OF_PLACE, true, moving_begin, moving_end},
};

const size_t refusal_count = ARRAY_COUNT(refusals);

static bool cluster_is_well(struct redis_server *node)
{
    return strstr(redis_server_command(node, "CLUSTER INFO")->str, "cluster_state:ok") != NULL;
}

/* Whether the node knows the other by its name, and knows what it is. */
static bool has_met(struct redis_server *node, const char *other)
{
    const char *line = strstr(redis_server_command(node, "CLUSTER NODES")->str, other);

    return line != NULL && memmem(line, strcspn(line, "\n"), " master ", 8) != NULL;
}

static void node_id(struct redis_server *node, char id[static 64])
{
    (void)snprintf(id, 64, "%s", redis_server_command(node, "CLUSTER MYID")->str);
}

static void open_cluster(struct refusing *refusing)
{
    char other[64];

    refusing->redis = redis_server_start_node();
    refusing->node = redis_server_start_node();
    node_id(refusing->node, other);
    /* Otherwise a master that has given its last slot away would become a replica. */
    (void)redis_server_command(refusing->redis, "CONFIG SET cluster-allow-replica-migration no");
    (void)redis_server_command(refusing->redis, "CLUSTER ADDSLOTSRANGE 0 %d", SLOTS - 1);
    (void)redis_server_command(refusing->redis, "CLUSTER MEET 127.0.0.1 %d %d",
                               redis_server_port(refusing->node),
                               redis_server_bus_port(refusing->node));
    WAIT_FOR (WAIT_SECONDS, has_met(refusing->redis, other) && cluster_is_well(refusing->redis))
        ;
}

void refusing_open(struct refusing *refusing, bool needs_cluster)
{
    *refusing = (struct refusing){0};
    if (needs_cluster)
        open_cluster(refusing);
    else
        refusing->redis = redis_server_start(NULL);
}

void refusing_close(struct refusing *refusing)
{
    if (refusing->busy != NULL)
        redisFree(refusing->busy);
    redis_server_stop(refusing->node);
    redis_server_stop(refusing->redis);
}

/* Whether the reply to a command begins so. The reply may be an error. */
static bool answers(const struct refusing *refusing, const char *command, const char *beginning)
{
    const char *url = redis_server_unix_url(refusing->redis);
    redisContext *connection = redisConnectUnix(url + strlen(UNIX_SCHEME));
    redisReply *reply = redisCommand(connection, command);
    const bool is_so = reply != NULL && strncmp(reply->str, beginning, strlen(beginning)) == 0;

    freeReplyObject(reply);
    redisFree(connection);
    return is_so;
}

/* Sends a command, and does not wait until it ends. */
static void keep_busy(struct refusing *refusing, const char *command)
{
    const char *url = redis_server_unix_url(refusing->redis);
    int is_sent = 0;

    refusing->busy = redisConnectUnix(url + strlen(UNIX_SCHEME));
    assert_int_equal(redisAppendCommand(refusing->busy, command), REDIS_OK);
    while (is_sent == 0)
        assert_int_equal(redisBufferWrite(refusing->busy, &is_sent), REDIS_OK);
}

static void await_idle(struct refusing *refusing)
{
    void *reply = NULL;

    assert_int_equal(redisGetReply(refusing->busy, &reply), REDIS_OK);
    freeReplyObject(reply);
}

static void let_clients_go(struct refusing *refusing)
{
    (void)redis_server_command(refusing->redis, "CLIENT KILL TYPE normal SKIPME yes");
}

static void out_of_memory_begin(struct refusing *refusing)
{
    (void)redis_server_command(refusing->redis, "CONFIG SET maxmemory 1");
}

static void out_of_memory_end(struct refusing *refusing)
{
    (void)redis_server_command(refusing->redis, "CONFIG SET maxmemory 0");
}

static void replica_begin(struct refusing *refusing)
{
    (void)redis_server_command(refusing->redis, "REPLICAOF 127.0.0.1 " DEAD_PORT);
}

static void replica_end(struct refusing *refusing)
{
    (void)redis_server_command(refusing->redis, "REPLICAOF NO ONE");
}

static void silent_replica_begin(struct refusing *refusing)
{
    (void)redis_server_command(refusing->redis, "CONFIG SET replica-serve-stale-data no");
    replica_begin(refusing);
}

static void silent_replica_end(struct refusing *refusing)
{
    replica_end(refusing);
}

/* Its directory is removed, because then the save fails even for root. */
static void disk_begin(struct refusing *refusing)
{
    char directory[SCRATCH_PATH_BYTES];

    scratch_directory("gone", directory);
    (void)redis_server_command(refusing->redis, "CONFIG SET dir %s", directory);
    assert_int_equal(rmdir(directory), 0);
    (void)redis_server_command(refusing->redis, "CONFIG SET save %s", "3600 1");
    (void)redis_server_command(refusing->redis, "BGSAVE");
    WAIT_FOR (WAIT_SECONDS, strstr(redis_server_command(refusing->redis, "INFO persistence")->str,
                                   "rdb_last_bgsave_status:err") != NULL)
        ;
}

static void disk_end(struct refusing *refusing)
{
    (void)redis_server_command(refusing->redis, "CONFIG SET stop-writes-on-bgsave-error no");
}

static void no_scripts_begin(struct refusing *refusing)
{
    (void)redis_server_command(refusing->redis, "ACL SETUSER default -evalsha -eval");
}

static void no_scripts_end(struct refusing *refusing)
{
    (void)redis_server_command(refusing->redis, "ACL SETUSER default +evalsha +eval");
}

/* The script starts, and then fails. */
static void no_writes_begin(struct refusing *refusing)
{
    (void)redis_server_command(refusing->redis, "ACL SETUSER default -set");
}

static void no_writes_end(struct refusing *refusing)
{
    (void)redis_server_command(refusing->redis, "ACL SETUSER default +set");
}

static void no_keys_begin(struct refusing *refusing)
{
    (void)redis_server_command(refusing->redis, "ACL SETUSER default resetkeys ~others:*");
}

static void no_keys_end(struct refusing *refusing)
{
    (void)redis_server_command(refusing->redis, "ACL SETUSER default allkeys");
}

static void no_replicas_begin(struct refusing *refusing)
{
    (void)redis_server_command(refusing->redis, "CONFIG SET min-replicas-to-write 1");
}

static void no_replicas_end(struct refusing *refusing)
{
    (void)redis_server_command(refusing->redis, "CONFIG SET min-replicas-to-write 0");
}

static void script_begin(struct refusing *refusing)
{
    (void)redis_server_command(refusing->redis, "CONFIG SET lua-time-limit 20");
    keep_busy(refusing, "EVAL while\ttrue\tdo\tend 0");
    WAIT_FOR (WAIT_SECONDS, answers(refusing, "PING", "BUSY"))
        ;
}

static void script_end(struct refusing *refusing)
{
    (void)redis_server_command(refusing->redis, "SCRIPT KILL");
    await_idle(refusing);
}

/* While loading, it serves its clients after each kilobyte. */
static void loading_begin(struct refusing *refusing)
{
    (void)redis_server_command(refusing->redis, JUNK_TO_LOAD);
    (void)redis_server_command(refusing->redis, "CONFIG SET rdbcompression no");
    (void)redis_server_command(refusing->redis,
                               "CONFIG SET loading-process-events-interval-bytes 1024");
    (void)redis_server_command(refusing->redis, "CONFIG SET key-load-delay " DELAY_PER_KEY);
    keep_busy(refusing, "DEBUG RELOAD");
    WAIT_FOR (WAIT_SECONDS, answers(refusing, "PING", "LOADING"))
        ;
}

static void loading_end(struct refusing *refusing)
{
    (void)redis_server_command(refusing->redis, "CONFIG SET key-load-delay 0");
    await_idle(refusing);
}

/* Open connections would stay authenticated, so all are closed. */
static void password_begin(struct refusing *refusing)
{
    (void)redis_server_command(refusing->redis, "CONFIG SET requirepass another");
    let_clients_go(refusing);
}

static void password_end(struct refusing *refusing)
{
    (void)redis_server_command(refusing->redis, "ACL SETUSER default nopass");
}

static void crowded_begin(struct refusing *refusing)
{
    (void)redis_server_command(refusing->redis, "CONFIG SET maxclients 1");
    let_clients_go(refusing);
}

static void crowded_end(struct refusing *refusing)
{
    (void)redis_server_command(refusing->redis, "CONFIG SET maxclients 1000");
}

static void no_slots_begin(struct refusing *refusing)
{
    (void)redis_server_command(refusing->redis, "CLUSTER DELSLOTSRANGE 0 %d", SLOTS - 1);
}

static void no_slots_end(struct refusing *refusing)
{
    (void)redis_server_command(refusing->redis, "CLUSTER ADDSLOTSRANGE 0 %d", SLOTS - 1);
    WAIT_FOR (WAIT_SECONDS, cluster_is_well(refusing->redis))
        ;
}

/* In one transaction, because a node writes its table to disk after each turn. Also nothing can
 * write a key in between, and a slot with keys is not given away. */
static void set_slots(struct refusing *refusing, const char *before, const char *words)
{
    (void)redis_server_command(refusing->redis, "MULTI");
    (void)redis_server_command(refusing->redis, before);
    for (int slot = 0; slot < SLOTS; slot++) {
        char command[128];

        (void)snprintf(command, sizeof(command), "CLUSTER SETSLOT %d %s", slot, words);
        (void)redis_server_command(refusing->redis, command);
    }
    assert_int_equal(redis_server_command(refusing->redis, "EXEC")->elements, 1 + SLOTS);
}

static void set_slots_of(struct refusing *refusing, const char *before, const char *verb,
                         struct redis_server *node)
{
    char id[64];
    char words[80];

    node_id(node, id);
    (void)snprintf(words, sizeof(words), "%s %s", verb, id);
    set_slots(refusing, before, words);
}

static void moved_begin(struct refusing *refusing)
{
    set_slots_of(refusing, "FLUSHALL", "NODE", refusing->node);
}

static void moved_end(struct refusing *refusing)
{
    set_slots_of(refusing, "PING", "NODE", refusing->redis);
}

static void moving_begin(struct refusing *refusing)
{
    set_slots_of(refusing, "PING", "MIGRATING", refusing->node);
}

static void moving_end(struct refusing *refusing)
{
    set_slots(refusing, "PING", "STABLE");
}
