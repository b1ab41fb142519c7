/* SPDX-License-Identifier: MIT
 *
 * What libevent says, and when it ends the process. By itself it writes to standard error, and
 * waits there. */
#ifndef APP_EVENT_LOG_H
#define APP_EVENT_LOG_H

/* Its errors go to the log from now on, and the rest when it takes LOG_DEBUG: whoever uses libevent
 * tells by itself what matters. Main thread, before anything uses libevent. */
void event_log_begin(void);

#endif
