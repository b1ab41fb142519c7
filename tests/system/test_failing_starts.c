/* SPDX-License-Identifier: MIT
 *
 * Starts that fail: all that is printed, and the exit status. */
#include "support/certificate.h"
#include "support/cmocka.h"
#include "support/process.h"
#include "support/scratch.h"
#include "support/world.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <sqlite3.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/capability.h>

#define WAIT_SECONDS  30
#define PLACE         "{dir}"
#define WRONG_USAGE   2
#define UNAVAILABLE   69
#define WRONG         78
#define TLS_FILES     " (tls_certificate is \"{dir}/a.crt\", tls_key is \"{dir}/b.key\")\n"
#define CANNOT_START  "{\"level\":\"error\",\"event\":\"cannot start\",\"reason\":\""
#define ADDRESS       "must be an IP address and a port up to 65535, such as 127.0.0.1:8080 or "
#define IN_CONFIG(at) "sluice: {dir}/wrong.yaml: line " at

/* In all texts PLACE is the directory of the files. */
struct start {
    const char *fault;
    const char *before;  /* in the shell: variables, limits */
    const char *options; /* behind the command */
    const char *config;  /* what is in wrong.yaml */
    const char *told;
    int status;
    bool serve_alone; /* check-config starts nothing, and sees only settings */
};

