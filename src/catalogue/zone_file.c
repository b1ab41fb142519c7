/* SPDX-License-Identifier: MIT */
#include "zone_file.h"

#include "base/arena.h"
#include "base/duration.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC         "TZif"
#define COUNTS_AT     20 /* in a header */
#define HEADER_BYTES  44
#define TYPE_BYTES    6
#define TIME_BYTES_V1 4
#define TIME_BYTES    8

/* The format allows no more, RFC 8536 section 3.2. */
#define OFFSET_S_MIN (-25 * HOUR_S + 1)
#define OFFSET_S_MAX (26 * HOUR_S - 1)

/* In the order of the header. */
enum count { UT_FLAGS, STANDARD_FLAGS, LEAPS, TIMES, TYPES, NAME_BYTES, COUNTS };

struct block {
    uint64_t counts[COUNTS];
    size_t time_bytes; /* of one time */
    struct text times;
    struct text indexes; /* the type from each time on, a byte each */
    struct text types;
    struct text names; /* one after another, each NUL-terminated */
};

static bool read_whole(int fd, struct arena *arena, struct text *content, struct error *error);
static bool block_cut(struct text *rest, char version, size_t time_bytes);
static bool header_cut(struct text *rest, char version, struct block *block);
static bool data_cut(struct text *rest, struct block *block);
static bool bytes_cut(struct text *rest, uint64_t bytes, struct text *part);
static bool times_ascend(const struct block *block);
static bool indexes_lead_to_types(const struct block *block);
static bool types_are_sound(const struct block *block);
static bool names_end(const struct block *block);
static int64_t time_at(const struct block *block, size_t i);
static uint32_t integer_at(const char *at);
static bool is_footer(struct text rest);

int zone_file_open(const char *path, struct error *error)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat status;

    if (fd < 0) {
        (void)error_set(error, "%s", strerror(errno));
        return -1;
    }
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
        return fd;
    (void)close(fd);
    (void)error_set(error, "not a regular file");
    return -1;
}

bool zone_file_check(const char *path, struct error *error)
{
    const int fd = zone_file_open(path, error);
    struct arena arena;
    struct text content = {0};

    if (fd < 0)
        return false;
    arena_init(&arena);

    const bool is_read = read_whole(fd, &arena, &content, error);
    const bool is_sound = is_read && zone_file_is_sound(content);

    (void)close(fd);
    arena_close(&arena);
    if (is_read && !is_sound)
        (void)error_set(error, "not a whole TZif file");
    return is_sound;
}

/* A file that becomes shorter meanwhile is read as far as it goes. */
static bool read_whole(int fd, struct arena *arena, struct text *content, struct error *error)
{
    struct stat status;

    if (fstat(fd, &status) != 0)
        return error_set(error, "%s", strerror(errno));
    if (status.st_size > ZONE_FILE_BYTES_MAX)
        return error_set(error, "longer than %d bytes", ZONE_FILE_BYTES_MAX);

    const size_t bytes = (size_t)status.st_size;
    char *at = ARENA_ARRAY(arena, char, bytes);
    const ssize_t length = pread(fd, at, bytes, 0);

    if (length < 0)
        return error_set(error, "%s", strerror(errno));
    *content = (struct text){at, (size_t)length};
    return true;
}

/* Version 1 has one block. Any later version has another one, with longer times, and a footer. */
bool zone_file_is_sound(struct text content)
{
    struct text rest = content;

    if (content.length < HEADER_BYTES)
        return false;

    const char version = content.at[sizeof(MAGIC) - 1];

    if (version == '\0')
        return block_cut(&rest, version, TIME_BYTES_V1) && rest.length == 0;
    return version >= '2' && version <= '9' && block_cut(&rest, version, TIME_BYTES_V1) &&
           block_cut(&rest, version, TIME_BYTES) && is_footer(rest);
}

static bool block_cut(struct text *rest, char version, size_t time_bytes)
{
    struct block block = {.time_bytes = time_bytes};

    return header_cut(rest, version, &block) && data_cut(rest, &block) && times_ascend(&block) &&
           indexes_lead_to_types(&block) && types_are_sound(&block) && names_end(&block);
}

