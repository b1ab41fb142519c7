/* SPDX-License-Identifier: MIT */
#include "event_log.h"

#include "base/log.h"

#include <event2/event.h>
#include <unistd.h>

static void on_message(int severity, const char *message);
static void on_fatal(int code);

void event_log_begin(void)
{
    event_set_log_callback(on_message);
    event_set_fatal_callback(on_fatal);
}

static void on_message(int severity, const char *message)
{
    log_write(severity == EVENT_LOG_ERR ? LOG_ERROR : LOG_DEBUG, "libevent",
              LOG_STRING("message", message));
}

/* libevent has already said why. */
static void on_fatal(int code)
{
    (void)code;
    log_end();
    _exit(EXIT_FAILURE);
}
