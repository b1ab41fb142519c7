/* SPDX-License-Identifier: MIT
 *
 * What goes into a statement and comes out of it. */
#include "base/database.h"

void database_bind_text(sqlite3_stmt *statement, int place, struct text text)
{
    ASSERT(sqlite3_bind_text64(statement, place, text.at, text.length, SQLITE_STATIC,
                               SQLITE_UTF8) == SQLITE_OK);
}

void database_bind_bytes(sqlite3_stmt *statement, int place, const uint8_t *bytes, size_t count)
{
    ASSERT(sqlite3_bind_blob64(statement, place, bytes, count, SQLITE_STATIC) == SQLITE_OK);
}

void database_bind_integer(sqlite3_stmt *statement, int place, int64_t value)
{
    ASSERT(sqlite3_bind_int64(statement, place, value) == SQLITE_OK);
}

/* In this order, as below. A value without bytes is no NULL, but SQLite has no address for it. */
struct text database_blob(sqlite3_stmt *statement, int place)
{
    const void *at = sqlite3_column_blob(statement, place);
    const int length = sqlite3_column_bytes(statement, place);
    const bool is_null = sqlite3_column_type(statement, place) == SQLITE_NULL;

    return (struct text){at == NULL && !is_null ? "" : at, (size_t)length};
}

struct text database_text(sqlite3_stmt *statement, int place)
{
    /* In this order, because the length is that of the last form asked for. */
    const unsigned char *at = sqlite3_column_text(statement, place);
    int length = sqlite3_column_bytes(statement, place);

    return (struct text){(const char *)at, (size_t)length};
}

bool database_bytes(sqlite3_stmt *statement, int place, uint8_t *bytes, size_t count)
{
    const void *at = sqlite3_column_blob(statement, place);

    if (at == NULL || (size_t)sqlite3_column_bytes(statement, place) != count)
        return false;
    memcpy(bytes, at, count);
    return true;
}

int64_t database_integer(sqlite3_stmt *statement, int place)
{
    return sqlite3_column_int64(statement, place);
}

bool database_holds_integer(sqlite3_stmt *statement, int place)
{
    return sqlite3_column_type(statement, place) == SQLITE_INTEGER;
}
