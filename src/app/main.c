/* SPDX-License-Identifier: MIT
 *
 * The command line of `sluice`. */
#include "base/log.h"
#include "base/memory.h"

#include "arguments.h"
#include "commands.h"
#include "complaint.h"
#include "event_log.h"

#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <sysexits.h>
#include <unistd.h>

static void open_standard_streams(void);
static int run(const struct command *command, int argc, char *argv[]);
static int output_end(int exit_code);

int main(int argc, char *argv[])
{
    struct error error;

    open_standard_streams();
    if (sodium_init() < 0)
        return complaint_print(EX_UNAVAILABLE, "libsodium cannot be initialised");
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    log_set_format(LOG_FORMAT_AUTO);
    event_log_begin();

    if (argc < 2) {
        commands_print_all(stderr);
        return EXIT_USAGE;
    }

    const struct command *command = commands_find(argv[1], &error);

    return command == NULL ? complaint_print(EXIT_USAGE, error.message)
                           : run(command, argc - 2, argv + 2);
}

/* A new descriptor gets the lowest free number. Without this, a socket or a file could get the
 * number of standard error, and log lines would go there. Output to a stream that was closed still
 * fails. */
static void open_standard_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        const int mode = fd == STDOUT_FILENO ? O_RDONLY : O_RDWR;

        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", mode) != fd)
            abort();
    }
}

static int run(const struct command *command, int argc, char *argv[])
{
    struct settings_source source;
    struct error error;

    if (arguments_ask_help(argc, argv)) {
        commands_print_one(stdout, command);
        return output_end(EXIT_SUCCESS);
    }

    const char **options = memory_new((size_t)argc + 1, sizeof(*options));
    bool is_read = arguments_read(&source, command->operands_max, options, argc, argv, &error);

    if (is_read && !command->takes_options && (source.argc > 0 || source.file != NULL))
        is_read = error_set(&error, "%s: there is more than it takes; see sluice help %s",
                            command->word, command->word);

    int exit_code = is_read ? command->run(&source) : complaint_print(EXIT_USAGE, error.message);

    free(options);
    return output_end(exit_code);
}

/* A command succeeds only if its output is written. */
static int output_end(int exit_code)
{
    if (exit_code == EXIT_SUCCESS && (fflush(stdout) != 0 || ferror(stdout)))
        return complaint_print(EX_IOERR, "the output could not be written");
    return exit_code;
}
