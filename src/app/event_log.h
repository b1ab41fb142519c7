/* SPDX-License-Identifier: MIT
 *
 * Messages of libevent, also when it ends the process. By default it writes to standard error,
 * which may block. */
#ifndef APP_EVENT_LOG_H
#define APP_EVENT_LOG_H

/* From now on its errors go to the log. Its other messages go there only at LOG_DEBUG, because the
 * users of libevent log what matters. Main thread, before anything uses libevent. */
void event_log_begin(void);

#endif
