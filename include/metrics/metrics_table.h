/* SPDX-License-Identifier: MIT
 *
 * Every figure of the process with its Prometheus name. A row here is one line of /metrics. */
#ifndef METRICS_METRICS_TABLE_H
#define METRICS_METRICS_TABLE_H

/* X(identifier, kind, name, labels, help). Series of one name follow each other; the first one has
 * the help, the others NULL. A name in seconds is kept in microseconds.
 *
 * The workers count the first part, each in its own block. The blocks are then summed. */
/* clang-format off */
#define METRICS_COUNTED(X)                                                                         \
    X(DECISIONS_ALLOWED, METRIC_COUNTER, "sluice_decisions_total", "outcome=\"allowed\"",          \
      "Checks decided, by the answer.")                                                            \
    X(DECISIONS_DENIED, METRIC_COUNTER, "sluice_decisions_total", "outcome=\"denied\"", NULL)      \
    X(SHADOW_DENIALS, METRIC_COUNTER, "sluice_shadow_denials_total", "",                           \
      "Checks that were allowed only because their policy is in shadow mode.")                     \
    X(DEGRADED_LOCAL, METRIC_COUNTER, "sluice_degraded_decisions_total", "by=\"local\"",           \
      "Checks decided without the shared store, by the policy's on_store_error.")                  \
    X(DEGRADED_ALLOW, METRIC_COUNTER, "sluice_degraded_decisions_total", "by=\"allow\"", NULL)     \
    X(DEGRADED_DENY, METRIC_COUNTER, "sluice_degraded_decisions_total", "by=\"deny\"", NULL)       \
    X(LIMIT_OVERRIDES, METRIC_COUNTER, "sluice_limit_overrides_total", "",                         \
      "Quotas that checks and charges have set for themselves by limit_overrides.")                \
    X(CHARGES_MADE, METRIC_COUNTER, "sluice_charges_total", "result=\"made\"",                     \
      "Charges after the fact, by result; noted: made here, to be handed back to Redis.")          \
    X(CHARGES_NOTED, METRIC_COUNTER, "sluice_charges_total", "result=\"noted\"", NULL)             \
    X(CHARGES_REFUSED, METRIC_COUNTER, "sluice_charges_total", "result=\"refused\"", NULL)         \
    X(CHARGES_UNKNOWN, METRIC_COUNTER, "sluice_charges_total", "result=\"unknown\"", NULL)         \
    X(STORE_CALLS_DONE, METRIC_COUNTER, "sluice_store_calls_total", "result=\"done\"",             \
      "Calls to Redis as the store of counters, by result; down: not sent.")                       \
    X(STORE_CALLS_LATE, METRIC_COUNTER, "sluice_store_calls_total", "result=\"late\"", NULL)       \
    X(STORE_CALLS_DOWN, METRIC_COUNTER, "sluice_store_calls_total", "result=\"down\"", NULL)       \
    X(STORE_CALLS_REFUSED, METRIC_COUNTER, "sluice_store_calls_total", "result=\"refused\"", NULL) \
    X(STORE_CALLS_BROKEN, METRIC_COUNTER, "sluice_store_calls_total", "result=\"broken\"", NULL)   \
    X(STORE_CALLS_SPARED, METRIC_COUNTER, "sluice_store_calls_spared_total", "",                   \
      "Calls to Redis that were not sent (down), because their turn did not come in time.")        \
    X(STORE_REPLIES_KEPT_WAITING, METRIC_COUNTER, "sluice_store_replies_kept_waiting_total", "",   \
      "Replies that this instance was too busy to read within redis_timeout_ms; they counted.")    \
    X(HANDED_BACK, METRIC_COUNTER, "sluice_handed_back_total", "result=\"done\"",                  \
      "Costs charged locally without Redis, by whether Redis counts them now; lost: maybe not; "   \
      "over: no longer.")                                                                          \
    X(HANDED_BACK_LOST, METRIC_COUNTER, "sluice_handed_back_total", "result=\"lost\"", NULL)       \
    X(HANDED_BACK_OVER, METRIC_COUNTER, "sluice_handed_back_total", "result=\"over\"", NULL)       \
    X(STATES_REFUSED, METRIC_COUNTER, "sluice_states_refused_total", "",                           \
      "Counters whose stored state was impossible, so that they counted as never seen.")           \
    X(COUNTERS_REFUSED, METRIC_COUNTER, "sluice_counters_refused_total", "",                       \
      "Counters not created in Redis because their app had its maximum.")                          \
    X(JOBS_REFUSED_CATALOGUE, METRIC_COUNTER, "sluice_jobs_refused_total", "queue=\"catalogue\"",  \
      "Requests answered 503 because too many earlier ones wait for the same thread.")             \
    X(JOBS_REFUSED_JOURNAL, METRIC_COUNTER, "sluice_jobs_refused_total", "queue=\"journal\"", NULL)\
    X(JOBS_REFUSED_LOOKUPS, METRIC_COUNTER, "sluice_jobs_refused_total", "queue=\"lookups\"", NULL)\
    X(SECOND_LOOKS_CHANGED, METRIC_COUNTER, "sluice_second_looks_total", "result=\"changed\"",     \
      "Requests that found no policy, by whether their app had changed; refused: not asked.") \
    X(SECOND_LOOKS_SAME, METRIC_COUNTER, "sluice_second_looks_total", "result=\"same\"", NULL)     \
    X(SECOND_LOOKS_FAILED, METRIC_COUNTER, "sluice_second_looks_total", "result=\"failed\"", NULL) \
    X(SECOND_LOOKS_REFUSED, METRIC_COUNTER, "sluice_second_looks_total", "result=\"refused\"",     \
      NULL)                                                                                        \
    X(REGISTRATIONS_REFUSED, METRIC_COUNTER, "sluice_registrations_refused_total", "",             \
      "Registrations answered 403 because there are apps_max apps.")                               \
    X(WAITS_REFUSED, METRIC_COUNTER, "sluice_waits_refused_total", "",                             \
      "Checks answered 503 because too many checks of their app wait.")                            \
    X(BATCHES_REFUSED, METRIC_COUNTER, "sluice_batches_refused_total", "",                         \
      "Batches, looks and simulations answered 503: their app has too many checks under way.")     \
    X(LOG_STREAM_EVENTS, METRIC_COUNTER, "sluice_log_stream_events_total", "",                     \
      "Decisions that were written to readers of /logs/stream.")                                   \
    X(LOG_STREAM_GAPS, METRIC_COUNTER, "sluice_log_stream_gaps_total", "",                         \
      "Gaps that readers of /logs/stream were told, because they are slow, or entries are gone.")  \
    X(BODIES_REFUSED, METRIC_COUNTER, "sluice_http_bodies_refused_total", "",                      \
      "Requests answered 503 because too many large bodies were coming in.")                       \
    X(SLOW_REQUESTS, METRIC_COUNTER, "sluice_http_slow_requests_total", "",                        \
      "Connections ended because a request was not complete in time.")                             \
    X(SLOW_READERS, METRIC_COUNTER, "sluice_http_slow_readers_total", "",                          \
      "Connections ended because an answer was read too slowly.")                                  \
    X(ANSWERS_DROPPED, METRIC_COUNTER, "sluice_http_answers_dropped_total", "",                    \
      "Connections ended because answers that were not read held too much memory.")                \
    X(GAVE_WAY, METRIC_COUNTER, "sluice_http_gave_way_total", "",                                  \
      "Idle connections and quiet streams ended because others waited for a place.")               \
    X(CONNECTIONS_REFUSED, METRIC_COUNTER, "sluice_http_connections_refused_total", "",            \
      "Connections closed at once because their IP address had too many.")                         \
    X(TLS_HANDSHAKES_DONE, METRIC_COUNTER, "sluice_tls_handshakes_total", "result=\"done\"",       \
      "TLS handshakes, by whether they were completed before the connection ended.")               \
    X(TLS_HANDSHAKES_FAILED, METRIC_COUNTER, "sluice_tls_handshakes_total",                        \
      "result=\"failed\"", NULL)                                                                   \
    X(STORE_LINKS_CONNECTED, METRIC_GAUGE, "sluice_store_links_connected", "",                     \
      "Workers that reach each node of the store; with the memory engine all of them.")            \
    X(STORE_BREAKERS_OPEN, METRIC_GAUGE, "sluice_store_breakers_open", "",                         \
      "Workers that do not ask Redis, or a node of it, because it keeps failing.")                 \
    X(STORE_CALLS_WAITING, METRIC_GAUGE, "sluice_store_calls_waiting", "",                         \
      "Calls to Redis that wait for their turn.")                                                  \
    X(HTTP_CONNECTIONS, METRIC_GAUGE, "sluice_http_connections", "",                               \
      "Open HTTP connections.")                                                                    \
    X(HTTP_REQUESTS_IN_PROGRESS, METRIC_GAUGE, "sluice_http_requests_in_progress", "",             \
      "Complete requests whose answer has not left to its last byte.")                             \
    X(HTTP_STREAMS, METRIC_GAUGE, "sluice_http_streams", "",                                       \
      "Streams of /logs/stream that are open.")                                                    \
    X(TLS_HANDSHAKES, METRIC_GAUGE, "sluice_tls_handshakes_in_progress", "",                       \
      "Connections in the middle of their TLS handshake.")                                         \
    X(CHECKS_WAITING, METRIC_GAUGE, "sluice_checks_waiting", "",                                   \
      "Places taken by checks that wait for their turn.")                                          \
    X(BATCH_CHECKS, METRIC_GAUGE, "sluice_batch_checks", "",                                       \
      "Checks of batches, policies of looks, entries of simulations, until answers have left.")    \
    X(BATCHES_WAITING, METRIC_GAUGE, "sluice_batches_waiting", "",                                 \
      "Batches, lists of policies, looks and simulations that wait for their turn.")