static bool header_cut(struct text *rest, char version, struct block *block)
{
    struct text header;
    uint64_t *counts = block->counts;

    if (!bytes_cut(rest, HEADER_BYTES, &header) || !text_starts_with(header, TEXT(MAGIC)) ||
        header.at[sizeof(MAGIC) - 1] != version)
        return false;
    for (size_t i = 0; i < COUNTS; i++)
        counts[i] = integer_at(header.at + COUNTS_AT + i * sizeof(uint32_t));
    return counts[TYPES] > 0 && counts[NAME_BYTES] > 0 &&
           (counts[UT_FLAGS] == 0 || counts[UT_FLAGS] == counts[TYPES]) &&
           (counts[STANDARD_FLAGS] == 0 || counts[STANDARD_FLAGS] == counts[TYPES]);
}

static bool data_cut(struct text *rest, struct block *block)
{
    const uint64_t *counts = block->counts;
    const uint64_t ignored = counts[LEAPS] * (block->time_bytes + sizeof(uint32_t)) +
                             counts[STANDARD_FLAGS] + counts[UT_FLAGS];
    struct text skipped;

    return bytes_cut(rest, counts[TIMES] * block->time_bytes, &block->times) &&
           bytes_cut(rest, counts[TIMES], &block->indexes) &&
           bytes_cut(rest, counts[TYPES] * TYPE_BYTES, &block->types) &&
           bytes_cut(rest, counts[NAME_BYTES], &block->names) && bytes_cut(rest, ignored, &skipped);
}

static bool bytes_cut(struct text *rest, uint64_t bytes, struct text *part)
{
    if (bytes > rest->length)
        return false;
    *part = (struct text){rest->at, (size_t)bytes};
    rest->at += bytes;
    rest->length -= bytes;
    return true;
}

static bool times_ascend(const struct block *block)
{
    bool ascend = true;

    for (size_t i = 1; i < block->counts[TIMES]; i++)
        ascend = ascend && time_at(block, i - 1) < time_at(block, i);
    return ascend;
}

static bool indexes_lead_to_types(const struct block *block)
{
    bool lead = true;

    for (size_t i = 0; i < block->indexes.length; i++)
        lead = lead && (uint8_t)block->indexes.at[i] < block->counts[TYPES];
    return lead;
}

/* A type is an offset from UTC, whether it is daylight saving time, and where its name begins. */
static bool types_are_sound(const struct block *block)
{
    bool are_sound = true;

    for (const char *type = block->types.at; type < block->types.at + block->types.length;
         type += TYPE_BYTES) {
        const int32_t offset_s = (int32_t)integer_at(type);

        are_sound = are_sound && offset_s >= OFFSET_S_MIN && offset_s <= OFFSET_S_MAX &&
                    (uint8_t)type[4] <= 1 && (uint8_t)type[5] < block->counts[NAME_BYTES];
    }
    return are_sound;
}

static bool names_end(const struct block *block)
{
    return block->names.at[block->names.length - 1] == '\0';
}

static int64_t time_at(const struct block *block, size_t i)
{
    const char *at = block->times.at + i * block->time_bytes;

    if (block->time_bytes == TIME_BYTES_V1)
        return (int32_t)integer_at(at);
    return (int64_t)((uint64_t)integer_at(at) << 32 | integer_at(at + sizeof(uint32_t)));
}

static uint32_t integer_at(const char *at)
{
    uint32_t integer;

    memcpy(&integer, at, sizeof(integer));
    return be32toh(integer);
}

/* A rule between two newlines. */
static bool is_footer(struct text rest)
{
    const char *at = rest.at;
    const size_t last = rest.length - 1;

    return rest.length >= 2 && at[0] == '\n' && at[last] == '\n' &&
           memchr(at + 1, '\n', last - 1) == NULL && memchr(at, '\0', last) == NULL;
}
