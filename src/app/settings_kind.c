/* SPDX-License-Identifier: MIT
 *
 * The kinds of settings: how each is read from a form into struct settings, and compared. Each
 * struct settings starts zeroed, so plain values can be compared byte by byte. No message repeats a
 * value that may be a secret. */
#include "settings_parts.h"

#include "file.h"
#include "socket_address.h"

#include <sodium.h>

#define PEM_BYTES_MAX 65536
#define PEM_BEGIN     "-----BEGIN "
#define MODE_TYPE     "the rights of a file in three digits, of which the first is 6, such as 0660"

static void *place(const struct setting *setting, struct settings *settings);
static const void *place_of(const struct setting *setting, const struct settings *settings);
static bool same_bytes(const struct setting *setting, const struct settings *a,
                       const struct settings *b);
static bool same_string(const struct setting *setting, const struct settings *a,
                        const struct settings *b);
static void read_text(const struct setting *setting, struct form *form, struct settings *settings);
static void read_token(const struct setting *setting, struct form *form, struct settings *settings);
static void read_characters(const struct setting *setting, struct form *form,
                            struct settings *settings);
static void store_integer(const struct setting *setting, struct settings *settings, int64_t value);
static void read_integer(const struct setting *setting, struct form *form,
                         struct settings *settings);
static void read_bool(const struct setting *setting, struct form *form, struct settings *settings);
static void read_choice(const struct setting *setting, struct form *form,
                        struct settings *settings);
static void read_rate(const struct setting *setting, struct form *form, struct settings *settings);
static void read_networks(const struct setting *setting, struct form *form,
                          struct settings *settings);
static void read_hosts(const struct setting *setting, struct form *form, struct settings *settings);
static void read_authorities(const struct setting *setting, struct form *form,
                             struct settings *settings);
static void read_file(const struct setting *setting, struct form *form, struct settings *settings);
static void read_secret_file(const struct setting *setting, struct form *form,
                             struct settings *settings);
static void read_pem(const struct setting *setting, struct form *form, struct settings *settings,
                     file_read_fn *read, size_t bytes_max);
static void read_priorities(const struct setting *setting, struct form *form,
                            struct settings *settings);
static void read_listen(const struct setting *setting, struct form *form,
                        struct settings *settings);
static void read_metrics_listen(const struct setting *setting, struct form *form,
                                struct settings *settings);
static void read_address(const struct setting *setting, struct form *form,
                         struct settings *settings, struct sockaddr_storage *address,
                         socklen_t *length);
static void read_mode(const struct setting *setting, struct form *form, struct settings *settings);
static bool parse_mode(struct text text, mode_t *mode);
static void read_redis_url(const struct setting *setting, struct form *form,
                           struct settings *settings);
static bool same_redis_url(const struct setting *setting, const struct settings *a,
                           const struct settings *b);
static void read_catalogue(const struct setting *setting, struct form *form,
                           struct settings *settings);
static bool same_catalogue(const struct setting *setting, const struct settings *a,
                           const struct settings *b);
static void read_pepper(const struct setting *setting, struct form *form,
                        struct settings *settings);

const struct setting_kind setting_text = {"PATH", "a path", false, read_text, same_string};
const struct setting_kind setting_host = {"HOST", "the name of a host", false, read_text,
                                          same_string};
const struct setting_kind setting_user = {"TEXT", NULL, false, read_characters, same_bytes};
const struct setting_kind setting_password = {"TEXT", NULL, true, read_characters, same_bytes};
const struct setting_kind setting_token = {"TEXT", NULL, true, read_token, same_bytes};
const struct setting_kind setting_integer = {NULL, NULL, false, read_integer, same_bytes};
const struct setting_kind setting_bool = {"true|false", NULL, false, read_bool, same_bytes};
const struct setting_kind setting_choice = {NULL, NULL, false, read_choice, same_bytes};
const struct setting_kind setting_rate = {"RATE|off", "a rate such as \"5/minute\", or \"off\"",
                                          false, read_rate, same_bytes};
const struct setting_kind setting_networks = {
    "NETWORKS", "one text of networks with commas between them, such as \"10.0.0.0/8, ::1\"", false,
    read_networks, same_bytes};