static const struct start starts[] = {
    {"no file of settings", "", "--config {dir}/nowhere", "",
     "sluice: cannot read {dir}/nowhere: No such file or directory\n", WRONG, false},
    {"one that may not be read", "", "--config {dir}/unreadable", "",
     "sluice: cannot read {dir}/unreadable: Permission denied\n", WRONG, false},
    {"a directory", "export SLUICE_CONFIG={dir};", "", "",
     "sluice: cannot read {dir}: Is a directory\n", WRONG, false},
    {"a file without end", "", "--config /dev/zero", "",
     "sluice: cannot read /dev/zero: longer than 1048576 bytes\n", WRONG, false},
    {"one that is not YAML", "", "--config {dir}/wrong.yaml", "listen: [1\n",
     IN_CONFIG("1, column 9: the [ here has no ]; write one, or put a value that begins with [ in "
               "quotes\n"),
     WRONG, false},
    {"one that is not text", "", "--config {dir}/wrong.yaml", "workers: 1\n\xff\n",
     IN_CONFIG("2: must be UTF-8 without control characters\n"), WRONG, false},
    {"an unknown setting", "", "--config {dir}/wrong.yaml", "workers: 1\nport: 8080\n",
     IN_CONFIG("2: port: there is no such setting; did you mean listen?\n"), WRONG, false},
    {"an unknown option", "", "--prot 8080", "", "sluice: --prot: there is no such option\n",
     WRONG_USAGE, false},
    {"a number out of range", "export SLUICE_WORKERS=65;", "", "",
     "sluice: SLUICE_WORKERS: must be a whole number from 0 to 64, not \"65\"\n", WRONG, false},
    {"a port out of range", "", "--listen 127.0.0.1:65536", "",
     "sluice: --listen: " ADDRESS "[::1]:8080, or unix: and the path of a socket, not "
     "\"127.0.0.1:65536\"\n",
     WRONG_USAGE, false},
    {"two listeners at one address", "", "--listen 127.0.0.1:80 --metrics-listen 127.0.0.1:80", "",
     "sluice: metrics_listen would take connections meant for listen, or the other way round: give "
     "it a port of its own\n",
     WRONG, false},
    {"a secret's file that is missing", "export SLUICE_ADMIN_TOKEN_FILE={dir}/nowhere;", "", "",
     "sluice: SLUICE_ADMIN_TOKEN_FILE: cannot read the file that it names: No such file or "
     "directory\n",
     WRONG, false},
    {"a secret that is too short", "export SLUICE_ADMIN_TOKEN_FILE={dir}/short;", "", "",
     "sluice: SLUICE_ADMIN_TOKEN_FILE: must be a text of 16 to 256 bytes\n", WRONG, false},
    {"a secret that is missing", "", "--registration token", "",
     "sluice: registration is token, which needs admin_token\n", WRONG, false},
    {"no URL of Redis", "", "--redis-url http://:sesame@localhost", "",
     "sluice: --redis-url: a Redis URL starts with redis://, rediss://, unix://, redis-sentinel:// "
     "or redis-cluster://\n",
     WRONG_USAGE, false},
    {"sentinels without a master's name", "", "--redis-url redis-sentinel://:sesame@h,i", "",
     "sluice: --redis-url: a URL of sentinels ends with the master's name: "
     "redis-sentinel://host,host,host/mymaster\n",
     WRONG_USAGE, false},
    {"a database of a cluster", "", "--redis-url redis-cluster://:sesame@h,i/1", "",
     "sluice: --redis-url: a cluster has no databases: its URL ends with its hosts\n", WRONG_USAGE,
     false},
    {"a certificate for Redis without a key", "", "--redis-tls-certificate {dir}/a.crt", "",
     "sluice: redis_tls_certificate is set and redis_tls_key is not; Redis needs both or none\n",
     WRONG, false},
    {"authorities that are missing", "",
     "--engine redis --redis-url rediss://h --redis-tls-ca {dir}/nowhere", "",
     "sluice: --redis-tls-ca: cannot read {dir}/nowhere: No such file or directory\n", WRONG_USAGE,
     false},
    {"a user of sentinels without a password", "", "--redis-sentinel-user sesame", "",
     "sluice: redis_sentinel_user is set and redis_sentinel_password is not\n", WRONG, false},
    {"a port of Redis out of range", "", "--redis-url redis://:sesame@localhost:65536", "",
     "sluice: --redis-url: the port in a Redis URL must be 1..65535\n", WRONG_USAGE, false},
    {"a port of Redis in words", "export REDIS_PORT=many;", "--engine redis", "",
     "sluice: REDIS_PORT: must be a whole number from 1 to 65535, not \"many\"\n", WRONG, false},
    {"another database", "", "--catalogue postgres://user:sesame@localhost/db", "",
     "sluice: --catalogue: PostgreSQL is not supported by this version; use sqlite:PATH or redis\n",
     WRONG_USAGE, false},
    {"no certificate", "", "--tls-certificate {dir}/nowhere --tls-key {dir}/a.key", "",
     "sluice: --tls-certificate: cannot read {dir}/nowhere: No such file or directory\n",
     WRONG_USAGE, false},
    {"one that may not be read", "", "--config {dir}/wrong.yaml",
     "tls_key: {dir}/a.key\ntls_certificate: {dir}/unreadable\n",
     IN_CONFIG("2: tls_certificate: cannot read {dir}/unreadable: Permission denied\n"), WRONG,
     false},
    {"one that is not PEM", "", "--tls-certificate {dir}/short --tls-key {dir}/a.key", "",
     "sluice: --tls-certificate: {dir}/short is no PEM file\n", WRONG_USAGE, false},
    {"a key in its place", "", "--tls-certificate {dir}/b.key --tls-key {dir}/b.key", "",
     "sluice: tls_certificate holds no certificate that can be read: No certificate was found. "
     "(tls_certificate is \"{dir}/b.key\", tls_key is \"{dir}/b.key\")\n",
     WRONG, false},
    {"a key that may not be read", "", "--tls-certificate {dir}/a.crt --tls-key {dir}/unreadable",
     "", "sluice: --tls-key: cannot read the file that it names: Permission denied\n", WRONG_USAGE,
     false},
    {"a key of another certificate", "", "--tls-certificate {dir}/a.crt --tls-key {dir}/b.key", "",
     "sluice: tls_key is not the key of tls_certificate" TLS_FILES, WRONG, false},
    {"a certificate without a key", "", "--tls-certificate {dir}/a.crt", "",
     "sluice: tls_certificate is set and tls_key is not; HTTPS needs both\n", WRONG, false},
    {"no key of a declared app", "", "--config {dir}/wrong.yaml",
     "apps:\n  - name: shop\n    api_key_file: {dir}/nowhere\n",
     IN_CONFIG("3: apps[0].api_key_file: cannot read the file that it names: No such file or "
               "directory\n"),
     WRONG, false},
    {"another thing in its place", "", "--config {dir}/wrong.yaml",
     "apps:\n  - name: shop\n    api_key_file: {dir}/short\n",
     IN_CONFIG("3: apps[0].api_key_file: holds no API key; `sluice generate-key` makes one\n"),
     WRONG, false},
    {"a wrong policy", "export KEY=$({binary} generate-key);", "--config {dir}/wrong.yaml",
     "apps:\n- name: shop\n  api_key_env: KEY\n  policies:\n  - {route_key: /a, rate: often}\n",
     IN_CONFIG("5: apps[0].policies[0].rate: must look like \"100/15m\": a quota per time\n"),
     WRONG, false},

    {"a directory that may not be written", "", "--data-dir {dir}/readonly", "",
     CANNOT_START "data_dir: cannot open {dir}/readonly/sluice.db: Permission denied\"}\n",
     UNAVAILABLE, true},
    {"a file in its place", "", "--data-dir {dir}/short", "",
     CANNOT_START "data_dir: cannot open {dir}/short/sluice.db: Not a directory\"}\n", UNAVAILABLE,
     true},
    {"one in a place that is missing", "", "--data-dir {dir}/nowhere/data", "",
     CANNOT_START "data_dir: cannot open {dir}/nowhere/data/sluice.db: its directory cannot be "
                  "created: No such file or directory\"}\n",
     UNAVAILABLE, true},
    {"a directory for a database", "", "--catalogue sqlite:{dir}", "",
     CANNOT_START "catalogue: cannot open {dir}: it is not a regular file\"}\n", UNAVAILABLE, true},
    {"a pipe for a database", "", "--catalogue sqlite:{dir}/pipe", "",
     CANNOT_START "catalogue: cannot open {dir}/pipe: it is not a regular file\"}\n", UNAVAILABLE,
     true},
    {"a link to one", "", "--data-dir {dir}/piped", "",
     CANNOT_START "data_dir: cannot open {dir}/piped/sluice.db: it is not a regular file\"}\n",
     UNAVAILABLE, true},
    {"a device for a database", "", "--catalogue sqlite:/dev/zero", "",
     CANNOT_START "catalogue: cannot open /dev/zero: it is not a regular file\"}\n", UNAVAILABLE,
     true},
    {"a pipe that nobody writes for a file of settings", "", "--config {dir}/pipe", "",
     "sluice: cannot read {dir}/pipe: a pipe that holds nothing\n", WRONG, false},
    {"no database", "", "--catalogue sqlite:{dir}/short", "",
     CANNOT_START "catalogue: cannot open {dir}/short: SQLite: file is not a database (PRAGMA "
                  "integrity_check says where, .recover of sqlite3 saves the rest): "
                  "{dir}/short\"}\n",
     UNAVAILABLE, true},
    {"a database of another program", "", "--catalogue sqlite:{dir}/foreign.db", "",
     CANNOT_START "catalogue: cannot open {dir}/foreign.db: it is the database of another "
                  "program\"}\n",
     UNAVAILABLE, true},
    {"one of a newer version", "", "--catalogue sqlite:{dir}/newer.db", "",
     CANNOT_START "catalogue: cannot open {dir}/newer.db: its schema is 99, and this version "
                  "knows none past 1\"}\n",
     UNAVAILABLE, true},
    {"one that is locked", "", "--catalogue sqlite:{dir}/locked.db", "",
     CANNOT_START "catalogue: cannot open {dir}/locked.db: SQLite: database is locked\"}\n",
     UNAVAILABLE, true},
    {"one under another pepper", "export SLUICE_KEY_PEPPER=another-of-16-bytes;",
     "--data-dir {dir}/data", "",
     CANNOT_START "the catalogue is kept under a pepper of its own, another than this "
                  "key_pepper\"}\n",
     WRONG, true},
    {"files that may not grow", "ulimit -f 2;", "--data-dir {dir}/small", "",
     CANNOT_START "data_dir: cannot open {dir}/small/sluice.db: SQLite: disk I/O error\"}\n",
     UNAVAILABLE, true},
    {"too few descriptors", "ulimit -n 50;", "--data-dir {dir}/data --workers 2", "",
     CANNOT_START "only 50 files may be open at once, and 2 workers need 68: raise the limit "
                  "(ulimit -n, LimitNOFILE=), or set workers to less\"}\n",
     UNAVAILABLE, true},
    {"too few for a cluster", "ulimit -n 77;",
     "--data-dir {dir}/data --workers 2 --engine redis --redis-url redis-cluster://127.0.0.1:1", "",
     CANNOT_START "only 77 files may be open at once, and 2 workers need 78: raise the limit "
                  "(ulimit -n, LimitNOFILE=), or set workers to less\"}\n",
     UNAVAILABLE, true},
};

