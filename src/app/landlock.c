/* SPDX-License-Identifier: MIT */
#include "landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The header of Debian 12 has ABI 2. Constants of later ABIs are here. */
#define FILE_TRUNCATE  (1ULL << 14)
#define PORT_BIND      (1ULL << 0)
#define PORT_CONNECT   (1ULL << 1)
#define SCOPE_ABSTRACT (1ULL << 0)
#define SCOPE_SIGNAL   (1ULL << 1)
#define RULE_PORT      2
#define CHANGE_OF_FILES                                                                            \
    (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG)

/* The whole of struct landlock_ruleset_attr. A kernel that does not know the last members needs
 * zeros there. */
struct handled {
    uint64_t files;
    uint64_t ports;
    uint64_t scopes;
};

struct port_rule {
    uint64_t access;
    uint64_t port;
};

/* The accesses to fence, each with its first ABI. Without LANDLOCK_ACCESS_FS_REFER no ABI lets a
 * file move from one directory to another. */
static const struct {
    int abi;
    const char *name;
    struct handled handled;
} fences[] = {
    {1, "files", {.files = LANDLOCK_ACCESS_FS_MAKE_SYM * 2 - 1}},
    {3, "truncation of files", {.files = FILE_TRUNCATE}},
    {4, "TCP ports", {.ports = PORT_BIND | PORT_CONNECT}},
    {6, "abstract sockets", {.scopes = SCOPE_ABSTRACT | SCOPE_SIGNAL}},
};

static const uint64_t accesses[] = {
    [LANDLOCK_READ] = LANDLOCK_ACCESS_FS_READ_FILE,
    [LANDLOCK_LIST] = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
    [LANDLOCK_WRITE] = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
                       CHANGE_OF_FILES | FILE_TRUNCATE,
    [LANDLOCK_REMOVE] = LANDLOCK_ACCESS_FS_REMOVE_FILE,
};

/* The accesses that a file can have. */
#define ACCESSES_OF_A_FILE                                                                         \
    (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | FILE_TRUNCATE)

static struct handled handled_by(int abi);

bool landlock_begin(struct landlock *landlock, struct landlock_open open, struct error *error)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    struct handled handled = handled_by((int)abi);

    *landlock = (struct landlock){.rules = -1};
    if (abi < 1)
        return true;
    if (open.abstract_sockets)
        handled.scopes &= ~SCOPE_ABSTRACT;
    if (open.all_ports)
        handled.ports &= ~PORT_CONNECT;
    landlock->abi = (int)abi;
    landlock->rules = (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof(handled), 0);
    return landlock->rules >= 0 || error_set(error, "sandbox: Landlock: %s", strerror(errno));
}

void landlock_allow(struct landlock *landlock, const char *path, enum landlock_access access)
{
    const int place = open(path, O_PATH | O_CLOEXEC);
    struct landlock_path_beneath_attr rule = {.parent_fd = place};
    struct stat status;

    if (place < 0)
        return;
    rule.allowed_access = accesses[access] & handled_by(landlock->abi).files;
    if (fstat(place, &status) == 0 && !S_ISDIR(status.st_mode))
        rule.allowed_access &= ACCESSES_OF_A_FILE;
    (void)syscall(SYS_landlock_add_rule, landlock->rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    (void)close(place);
}

void landlock_allow_port(struct landlock *landlock, in_port_t port)
{
    const struct port_rule rule = {.access = PORT_CONNECT, .port = port};

    (void)syscall(SYS_landlock_add_rule, landlock->rules, RULE_PORT, &rule, 0);
}

bool landlock_finish(struct landlock *landlock, struct error *error)
{
    bool done = landlock->abi == 0;

    if (!done) {
        done = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
               syscall(SYS_landlock_restrict_self, landlock->rules, 0) == 0;
        if (!done)
            (void)error_set(error, "sandbox: Landlock: %s", strerror(errno));
        (void)close(landlock->rules);
    }
    return done;
}

void landlock_write_missing(const struct landlock *landlock,
                            char out[static LANDLOCK_MISSING_BYTES])
{
    size_t length = 0;

    out[0] = '\0';
    for (size_t i = 0; i < ARRAY_COUNT(fences); i++) {
        if (fences[i].abi <= landlock->abi)
            continue;
        length += (size_t)snprintf(out + length, LANDLOCK_MISSING_BYTES - length, "%s%s",
                                   length == 0 ? "" : ", ", fences[i].name);
        ASSERT(length < LANDLOCK_MISSING_BYTES);
    }
}

static struct handled handled_by(int abi)
{
    struct handled all = {0};

    for (size_t i = 0; i < ARRAY_COUNT(fences); i++) {
        if (fences[i].abi > abi)
            continue;
        all.files |= fences[i].handled.files;
        all.ports |= fences[i].handled.ports;
        all.scopes |= fences[i].handled.scopes;
    }
    return all;
}