const struct setting_kind setting_hosts = {
    "HOSTS", "one text of hosts with commas between them, such as \"a.example, localhost:8080\"",
    false, read_hosts, same_bytes};
const struct setting_kind setting_authorities = {"FILE", "the path of a PEM file", false,
                                                 read_authorities, same_string};
const struct setting_kind setting_file = {"FILE", "the path of a PEM file", false, read_file,
                                          same_string};
const struct setting_kind setting_secret_file = {"FILE", "the path of a PEM file", false,
                                                 read_secret_file, same_string};
const struct setting_kind setting_priorities = {"PRIORITIES", NULL, false, read_priorities,
                                                same_string};
const struct setting_kind setting_listen = {"ADDRESS:PORT|unix:PATH", SOCKET_ADDRESS_TYPE, false,
                                            read_listen, same_bytes};
const struct setting_kind setting_metrics_listen = {"ADDRESS:PORT|unix:PATH", SOCKET_ADDRESS_TYPE,
                                                    false, read_metrics_listen, same_bytes};
const struct setting_kind setting_mode = {"0600..0666", MODE_TYPE, false, read_mode, same_bytes};
const struct setting_kind setting_redis_url = {"URL", NULL, true, read_redis_url, same_redis_url};
const struct setting_kind setting_catalogue = {"sqlite:PATH|redis", NULL, true, read_catalogue,
                                               same_catalogue};
const struct setting_kind setting_pepper = {"TEXT", NULL, true, read_pepper, same_bytes};

static void *place(const struct setting *setting, struct settings *settings)
{
    return (char *)settings + setting->offset;
}

static const void *place_of(const struct setting *setting, const struct settings *settings)
{
    return (const char *)settings + setting->offset;
}

static bool same_bytes(const struct setting *setting, const struct settings *a,
                       const struct settings *b)
{
    return memcmp(place_of(setting, a), place_of(setting, b), setting->size) == 0;
}

static bool same_string(const struct setting *setting, const struct settings *a,
                        const struct settings *b)
{
    const char *const *left = place_of(setting, a);
    const char *const *right = place_of(setting, b);

    return text_equal(text_of(*left), text_of(*right));
}

static void read_text(const struct setting *setting, struct form *form, struct settings *settings)
{
    const char **field = place(setting, settings);
    struct text text;

    if (form_text(form, setting->name, FORM_OPTIONAL, (size_t)setting->min, (size_t)setting->max,
                  &text))
        *field = text_copy(&settings->arena, text).at;
}

static void read_token(const struct setting *setting, struct form *form, struct settings *settings)
{
    char *field = place(setting, settings);
    struct text text;

    if (!form_text(form, setting->name, FORM_OPTIONAL, (size_t)setting->min, setting->size - 1,
                   &text))
        return;
    for (size_t i = 0; i < text.length; i++) {
        if (text.at[i] <= ' ' || text.at[i] > '~') {
            form_fault(form, setting->name, "must be visible ASCII without spaces");
            return;
        }
    }
    memset(field, 0, setting->size);
    memcpy(field, text.at, text.length);
}

static void read_characters(const struct setting *setting, struct form *form,
                            struct settings *settings)
{
    char *field = place(setting, settings);
    struct text text;

    if (!form_text(form, setting->name, FORM_OPTIONAL, 1, setting->size - 1, &text))
        return;
    memset(field, 0, setting->size);
    memcpy(field, text.at, text.length);
}

/* No setting is negative, so this fits signed and unsigned members. */
static void store_integer(const struct setting *setting, struct settings *settings, int64_t value)
{
    int32_t narrow = (int32_t)value;

    ASSERT(value >= 0 && (setting->size == sizeof(value) ||
                          (setting->size == sizeof(narrow) && value <= INT32_MAX)));
    memcpy(place(setting, settings),
           setting->size == sizeof(value) ? (const void *)&value : (const void *)&narrow,
           setting->size);
}

static void read_integer(const struct setting *setting, struct form *form,
                         struct settings *settings)
{
    int64_t value;

    if (form_integer(form, setting->name, FORM_OPTIONAL, setting->min, setting->max, &value))
        store_integer(setting, settings, value);
}

static void read_bool(const struct setting *setting, struct form *form, struct settings *settings)
{
    (void)form_bool(form, setting->name, FORM_OPTIONAL, place(setting, settings));
}