struct places {
    char dir[SCRATCH_PATH_BYTES];
    sqlite3 *locked;
};

/* The text with what belongs in the place of the placeholders. The caller frees it. */
static char *filled(const char *text, const char *dir)
{
    char *out = NULL;
    size_t length;
    FILE *file = open_memstream(&out, &length);
    const struct {
        const char *placeholder;
        const char *value;
    } rows[] = {{PLACE, dir}, {"{binary}", getenv("SLUICE_BINARY")}};

    assert_non_null(file);
    while (*text != '\0') {
        size_t i = 0;
        while (i < ARRAY_COUNT(rows) &&
               strncmp(text, rows[i].placeholder, strlen(rows[i].placeholder)) != 0)
            i++;
        fputs(i < ARRAY_COUNT(rows) ? rows[i].value : (char[]){*text, '\0'}, file);
        text += i < ARRAY_COUNT(rows) ? strlen(rows[i].placeholder) : 1;
    }
    fclose(file);
    return out;
}

static void put(const struct places *places, const char *name, const char *content)
{
    char path[2 * SCRATCH_PATH_BYTES];
    char *full = filled(content, places->dir);

    (void)snprintf(path, sizeof(path), "%s/%s", places->dir, name);
    (void)unlink(path);
    scratch_rewrite(path, full);
    free(full);
}