/* This part is collected when /metrics is read. */
#define METRICS_ASKED(X)                                                                           \
    X(WORKERS, METRIC_GAUGE, "sluice_workers", "", "Threads that serve.")                          \
    X(DRAINING, METRIC_GAUGE, "sluice_draining", "", "1 once the process has been told to stop.")  \
    X(CONNECTIONS_MAX, METRIC_GAUGE, "sluice_http_connections_max", "",                            \
      "HTTP connections that may be open.")                                                        \
    X(APPS, METRIC_GAUGE, "sluice_apps", "", "Apps that this process knows.")                      \
    X(APPS_REMOVED, METRIC_COUNTER, "sluice_apps_removed_total", "",                               \
      "Apps that this process removed because they had registered and checked nothing.")           \
    X(CATALOGUE_READY, METRIC_GAUGE, "sluice_catalogue_ready", "",                                 \
      "1 if the last attempt to read and write the catalogue succeeded.")                          \
    X(CATALOGUE_LOST, METRIC_GAUGE, "sluice_catalogue_lost", "",                                   \
      "1 while the catalogue has come back empty or as another one, and is not whole again.")      \
    X(CATALOGUE_FOREIGN, METRIC_GAUGE, "sluice_catalogue_foreign", "",                             \
      "1 while the catalogue is a foreign one: under another pepper, or with other apps.")         \
    X(CATALOGUE_LOSSES, METRIC_COUNTER, "sluice_catalogue_losses_total", "",                       \
      "How often the catalogue was not the one that this process knew.")                           \
    X(JOURNAL_FLUSH_FAILURES, METRIC_COUNTER, "sluice_journal_flush_failures_total", "",           \
      "Attempts to move decisions or usage to Redis or to a file that failed.")                    \
    X(JOURNAL_DROPPED, METRIC_COUNTER, "sluice_journal_dropped_total", "",                         \
      "Decisions that were overwritten before the shared log had them.")                           \
    X(JOURNAL_REPLACED, METRIC_COUNTER, "sluice_journal_keys_replaced_total", "",                  \
      "Keys of log and usage in Redis that held something else and were replaced.")                \
    X(JOURNAL_BYTES, METRIC_GAUGE, "sluice_journal_bytes", "",                                     \
      "Bytes that the apps' logs and open usage counts in this process take.")                     \
    X(JOURNAL_GAVE_WAY, METRIC_COUNTER, "sluice_journal_gave_way_total", "",                       \
      "Logs of apps freed before their time, because all logs took too much memory.")              \
    X(MEMORY_COUNTERS, METRIC_GAUGE, "sluice_memory_counters", "",                                 \
      "Counters held in this process.")                                                            \
    X(MEMORY_BYTES, METRIC_GAUGE, "sluice_memory_bytes", "",                                       \
      "Bytes that the counters in this process take.")                                             \
    X(MEMORY_EVICTIONS, METRIC_COUNTER, "sluice_memory_evictions_total", "",                       \
      "Counters dropped before they had expired, because there was no room.")                      \
    X(OWN_LIMITS_BYTES, METRIC_GAUGE, "sluice_own_limits_bytes", "",                               \
      "Bytes that the service's own limits on addresses and unknown keys take.")                   \
    X(OWN_LIMITS_EVICTIONS, METRIC_COUNTER, "sluice_own_limits_evictions_total", "",               \
      "Addresses and unknown keys whose count began anew, because there were too many.")           \
    X(LOG_LINES_DEBUG, METRIC_COUNTER, "sluice_log_lines_total", "level=\"debug\"",                \
      "Lines of the process' own log, including dropped lines.")                                   \
    X(LOG_LINES_INFO, METRIC_COUNTER, "sluice_log_lines_total", "level=\"info\"", NULL)            \
    X(LOG_LINES_WARN, METRIC_COUNTER, "sluice_log_lines_total", "level=\"warn\"", NULL)            \
    X(LOG_LINES_ERROR, METRIC_COUNTER, "sluice_log_lines_total", "level=\"error\"", NULL)          \
    X(LOG_LINES_DROPPED, METRIC_COUNTER, "sluice_log_lines_dropped_total", "",                     \
      "Lines dropped because nobody read the log, or a write failed.")                             \
    X(PROCESS_CPU, METRIC_COUNTER_US, "process_cpu_seconds_total", "",                             \
      "Processor time used, by user and system, in seconds.")                                      \
    X(PROCESS_RESIDENT, METRIC_GAUGE, "process_resident_memory_bytes", "",                         \
      "Resident memory in bytes.")                                                                 \
    X(PROCESS_VIRTUAL, METRIC_GAUGE, "process_virtual_memory_bytes", "",                           \
      "Virtual memory in bytes.")                                                                  \
    X(PROCESS_FDS, METRIC_GAUGE, "process_open_fds", "", "Open file descriptors.")                 \
    X(PROCESS_FDS_MAX, METRIC_GAUGE, "process_max_fds", "",                                        \
      "File descriptors that may be open.")                                                        \
    X(PROCESS_START, METRIC_GAUGE_US, "process_start_time_seconds", "",                            \
      "When the process started, in seconds since 1970.")

/* X(identifier, name, help): how long something took, in the buckets of metrics/histogram.h. */
#define METRICS_HISTOGRAMS(X)                                                                      \
    X(DECISION_DURATION, "sluice_decision_duration_seconds",                                       \
      "From the turn of the loop that read a check to its decision.")                              \
    X(STORE_CALL_DURATION, "sluice_store_call_duration_seconds",                                   \
      "From a call to Redis to its reply or its deadline.")

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_COUNTER_US, METRIC_GAUGE_US };

#define METRICS_IDENTIFIER(identifier, ...) METRIC_##identifier,

enum metric {
    METRICS_COUNTED(METRICS_IDENTIFIER)
    METRICS_COUNTED_COUNT,
    METRICS_BEFORE_ASKED = METRICS_COUNTED_COUNT - 1, /* no gap between the parts */
    METRICS_ASKED(METRICS_IDENTIFIER)
    METRIC_COUNT
};

/* clang-format on */

enum metric_histogram { METRICS_HISTOGRAMS(METRICS_IDENTIFIER) METRIC_HISTOGRAM_COUNT };

#endif
