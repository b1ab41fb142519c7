/* SPDX-License-Identifier: MIT */
#include "base/faults.h"

#include <stdarg.h>

const char *const fault_type_words[] = {
    [FAULT_OTHER] = "",         [FAULT_INTEGER] = "an integer", [FAULT_BOOL] = "true or false",
    [FAULT_ARRAY] = "an array", [FAULT_OBJECT] = "an object",
};

static void pointer_write(char pointer[], size_t size, const char *parent, const char *member);
static const char *pointer_escape(char c);

void faults_begin(struct faults *faults, size_t kept_max)
{
    faults->count = 0;
    faults->spared = FAULTS_MAX - kept_max;
}

bool faults_skip(struct faults *faults)
{
    if (faults->count < FAULTS_MAX - faults->spared)
        return false;
    faults->count++;
    return true;
}

size_t faults_kept(const struct faults *faults)
{
    const size_t kept_max = FAULTS_MAX - faults->spared;

    return faults->count < kept_max ? faults->count : kept_max;
}

size_t faults_bytes(const struct faults *faults)
{
    return offsetof(struct faults, at) + faults_kept(faults) * sizeof faults->at[0];
}

void faults_add(struct faults *faults, const char *pointer, const char *member, const char *format,
                ...)
{
    if (faults_skip(faults))
        return;

    struct fault *fault = &faults->at[faults->count++];
    va_list values;

    fault->is_parameter = pointer == NULL;
    if (fault->is_parameter)
        (void)snprintf(fault->pointer, sizeof(fault->pointer), "%s", member == NULL ? "" : member);
    else
        pointer_write(fault->pointer, sizeof(fault->pointer), pointer, member);
    va_start(values, format);
    vsnprintf(fault->detail, sizeof(fault->detail), format, values);
    va_end(values);
    fault->type = FAULT_OTHER;
    fault->is_unknown = false;
    fault->meant = NULL;
}

void faults_add_type(struct faults *faults, const char *pointer, const char *member,
                     enum fault_type type, const char *range)
{
    if (faults_skip(faults))
        return;
    faults_add(faults, pointer, member, "must be %s%s", fault_type_words[type], range);
    faults->at[faults->count - 1].type = type;
}

void faults_add_unknown(struct faults *faults, const char *pointer, const char *member,
                        const char *meant)
{
    if (faults_skip(faults))
        return;
    faults_add(faults, pointer, member, "is not %s%s%s%s",
               pointer == NULL ? "known" : "a known member", meant == NULL ? "" : "; did you mean ",
               meant == NULL ? "" : meant, meant == NULL ? "" : "?");
    faults->at[faults->count - 1].is_unknown = true;
    faults->at[faults->count - 1].meant = meant;
}

static void pointer_write(char pointer[], size_t size, const char *parent, const char *member)
{
    int written = snprintf(pointer, size, "%s%s", parent, member == NULL ? "" : "/");
    size_t length = (size_t)written;

    for (const char *c = member; c != NULL && *c != '\0'; c++) {
        const char *escape = pointer_escape(*c);
        size_t bytes = escape == NULL ? 1 : 2;
        if (length + bytes >= size)
            return;
        memcpy(pointer + length, escape == NULL ? c : escape, bytes);
        length += bytes;
        pointer[length] = '\0';
    }
}

/* RFC 6901 §3. */
static const char *pointer_escape(char c)
{
    if (c == '~')
        return "~0";
    return c == '/' ? "~1" : NULL;
}
