/* SPDX-License-Identifier: MIT
 *
 * The kernel lists the sockets that listen, each with an inode, and for each process the inodes of
 * its sockets. The second list can only be seen by root and by the same user. */
#include "address_holder.h"

#include "socket_address.h"

#include <ctype.h>
#include <dirent.h>
#include <unistd.h>

#define STATE_LISTEN 10 /* TCP_LISTEN of the kernel */

enum field { FIELD_LOCAL = 1, FIELD_STATE = 3, FIELD_USER = 7, FIELD_INODE = 9, FIELDS };

#define LINE_BYTES 512
#define PATH_BYTES 64
#define NAME_BYTES 32 /* the kernel keeps 15 bytes of a process's name */

struct holder {
    unsigned user;
    unsigned long inode;
};

static bool find_in(const char *list, const struct sockaddr_storage *address,
                    struct holder *holder);
static bool parse_line(char *line, struct sockaddr_storage *address, struct holder *holder);
static bool parse_host(const char *digits, struct sockaddr_storage *address, uint16_t port);
static bool parse_words(const char *digits, size_t count, uint32_t words[]);
static pid_t find_process(unsigned long inode);
static bool has_socket(const char *process, const char *socket);

void address_holder_write(const struct sockaddr_storage *address,
                          char out[static ADDRESS_HOLDER_BYTES])
{
    struct holder holder;
    pid_t process;

    out[0] = '\0';
    if (!find_in("/proc/net/tcp", address, &holder) && !find_in("/proc/net/tcp6", address, &holder))
        return;
    process = find_process(holder.inode);
    if (process != 0)
        address_holder_write_process(process, out);
    else
        (void)snprintf(out, ADDRESS_HOLDER_BYTES, " by a process of user %u", holder.user);
}

void address_holder_write_process(pid_t process, char out[static ADDRESS_HOLDER_BYTES])
{
    char path[PATH_BYTES];
    char name[NAME_BYTES] = "";
    FILE *file;

    out[0] = '\0';
    if (process <= 0)
        return;
    (void)snprintf(path, sizeof(path), "/proc/%d/comm", (int)process);
    file = fopen(path, "re");
    if (file != NULL && fgets(name, sizeof(name), file) != NULL)
        name[strcspn(name, "\n")] = '\0';
    if (file != NULL)
        (void)fclose(file);
    (void)snprintf(out, ADDRESS_HOLDER_BYTES, " by %s%sprocess %d%s", name,
                   name[0] == '\0' ? "" : " (", (int)process, name[0] == '\0' ? "" : ")");
}

static bool find_in(const char *list, const struct sockaddr_storage *address, struct holder *holder)
{
    FILE *file = fopen(list, "re");
    char line[LINE_BYTES];
    bool found = false;

    while (file != NULL && !found && fgets(line, sizeof(line), file) != NULL) {
        struct sockaddr_storage listener = {0};

        found = parse_line(line, &listener, holder) && socket_addresses_meet(&listener, address);
    }
    if (file != NULL)
        (void)fclose(file);
    return found;
}

/* "  0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000  0 81234 ..."
 * (proc_net_tcp(5)). False for what does not listen. Changes the line. */
static bool parse_line(char *line, struct sockaddr_storage *address, struct holder *holder)
{
    const char *fields[FIELDS] = {NULL};
    size_t count = 0;
    char *rest = line;
    char *port;

    while (count < FIELDS && rest != NULL) {
        fields[count] = strsep(&rest, " ");
        count += fields[count][0] != '\0';
    }
    if (count < FIELDS || strtoul(fields[FIELD_STATE], NULL, 16) != STATE_LISTEN)
        return false;
    port = strchr(fields[FIELD_LOCAL], ':');
    if (port == NULL)
        return false;
    *port++ = '\0';
    holder->user = (unsigned)strtoul(fields[FIELD_USER], NULL, 10);
    holder->inode = strtoul(fields[FIELD_INODE], NULL, 10);
    return parse_host(fields[FIELD_LOCAL], address, (uint16_t)strtoul(port, NULL, 16));
}

/* Each word of the address is written as a number of this machine. */
static bool parse_host(const char *digits, struct sockaddr_storage *address, uint16_t port)
{
    struct sockaddr_in ipv4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    uint32_t words[4];

    if (parse_words(digits, 4, words)) {
        memcpy(&ipv6.sin6_addr, words, sizeof(ipv6.sin6_addr));
        memcpy(address, &ipv6, sizeof(ipv6));
        return true;
    }
    if (!parse_words(digits, 1, words))
        return false;
    memcpy(&ipv4.sin_addr, words, sizeof(ipv4.sin_addr));
    memcpy(address, &ipv4, sizeof(ipv4));
    return true;
}

static bool parse_words(const char *digits, size_t count, uint32_t words[])
{
    if (strlen(digits) != 8 * count)
        return false;
    for (size_t i = 0; i < count; i++) {
        char word[9] = "";

        memcpy(word, digits + 8 * i, 8);
        words[i] = (uint32_t)strtoul(word, NULL, 16);
    }
    return true;
}

static pid_t find_process(unsigned long inode)
{
    char socket[PATH_BYTES];
    DIR *processes = opendir("/proc");
    pid_t found = 0;

    (void)snprintf(socket, sizeof(socket), "socket:[%lu]", inode);
    while (processes != NULL && found == 0) {
        const struct dirent *entry = readdir(processes);
        if (entry == NULL)
            break;
        if (isdigit((unsigned char)entry->d_name[0]) && has_socket(entry->d_name, socket))
            found = (pid_t)strtol(entry->d_name, NULL, 10);
    }
    if (processes != NULL)
        (void)closedir(processes);
    return found;
}

static bool has_socket(const char *process, const char *socket)
{
    char path[PATH_BYTES];
    char target[PATH_BYTES];
    bool found = false;
    DIR *files;

    (void)snprintf(path, sizeof(path), "/proc/%.16s/fd", process);
    files = opendir(path);
    while (files != NULL && !found) {
        const struct dirent *entry = readdir(files);
        if (entry == NULL)
            break;
        ssize_t length = readlinkat(dirfd(files), entry->d_name, target, sizeof(target) - 1);
        if (length < 0)
            continue;
        target[length] = '\0';
        found = strcmp(target, socket) == 0;
    }
    if (files != NULL)
        (void)closedir(files);
    return found;
}
