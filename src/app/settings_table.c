/* SPDX-License-Identifier: MIT
 *
 * The settings. A new one is a row here, a member of struct settings, and an entry in
 * config/sluice.yaml. */
#include "settings_parts.h"

#include "base/duration.h"
#include "limit/rate_headers.h"
#include "metrics/metrics_apps.h"

#define FIELD(member)                                                                              \
    .offset = offsetof(struct settings, member), .size = sizeof(((struct settings *)NULL)->member)

/* A list of what is allowed, so that new algorithms of GnuTLS are not offered by themselves. No
 * groups of finite fields, because their key exchange costs the server many times what it costs the
 * client. */
#define TLS_PRIORITIES                                                                             \
    "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA:"               \
    "-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305:"                                    \
    "-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1"

static const char *const engine_words[] = {"memory", "redis", NULL};

const struct setting settings_table[] = {
    {
        .name = "listen",
        .kind = &setting_listen,
        FIELD(listen),
        .fallback = "127.0.0.1:8080",
        .help = "Where to serve HTTP; 0.0.0.0:8080 is every IPv4 address of the machine, and\n"
                "[::]:8080 every address.",
    },
    {
        .name = "workers",
        .kind = &setting_integer,
        FIELD(workers),
        .min = 0,
        .max = SETTINGS_WORKERS_MAX,
        .fallback = "0",
        .help = "Threads that serve; 0 is one per core.",
    },
    {
        .name = "engine",
        .kind = &setting_choice,
        FIELD(engine),
        .words = engine_words,
        .fallback = "memory",
        .help = "Where counters live: in this process, or in Redis, shared by all instances.",
    },
    {
        .name = "redis_url",
        .kind = &setting_redis_url,
        FIELD(redis),
        .help = "Where Redis is. Without it REDIS_HOST and REDIS_PORT of the environment count,\n"
                "then 127.0.0.1:6379.",
    },
    {
        .name = "redis_timeout_ms",
        .kind = &setting_integer,
        FIELD(redis_timeout_ms),
        .min = 1,
        .max = 5000,
        .fallback = "50",
        .help = "How long a check waits for Redis before the policy's on_store_error decides.",
    },
    {
        .name = "catalogue",
        .kind = &setting_catalogue,
        FIELD(catalogue),
        .help = "Where apps, keys and policies live. Without it: redis when the engine is redis,\n"
                "else sluice.db in data_dir.",
    },
    {
        .name = "restore_catalogue",
        .kind = &setting_bool,
        FIELD(restore_catalogue),
        .fallback = "true",
        .help =
            "Put apps, keys and policies back, as this instance last saw them, when the catalogue\n"
            "comes back empty while it runs.",
    },
    {
        .name = "unused_apps_kept_s",
        .kind = &setting_integer,
        FIELD(unused_apps_kept_s),
        .min = 0,
        .max = 10 * YEAR_S,
        .fallback = "2592000",
        .help =
            "Seconds after which an app that has registered, checked nothing and changed nothing\n"
            "is removed; 0 keeps all.",
    },
    {
        .name = "data_dir",
        .kind = &setting_text,
        FIELD(data_dir),
        .min = 1,
        .max = SETTINGS_PATH_BYTES_MAX,
        .fallback = "./data",
        .help = "Directory for the files that the service keeps.",
    },
    {
        .name = "registration",
        .kind = &setting_choice,
        FIELD(api.registration),
        .words = registration_words,
        .fallback = "auto",
        .reloadable = true,
        .help = "Who may register an app: everybody, who has the admin_token, or nobody. auto is\n"
                "open where only this machine reaches `listen`, else token where there is an\n"
                "admin_token, else closed.",
    },
    {
        .name = "admin_token",
        .kind = &setting_token,
        FIELD(api.admin_token),
        .min = 16,
        .reloadable = true,
        .help = "What X-Admin-Token must hold when registration is token. A secret: better in\n"
                "the environment or a file than on the command line, which others can see.",
    },
    {
        .name = "register_limit",
        .kind = &setting_rate,
        FIELD(api.register_limit),
        .fallback = "5/minute",
        .reloadable = true,
        .help =
            "Registrations that one IP address may try, or one /64 of IPv6; a /48 of IPv6 may try\n"
            "16 times as many.",
    },
    {
        .name = "manage_limit",
        .kind = &setting_rate,
        FIELD(api.manage_limit),
        .fallback = "120/minute",
        .reloadable = true,
        .help = "Requests of one app to the other management routes; of one IP address, counted in "
                "the\n"
                "same way, where the key is not known.",
    },
    {
        .name = "apps_max",
        .kind = &setting_integer,
        FIELD(api.apps_max),
        .min = 1,
        .max = 10000000,
        .fallback = "100000",
        .reloadable = true,
        .help = "Apps of the catalogue, past which nobody registers. Declared apps count, and are\n"
                "created all the same.",
    },
    {
        .name = "key_pepper",
        .kind = &setting_pepper,
        FIELD(pepper),
        .min = 16,
        .max = 1024,
        .help = "Secret under which API keys are hashed; changing it invalidates them all.\n"
                "Without it one is generated and kept in the catalogue.",
    },
    {
        .name = "log_level",
        .kind = &setting_choice,
        FIELD(log_level),
        .words = log_level_words,
        .fallback = "info",
        .reloadable = true,
        .help = "The least important log lines that are still written.",
    },
    {
        .name = "log_format",
        .kind = &setting_choice,
        FIELD(log_format),
        .words = log_format_words,
        .fallback = "auto",
        .help = "Log lines for programs or for people. auto is text where standard error is a\n"
                "terminal, JSON elsewhere.",
    },
    {
        .name = "trusted_proxies",
        .kind = &setting_networks,
        FIELD(api.trusted_proxies),
        .reloadable = true,
        .help = "Networks whose X-Forwarded-For is believed: \"10.0.0.0/8, ::1\".",
    },
    {
        .name = "browser_hosts",
        .kind = &setting_hosts,
        FIELD(api.browser_hosts),
        .reloadable = true,
        .help =
            "Hosts by which browsers reach this service, \"limits.example.org, localhost:8080\":\n"
            "only their pages may register apps. Without it, pages of the host asked may.",
    },
    {
        .name = "rate_limit_reset",
        .kind = &setting_choice,
        FIELD(api.rate_headers),
        .words = rate_headers_style_words,
        .fallback = "delta",
        .reloadable = true,
        .help = "X-RateLimit-Reset in seconds from now or as Unix time; off: no X-RateLimit-*.",
    },
    {
        .name = "memory_counters_max",
        .kind = &setting_integer,
        FIELD(memory_counters_max),
        .min = 1024,
        .max = 100000000,
        .fallback = "1000000",
        .help = "Counters held in memory, at most 96 bytes each; 2 to 4 charges in a log\n"
                "take as much as one. Past it an app with more than half gives way, or an\n"
                "app takes from its own; one with little, from the youngest with more.",
    },
    {
        .name = "counters_per_app_max",
        .kind = &setting_integer,
        FIELD(counters_per_app_max),
        .min = 1,
        .max = 1000000000,
        .fallback = "1000000",
        .reloadable = true,
        .help = "Counters that one app may have in Redis through this instance; beyond it those\n"
                "that are there decide on, and a new one is answered 429 with Retry-After.",
    },
    {
        .name = "connections_max",
        .kind = &setting_integer,
        FIELD(connections_max),
        .min = 1,
        .max = 1000000,
        .fallback = "10000",
        .help = "Open HTTP connections, of all workers together; past it one of the app that\n"
                "holds most gives way to a new one, or the one that is idle for longest.",
    },
    {
        .name = "connections_per_ip_max",
        .kind = &setting_integer,
        FIELD(connections_per_ip_max),
        .min = 0,
        .max = 1000000,
        .fallback = "1024",
        .help = "Open HTTP connections of one IP address, or of one /64 of IPv6; 0 is no limit.\n"
                "There is none for the machine itself and for trusted_proxies.",
    },
    {
        .name = "waiting_max",
        .kind = &setting_integer,
        FIELD(waiting_max),
        .min = 0,
        .max = 1000000,
        .fallback = "1000",
        .help = "Checks with \"wait\": true that are held until their turn, of all workers\n"
                "together; one app may have as many as are left free, half when it is alone.\n"
                "0 holds none and refuses them.",
    },
    {
        .name = "batch_checks_max",
        .kind = &setting_integer,
        FIELD(batch_checks_max),
        .min = 1,
        .max = 100000000,
        .fallback = "50000",
        .help = "Checks of batches that are under way at once, of all workers together; one app\n"
                "may have as many as are left free, half when it is alone. Past it a batch is\n"
                "answered 503, unless it is the only one of its worker.",
    },
    {
        .name = "metrics_listen",
        .kind = &setting_metrics_listen,
        FIELD(metrics_listen),
        .help =
            "Where to serve GET /metrics, /livez and /readyz, as plain HTTP. Without it /metrics\n"
            "is served beside everything else.",
    },
    {
        .name = "metrics_apps",
        .kind = &setting_integer,
        FIELD(metrics_apps),
        .min = 0,
        .max = METRICS_APPS_MAX,
        .fallback = "0",
        .help = "Apps with figures of their own in /metrics, as they come; the others share one.\n"
                "0: no app has any.",
    },
    {
        .name = "idle_timeout_s",
        .kind = &setting_integer,
        FIELD(idle_timeout_s),
        .min = 1,
        .max = HOUR_S,
        .fallback = "75",
        .help = "Seconds after which a silent connection is closed. Longer than a proxy in front\n"
                "keeps one that it does not use.",
    },
    {
        .name = "request_timeout_s",
        .kind = &setting_integer,
        FIELD(request_timeout_s),
        .min = 1,
        .max = HOUR_S,
        .fallback = "10",
        .help = "Seconds that a request may take to come in, from its first byte to its last.",
    },
    {
        .name = "drain_timeout_s",
        .kind = &setting_integer,
        FIELD(drain_timeout_s),
        .min = 1,
        .max = HOUR_S,
        .fallback = "10",
        .help = "Seconds that SIGTERM waits for requests under way.",
    },
    {
        .name = "sandbox",
        .kind = &setting_bool,
        FIELD(sandbox),
        .fallback = "false",
        .help = "Once it listens, give up new privileges, every system call that serving does not\n"
                "need, and all files but those beside the ones that the settings name. The lists\n"
                "were measured on Debian and Ubuntu.",
    },
    {
        .name = "core_dumps",
        .kind = &setting_bool,
        FIELD(core_dumps),
        .fallback = "false",
        .help = "Let a crash leave a core dump where the system allows it, and debuggers of the\n"
                "same user look into the process. Both see secrets.",
    },
    {
        .name = "tls_certificate",
        .kind = &setting_file,
        FIELD(tls_certificate),
        .reloadable = true,
        .help = "PEM file with the server's certificate, then those of its issuers: serves HTTPS.\n"
                "Needs tls_key. Renewed by SIGHUP; between HTTP and HTTPS only a restart changes.",
    },
    {
        .name = "tls_key",
        .kind = &setting_secret_file,
        FIELD(tls_key),
        .reloadable = true,
        .help = "PEM file with the certificate's private key.",
    },
    {
        .name = "tls_priorities",
        .kind = &setting_priorities,
        FIELD(tls_priorities),
        .min = 1,
        .max = 1000,
        .fallback = TLS_PRIORITIES,
        .reloadable = true,
        .help =
            "Versions, ciphers and groups of TLS, as GnuTLS writes them. The default is TLS 1.2\n"
            "and 1.3 with forward secrecy and authenticated encryption only.",
    },
    {
        .name = "hsts_max_age_s",
        .kind = &setting_integer,
        FIELD(hsts_max_age_s),
        .min = 0,
        .max = 2 * YEAR_S,
        .fallback = "31536000",
        .help = "With TLS: for how many seconds a browser that was shown a page goes to this host\n"
                "by HTTPS only, on every port; 0 does not say so.",
    },
};

const size_t settings_table_count = ARRAY_COUNT(settings_table);
