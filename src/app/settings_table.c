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
        .help = "Where to serve HTTP. 0.0.0.0:8080 is every IPv4 address of the machine, and\n"
                "[::]:8080 is every address. unix:/run/sluice/sluice.sock is a socket with that\n"
                "path, for programs on the same machine.",
    },
    {
        .name = "socket_mode",
        .kind = &setting_mode,
        FIELD(socket_mode),
        .fallback = "0660",
        .help = "Who may connect to a socket with a path, as the rights of its file: 0660 lets\n"
                "its owner and its group, 0600 its owner, 0666 everybody.",
    },
    {
        .name = "share_address",
        .kind = &setting_bool,
        FIELD(share_address),
        .fallback = "false",
        .help = "Also start if another process of the same user listens at the same address.\n"
                "Each counts for itself if the engine is memory.",
    },
    {
        .name = "workers",
        .kind = &setting_integer,
        FIELD(workers),
        .min = 0,
        .max = SETTINGS_WORKERS_MAX,
        .fallback = "0",
        .help = "Threads that serve. 0: one per core.",
    },
    {
        .name = "engine",
        .kind = &setting_choice,
        FIELD(engine),
        .words = engine_words,
        .fallback = "memory",
        .help = "Where counters are: in this process, or in Redis, shared by all instances.",
    },
    {
        .name = "redis_url",
        .kind = &setting_redis_url,
        FIELD(redis),
        .use = &use_redis,
        .help = "Where Redis is: redis://[USER:PASSWORD@]HOST[:PORT][/DB], unix:///PATH,\n"
                "redis-sentinel://HOST,HOST/MASTER or redis-cluster://HOST,HOST. rediss:// and\n"
                "the like: over TLS. If it is not set, REDIS_HOST and REDIS_PORT of the\n"
                "environment are used, then 127.0.0.1:6379.",
    },
    {
        .name = "redis_tls_ca",
        .kind = &setting_authorities,
        FIELD(redis_tls_options.authorities),
        .reloadable = true,
        .use = &use_redis_tls,
        .help = "PEM file with the authorities of Redis, if they are not those of the system.",
    },
    {
        .name = "redis_tls_certificate",
        .kind = &setting_file,
        FIELD(redis_tls_options.certificate),
        .reloadable = true,
        .use = &use_redis_tls,
        .help = "PEM file with the certificate to show to Redis. Needs redis_tls_key.",
    },
    {
        .name = "redis_tls_key",
        .kind = &setting_secret_file,
        FIELD(redis_tls_options.key),
        .reloadable = true,
        .use = &use_redis_tls,
        .help = "PEM file with that certificate's private key.",
    },
    {
        .name = "redis_tls_server_name",
        .kind = &setting_host,
        FIELD(redis_tls_options.server_name),
        .min = 1,
        .max = 253,
        .reloadable = true,
        .use = &use_redis_tls,
        .help = "The name in the certificates of all servers, if it is not that of the host.",
    },
    {
        .name = "redis_sentinel_user",
        .kind = &setting_user,
        FIELD(sentinel_login.user),
        .use = &use_sentinels,
        .help = "User at the sentinels. The user and password of redis_url are for Redis.",
    },
    {
        .name = "redis_sentinel_password",
        .kind = &setting_password,
        FIELD(sentinel_login.password),
        .use = &use_sentinels,
        .help = "Password at the sentinels, if they need one.",
    },
    {
        .name = "redis_timeout_ms",
        .kind = &setting_integer,
        FIELD(redis_timeout_ms),
        .min = 1,
        .max = 5000,
        .fallback = "50",
        .use = &use_redis_engine,
        .help = "How long a check waits for Redis. After that the policy's on_store_error\n"
                "decides.",
    },
    {
        .name = "catalogue",
        .kind = &setting_catalogue,
        FIELD(catalogue),
        .help = "Where apps, keys and policies are. If it is not set: redis if the engine is\n"
                "redis, otherwise sluice.db in data_dir.",
    },
    {
        .name = "restore_catalogue",
        .kind = &setting_bool,
        FIELD(restore_catalogue),
        .fallback = "true",
        .help = "If the catalogue is suddenly empty, put apps, keys and policies back as this\n"
                "instance last saw them.",
    },
    {
        .name = "unused_apps_kept_s",
        .kind = &setting_integer,
        FIELD(unused_apps_kept_s),
        .min = 0,
        .max = 10 * YEAR_S,
        .fallback = "2592000",
        .help = "Seconds after which a registered app is removed, if it has checked nothing\n"
                "and changed nothing. 0: all apps stay.",
    },
    {
        .name = "data_dir",
        .kind = &setting_text,
        FIELD(data_dir),
        .min = 1,
        .max = SETTINGS_PATH_BYTES_MAX,
        .fallback = "./data",
        .help = "Directory for the service's own files: sluice.db, unless the catalogue is\n"
                "elsewhere; usage.db, unless the engine is redis; and in-force.yaml, which\n"
                "`sluice config` reads.",
    },
    {
        .name = "registration",
        .kind = &setting_choice,
        FIELD(api.registration),
        .words = registration_words,
        .fallback = "auto",
        .reloadable = true,
        .help = "Who may register an app: everybody, whoever has the admin_token, or nobody.\n"
                "auto: open if only this machine can reach `listen`; otherwise token if there\n"
                "is an admin_token; otherwise closed.",
    },
    {
        .name = "admin_token",
        .kind = &setting_token,
        FIELD(api.admin_token),
        .min = 16,
        .reloadable = true,
        .use = &use_admin_token,
        .help = "The value that X-Admin-Token must have if registration is token. It is a\n"
                "secret: the environment or a file is better than the command line, which\n"
                "others can see.",
    },
    {
        .name = "register_limit",
        .kind = &setting_rate,
        FIELD(api.register_limit),
        .fallback = "5/minute",
        .reloadable = true,
        .help = "Registrations from one IP address, or from one /64 of IPv6. A /48 of IPv6\n"
                "may try 16 times as many.",
    },
    {
        .name = "manage_limit",
        .kind = &setting_rate,
        FIELD(api.manage_limit),
        .fallback = "120/minute",
        .reloadable = true,
        .help = "Requests of one app to the other management routes. If the key is unknown,\n"
                "requests from one IP address, counted in the same way.",
    },
    {
        .name = "apps_max",
        .kind = &setting_integer,
        FIELD(api.apps_max),
        .min = 1,
        .max = 10000000,
        .fallback = "100000",
        .reloadable = true,
        .use = &use_registration,
        .help = "When the catalogue has so many apps, no other can register. Declared apps\n"
                "count too, but are always created.",
    },
    {
        .name = "key_pepper",
        .kind = &setting_pepper,
        FIELD(pepper),
        .min = 16,
        .max = 1024,
        .help = "Secret with which API keys are hashed. If it changes, all keys become\n"
                "invalid. If it is not set, one is generated and kept in the catalogue.",
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
        .help = "Log lines for programs or for people. auto: text if standard error is a\n"
                "terminal, otherwise JSON.",
    },
    {
        .name = "trusted_proxies",
        .kind = &setting_networks,
        FIELD(api.trusted_proxies),
        .reloadable = true,
        .help = "Networks whose X-Forwarded-For is trusted: \"10.0.0.0/8, ::1\". unix: is every\n"
                "caller that comes by a socket with a path.",
    },
    {
        .name = "browser_hosts",
        .kind = &setting_hosts,
        FIELD(api.browser_hosts),
        .reloadable = true,
        .help = "Hosts at which browsers reach this service: \"limits.example.org,\n"
                "localhost:8080\". Only pages from these hosts may register apps. If it is not\n"
                "set, a page may register an app at the host from which it comes.",
    },
    {
        .name = "rate_limit_reset",
        .kind = &setting_choice,
        FIELD(api.rate_headers),
        .words = rate_headers_style_words,
        .fallback = "delta",
        .reloadable = true,
        .help = "X-RateLimit-Reset in seconds from now, or as Unix time. off: no\n"
                "X-RateLimit-*.",
    },
    {
        .name = "memory_counters_max",
        .kind = &setting_integer,
        FIELD(memory_counters_max),
        .min = 1024,
        .max = 100000000,
        .fallback = "1000000",
        .help = "Counters in memory. Each takes at most 96 bytes; 2 to 4 charges in a log\n"
                "take as much as one. When there are so many, a new counter replaces one of\n"
                "an app that has more than half. If there is none, it replaces one of its own\n"
                "app, or, if that has few, one of the youngest app that has more.",
    },
    {
        .name = "counters_per_app_max",
        .kind = &setting_integer,
        FIELD(counters_per_app_max),
        .min = 1,
        .max = 1000000000,
        .fallback = "1000000",
        .reloadable = true,
        .use = &use_redis_engine,
        .help = "Counters that one app may have in Redis through this instance. When there\n"
                "are so many, existing ones go on, and a new one is answered 429 with\n"
                "Retry-After.",
    },
    {
        .name = "connections_max",
        .kind = &setting_integer,
        FIELD(connections_max),
        .min = 1,
        .max = 1000000,
        .fallback = "10000",
        .help = "Open HTTP connections, for all workers together. When there are so many, a\n"
                "new one closes one of the app that has most, or the one that has been idle\n"
                "for longest.",
    },
    {
        .name = "connections_per_ip_max",
        .kind = &setting_integer,
        FIELD(connections_per_ip_max),
        .min = 0,
        .max = 1000000,
        .fallback = "1024",
        .help = "Open HTTP connections of one IP address, or of one /64 of IPv6. 0: no limit.\n"
                "The machine itself, which includes sockets with a path, and trusted_proxies\n"
                "have no limit.",
    },
    {
        .name = "waiting_max",
        .kind = &setting_integer,
        FIELD(waiting_max),
        .min = 0,
        .max = 1000000,
        .fallback = "1000",
        .help = "Checks with \"wait\": true that are held until their turn, for all workers\n"
                "together. One app may have as many as it leaves free: half of them if it is\n"
                "alone. 0: such checks are refused.",
    },
    {
        .name = "batch_checks_max",
        .kind = &setting_integer,
        FIELD(batch_checks_max),
        .min = 1,
        .max = 100000000,
        .fallback = "50000",
        .help = "Checks of batches, policies of GET /subjects/state, and entries of POST\n"
                "/policy/simulate (1,000 each time, or a quarter of all), that are under way at\n"
                "once, for all workers together. One app may have as many as it leaves free: half\n"
                "of them if it is alone. A request beyond that is answered 503, unless it is the\n"
                "only one of its worker.",
    },
    {
        .name = "metrics_listen",
        .kind = &setting_metrics_listen,
        FIELD(metrics_listen),
        .help = "Where to serve GET /metrics, /livez and /readyz, as plain HTTP: an address as\n"
                "for `listen`. If it is not set, `listen` also serves /metrics.",
    },
    {
        .name = "metrics_apps",
        .kind = &setting_integer,
        FIELD(metrics_apps),
        .min = 0,
        .max = METRICS_APPS_MAX,
        .fallback = "0",
        .help = "How many apps have their own figures in /metrics: the first that come. The\n"
                "others share one. 0: no app has any.",
    },
    {
        .name = "idle_timeout_s",
        .kind = &setting_integer,
        FIELD(idle_timeout_s),
        .min = 1,
        .max = HOUR_S,
        .fallback = "75",
        .help = "Seconds after which a silent connection is closed. It must be longer than a\n"
                "proxy in front keeps an unused connection.",
    },
    {
        .name = "request_timeout_s",
        .kind = &setting_integer,
        FIELD(request_timeout_s),
        .min = 1,
        .max = HOUR_S,
        .fallback = "10",
        .help = "Seconds in which a request must arrive, from its first byte to its last.",
    },
    {
        .name = "drain_timeout_s",
        .kind = &setting_integer,
        FIELD(drain_timeout_s),
        .min = 1,
        .max = HOUR_S,
        .fallback = "10",
        .help = "Seconds for which SIGTERM waits for requests under way.",
    },
    {
        .name = "sandbox",
        .kind = &setting_bool,
        FIELD(sandbox),
        .fallback = "false",
        .help = "Once it listens, give up new privileges, every system call that serving does\n"
                "not need, and all files except those beside the files that the settings\n"
                "name. The lists were measured on Debian and Ubuntu.",
    },
    {
        .name = "core_dumps",
        .kind = &setting_bool,
        FIELD(core_dumps),
        .fallback = "false",
        .help = "Let a crash leave a core dump, if the system allows it, and let debuggers of\n"
                "the same user look into the process. Both see secrets.",
    },
    {
        .name = "tls_certificate",
        .kind = &setting_file,
        FIELD(tls_certificate),
        .reloadable = true,
        .help = "PEM file with the server's certificate, then those of its issuers: serves\n"
                "HTTPS. Needs tls_key. SIGHUP renews it, but changing between HTTP and HTTPS\n"
                "needs a restart.",
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
        .use = &use_tls,
        .help = "Versions, ciphers and groups of TLS, in the form of GnuTLS. By default TLS\n"
                "1.2 and 1.3, only with forward secrecy and authenticated encryption.",
    },
    {
        .name = "hsts_max_age_s",
        .kind = &setting_integer,
        FIELD(hsts_max_age_s),
        .min = 0,
        .max = 2 * YEAR_S,
        .fallback = "31536000",
        .use = &use_tls,
        .help = "With TLS: for so many seconds after a page, a browser uses only HTTPS for\n"
                "this host, on every port. 0: the header is not sent.",
    },
};

const size_t settings_table_count = ARRAY_COUNT(settings_table);