/* Takes the times out of log lines. */
static void without_times(char *text)
{
    static const char member[] = "\"time\":\"";
    char *time;

    while ((time = strstr(text, member)) != NULL) {
        const char *rest = strstr(time + strlen(member), "\",");
        assert_non_null(rest);
        memmove(time, rest + 2, strlen(rest + 2) + 1);
    }
}

static void expect_start(const struct places *places, const struct start *start, const char *word)
{
    char command[1024];
    char output[SCRATCH_PATH_BYTES];
    char *expected = filled(start->told, places->dir);

    (void)snprintf(command, sizeof(command), "cd {dir}; %s exec {binary} %s %s", start->before,
                   word, start->options);
    put(places, "wrong.yaml", start->config);
    scratch_file("output", "", output);
    char *line = filled(command, places->dir);
    const char *const argv[] = {"/bin/sh", "-c", line, NULL};
    const int status = process_wait(process_start(argv, NULL, output), WAIT_SECONDS);
    char *told = scratch_read(output);
    without_times(told);
    if (status != start->status || strcmp(told, expected) != 0)
        fail_msg("%s, by %s: exit status %d and\n%snot %d and\n%s", start->fault, word, status,
                 told, start->status, expected);
    free(told);
    free(line);
    free(expected);
}

static void each_says_what_is_wrong_and_where(void **state)
{
    for (size_t i = 0; i < ARRAY_COUNT(starts); i++)
        expect_start(*state, &starts[i], "serve");
}

static void check_config_says_the_same_of_settings(void **state)
{
    for (size_t i = 0; i < ARRAY_COUNT(starts); i++) {
        if (!starts[i].serve_alone)
            expect_start(*state, &starts[i], "check-config");
    }
}

static void a_database_of_another_program_is_left_as_it_was(void **state)
{
    const struct places *places = *state;
    char path[2 * SCRATCH_PATH_BYTES];
    struct stat status;

    (void)snprintf(path, sizeof(path), "%s/foreign.db", places->dir);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mtime, 1000000000);
    (void)snprintf(path, sizeof(path), "%s/foreign.db-wal", places->dir);
    assert_int_not_equal(stat(path, &status), 0);
}