static void read_choice(const struct setting *setting, struct form *form, struct settings *settings)
{
    int choice;

    if (form_choice(form, setting->name, FORM_OPTIONAL, setting->words, &choice))
        store_integer(setting, settings, choice);
}

static void read_rate(const struct setting *setting, struct form *form, struct settings *settings)
{
    struct rate *field = place(setting, settings);
    struct rate rate = {0};
    struct text text;
    struct error error;

    if (!form_text(form, setting->name, FORM_OPTIONAL, 1, 64, &text))
        return;
    if (text_equal(text, TEXT("off"))) {
        *field = (struct rate){0};
    } else if (rate_parse(text, LIMIT_QUOTA_MAX, &rate, &error) && rate.quota > 0) {
        *field = rate;
    } else {
        form_fault(form, setting->name, "must be a rate such as \"5/minute\", or \"off\"");
    }
}

static void read_networks(const struct setting *setting, struct form *form,
                          struct settings *settings)
{
    struct trusted_proxies *field = place(setting, settings);
    struct text text;
    struct error error;

    if (form_text(form, setting->name, FORM_OPTIONAL, 0, 4096, &text) &&
        !trusted_proxies_parse(text, field, &error))
        form_fault(form, setting->name, "%s", error.message);
}

static void read_hosts(const struct setting *setting, struct form *form, struct settings *settings)
{
    struct host_list *field = place(setting, settings);
    struct text text;
    struct error error;

    if (form_text(form, setting->name, FORM_OPTIONAL, 0, HOST_LIST_BYTES_MAX, &text) &&
        !host_list_parse(text, field, &error))
        form_fault(form, setting->name, "%s", error.message);
}

static void read_authorities(const struct setting *setting, struct form *form,
                             struct settings *settings)
{
    read_pem(setting, form, settings, file_read, SETTINGS_FILE_BYTES_MAX);
}

static void read_file(const struct setting *setting, struct form *form, struct settings *settings)
{
    read_pem(setting, form, settings, file_read, PEM_BYTES_MAX);
}

static void read_secret_file(const struct setting *setting, struct form *form,
                             struct settings *settings)
{
    read_pem(setting, form, settings, file_read_secret, PEM_BYTES_MAX);
}

static void read_pem(const struct setting *setting, struct form *form, struct settings *settings,
                     file_read_fn *read, size_t bytes_max)
{
    const char **field = place(setting, settings);
    struct text path;
    struct text content;
    struct error error;

    if (!form_text(form, setting->name, FORM_OPTIONAL, 1, SETTINGS_PATH_BYTES_MAX, &path))
        return;
    const char *file = text_copy(&settings->arena, path).at;
    /* No message may repeat a key that was put in the place of its path. */
    if (strstr(file, PEM_BEGIN) != NULL) {
        form_fault(form, setting->name, "needs the path of a file, and is what belongs in it");
        return;
    }
    settings_add_file(settings, file);
    if (!read(file, bytes_max, &settings->arena, &content, &error)) {
        form_fault(form, setting->name, "%s", error.message);
    } else if (strstr(content.at, PEM_BEGIN) == NULL) {
        form_fault(form, setting->name, "%s is no PEM file", file);
    } else {
        *field = content.at;
    }
}

static void read_priorities(const struct setting *setting, struct form *form,
                            struct settings *settings)
{
    struct text text;
    struct error error;

    if (!form_text(form, setting->name, FORM_OPTIONAL, (size_t)setting->min, (size_t)setting->max,
                   &text))
        return;
    settings->tls_priorities = text_copy(&settings->arena, text).at;
    if (!tls_priorities_check(settings->tls_priorities, &error))
        form_fault(form, setting->name, "%s", error.message);
}

static void read_listen(const struct setting *setting, struct form *form, struct settings *settings)
{
    read_address(setting, form, settings, &settings->listen, &settings->listen_length);
}

static void read_metrics_listen(const struct setting *setting, struct form *form,
                                struct settings *settings)
{
    read_address(setting, form, settings, &settings->metrics_listen,
                 &settings->metrics_listen_length);
}