/* The last test, because every process that the program starts from now on lacks filters. */
static void a_sandbox_that_the_kernel_refuses_is_named(void **state)
{
    static const struct start start = {
        "no filters for system calls",
        "",
        "--listen 127.0.0.1:0 --data-dir {dir}/data --sandbox true",
        "",
        CANNOT_START "sandbox: the kernel refuses it: Operation not supported\"}\n",
        UNAVAILABLE,
        true};
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

    assert_non_null(filter);
    assert_int_equal(seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(seccomp), 0), 0);
    assert_int_equal(seccomp_rule_add(filter, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(prctl), 1,
                                      SCMP_A0(SCMP_CMP_EQ, PR_SET_SECCOMP)),
                     0);
    assert_int_equal(seccomp_load(filter), 0);
    seccomp_release(filter);

    expect_start(*state, &start, "serve");
}

static sqlite3 *make_database(const struct places *places, const char *name, const char *sql)
{
    char path[2 * SCRATCH_PATH_BYTES];
    sqlite3 *database;

    (void)snprintf(path, sizeof(path), "%s/%s", places->dir, name);
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
    return database;
}

static void make_files(struct places *places)
{
    const struct timespec old[] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
    struct certificate a = certificate_make(&(struct certificate_options){.name = "a"});
    struct certificate b = certificate_make(&(struct certificate_options){.name = "b"});
    char path[2 * SCRATCH_PATH_BYTES];

    put(places, "a.crt", a.pem);
    put(places, "a.key", a.key);
    put(places, "b.key", b.key);
    put(places, "short", "a short text\n");
    put(places, "unreadable", "");
    (void)snprintf(path, sizeof(path), "%s/unreadable", places->dir);
    assert_int_equal(chmod(path, 0), 0);
    (void)snprintf(path, sizeof(path), "%s/readonly", places->dir);
    assert_int_equal(mkdir(path, 0500), 0);
    (void)snprintf(path, sizeof(path), "%s/pipe", places->dir);
    assert_int_equal(mkfifo(path, 0600), 0);
    (void)snprintf(path, sizeof(path), "%s/piped", places->dir);
    assert_int_equal(mkdir(path, 0700), 0);
    (void)snprintf(path, sizeof(path), "%s/piped/sluice.db", places->dir);
    assert_int_equal(symlink("../pipe", path), 0);
    sqlite3_close(make_database(places, "foreign.db", "CREATE TABLE a (b)"));
    (void)snprintf(path, sizeof(path), "%s/foreign.db", places->dir);
    assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
    sqlite3_close(
        make_database(places, "newer.db", "CREATE TABLE api_keys (a); PRAGMA user_version = 99"));
    places->locked = make_database(places, "locked.db",
                                   "CREATE TABLE api_keys (a); "
                                   "BEGIN EXCLUSIVE");
    certificate_free(&a);
    certificate_free(&b);
}

/* Root may read and write everything, unless the processes that a test starts lack the right. */
static int places_open(void **state)
{
    static struct places places;
    char data[2 * SCRATCH_PATH_BYTES];

    (void)prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0);
    (void)prctl(PR_CAPBSET_DROP, CAP_DAC_READ_SEARCH, 0, 0, 0);
    (void)umask(S_IRWXG | S_IRWXO);
    scratch_directory("starts", places.dir);
    make_files(&places);
    (void)snprintf(data, sizeof(data), "%s/data", places.dir);
    service_stop(service_start(&(struct service_options){.data_dir = data}));
    *state = &places;
    return 0;
}

static int places_close(void **state)
{
    const struct places *places = *state;

    return sqlite3_close(places->locked) == SQLITE_OK ? 0 : -1;
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_says_what_is_wrong_and_where),
        cmocka_unit_test(check_config_says_the_same_of_settings),
        cmocka_unit_test(a_database_of_another_program_is_left_as_it_was),
        cmocka_unit_test(a_sandbox_that_the_kernel_refuses_is_named),
    };

    world_choose_engine(argc, argv);
    return service_report(cmocka_run_group_tests(tests, places_open, places_close));
}