static void read_address(const struct setting *setting, struct form *form,
                         struct settings *settings, struct sockaddr_storage *address,
                         socklen_t *length)
{
    struct text text;
    struct error error;

    if (!form_text(form, setting->name, FORM_OPTIONAL, 1, SETTINGS_PATH_BYTES_MAX, &text))
        return;
    if (socket_address_parse(text_copy(&settings->arena, text).at, address, &error))
        *length = socket_address_length(address);
    else
        form_fault(form, setting->name, "%s", error.message);
}

/* YAML reads 0660 as the number 660. Its own form of an octal number, 0o660, is the number 432
 * here. No such form has a first digit of 6, so it is refused, and not taken for other rights. */
static void read_mode(const struct setting *setting, struct form *form, struct settings *settings)
{
    char digits[TEXT_INTEGER_BYTES_MAX];
    struct text text;
    int64_t number;

    if (json_is_integer(json_object_get(form->object, setting->name))) {
        if (!form_integer(form, setting->name, FORM_OPTIONAL, 0, INT64_MAX, &number))
            return;
        text = text_write_integer(number, digits);
    } else if (!form_text(form, setting->name, FORM_OPTIONAL, 1, 64, &text)) {
        return;
    }
    if (!parse_mode(text, place(setting, settings)))
        form_fault(form, setting->name, "must be " MODE_TYPE);
}

/* Reading and writing: connecting needs the right to write, and nobody executes a socket. */
static bool parse_mode(struct text text, mode_t *mode)
{
    const struct text digits =
        text.length == 4 && text.at[0] == '0' ? (struct text){text.at + 1, 3} : text;
    mode_t read = 0;

    for (size_t i = 0; i < digits.length; i++) {
        if (digits.at[i] < '0' || digits.at[i] > '7' || (digits.at[i] - '0') % 2 != 0)
            return false;
        read = read * 8 + (mode_t)(digits.at[i] - '0');
    }
    if (digits.length != 3 || digits.at[0] != '6')
        return false;
    *mode = read;
    return true;
}

static void read_redis_url(const struct setting *setting, struct form *form,
                           struct settings *settings)
{
    struct text text;
    struct error error;

    if (form_text(form, setting->name, FORM_OPTIONAL, 1, REDIS_URL_BYTES, &text) &&
        !redis_url_parse(text, &settings->redis, &error))
        form_fault(form, setting->name, "%s", error.message);
}

static bool same_redis_url(const struct setting *setting, const struct settings *a,
                           const struct settings *b)
{
    return redis_url_equal(place_of(setting, a), place_of(setting, b));
}

static void read_catalogue(const struct setting *setting, struct form *form,
                           struct settings *settings)
{
    const struct text sqlite = TEXT("sqlite:");
    struct text text;

    if (!form_text(form, setting->name, FORM_OPTIONAL, 1, SETTINGS_PATH_BYTES_MAX, &text))
        return;
    if (text_equal(text, TEXT("redis"))) {
        settings->catalogue = CATALOGUE_KIND_REDIS;
        settings->catalogue_path = NULL;
    } else if (text_starts_with(text, sqlite) && text.length > sqlite.length) {
        text = (struct text){text.at + sqlite.length, text.length - sqlite.length};
        settings->catalogue = CATALOGUE_KIND_SQLITE;
        settings->catalogue_path = text_copy(&settings->arena, text).at;
    } else if (text_starts_with(text, TEXT("postgres://")) ||
               text_starts_with(text, TEXT("postgresql://"))) {
        form_fault(form, setting->name,
                   "PostgreSQL is not supported by this version; use sqlite:PATH or redis");
    } else {
        form_fault(form, setting->name, "must be sqlite:PATH or redis");
    }
}

static bool same_catalogue(const struct setting *setting, const struct settings *a,
                           const struct settings *b)
{
    return same_bytes(setting, a, b) &&
           text_equal(text_of(a->catalogue_path), text_of(b->catalogue_path));
}

static void read_pepper(const struct setting *setting, struct form *form, struct settings *settings)
{
    struct pepper *field = place(setting, settings);
    struct text text;

    if (!form_text(form, setting->name, FORM_OPTIONAL, (size_t)setting->min, (size_t)setting->max,
                   &text))
        return;
    crypto_generichash(field->bytes, sizeof(field->bytes), (const unsigned char *)text.at,
                       text.length, NULL, 0);
    settings->has_pepper = true;
}
