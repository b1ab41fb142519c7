/* SPDX-License-Identifier: MIT */
#include "raw_rows.h"

#include "base/buffer.h"

#include <ctype.h>

/* "@300" stands for 300 of these. */
struct repeated {
    char mark;
    const char *what;
};

static const struct repeated repeated[] = {
    {'@', "a"}, {'~', "0"}, {'^', "a&"}, {'|', "A: b\r\n"}, {'`', "a=b; "}};

static const struct repeated *find_repeated(const char *at);

/* clang-format off */
const struct raw_row raw_rows[] = {
    /* Valid requests. */
    {LIVEZ END, 200, NONE, true},
    {CHECK COUNTED END BODY, 200, NONE, true},
    {CHECK CHUNKED END CHUNKS, 200, NONE, true},
    {CHECK "transfer-encoding: CHUNKED\r\n" END CHUNKS, 200, NONE, true},
    {CHECK CHUNKED END "00024;x=y\r\n" BODY "\r\n0\r\nTrailer: a\r\n\r\n", 200, NONE, true},
    {CHECK COUNTED "Expect: 100-continue\r\n" END BODY, 200, NONE, true},
    {CHECK COUNTED "Connection: close\r\n" END BODY, 200, NONE, false},
    {"GET /livez HTTP/1.0\r\n\r\n", 200, NONE, false},
    {"GET /livez HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 200, NONE, true},
    {CHECK_LINE KEY HOST "Content-Length: 0036\t \r\n" END BODY, 200, NONE, true},
    {CHECK_LINE "X-API-Key:$KEY \t\r\n" HOST COUNTED END BODY, 200, NONE, true},
    {"\r\n" LIVEZ END, 200, NONE, true},
    {LIVEZ "X: \x80\xff\r\n" END, 200, NONE, true},
    {"HEAD /livez HTTP/1.1\r\n" HOST END, 200, NONE, true},
    /* The target: RFC 9112 §3.2. */
    {"GET http://localhost/livez HTTP/1.1\r\n" HOST END, 200, NONE, true},
    {"GET HTTPS://[::1]:443/livez HTTP/1.1\r\n" HOST END, 200, NONE, true},
    {"GET http://localhost HTTP/1.1\r\n" HOST END, 303, NONE, true},
    {"GET http://u@localhost/livez HTTP/1.1\r\n" HOST END, 400, OURS, false},
    {"GET http:///livez HTTP/1.1\r\n" HOST END, 400, OURS, false},
    {"GET http://localhost/livez HTTP/1.1\r\n" END, 400, THEIRS, false},
    {"GET livez HTTP/1.1\r\n" HOST END, 400, OURS, false},
    {"GET  HTTP/1.1\r\n" HOST END, 400, OURS, false},
    {"CONNECT localhost:80 HTTP/1.1\r\n" HOST END, 400, OURS, false},
    {"GET /livez%00 HTTP/1.1\r\n" HOST END, 400, THEIRS, false},
    {"GET /livez%00/x HTTP/1.1\r\n" HOST END, 400, THEIRS, false},
    {"GET /livez%zz HTTP/1.1\r\n" HOST END, 400, THEIRS, false},
    {"GET /%6civez HTTP/1.1\r\n" HOST END, 404, OURS, true},
    {"GET /li\x01vez HTTP/1.1\r\n" HOST END, 400, OURS, false},
    {"GET /li\tvez HTTP/1.1\r\n" HOST END, 400, OURS, false},
    {"GET /li\x7fvez HTTP/1.1\r\n" HOST END, 400, OURS, false},
    {"GET /li vez HTTP/1.1\r\n" HOST END, 400, THEIRS, false},
    {"GET /livez\r HTTP/1.1\r\n" HOST END, 400, THEIRS, false},
    {"GET /livez$NUL HTTP/1.1\r\n" HOST END, 0, THEIRS, false},
    /* The rest of the request line. */
    {"GE(T /livez HTTP/1.1\r\n" HOST END, 400, OURS, false},
    {"get /livez HTTP/1.1\r\n" HOST END, 405, OURS, true},
    {"GET /livez HTTP/2.0\r\n" HOST END, 505, THEIRS, false},
    {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, THEIRS, false},
    {"GET /livez HTTP/11\r\n" HOST END, 400, THEIRS, false},
    {"GET /livez\r\n\r\n", 400, THEIRS, false},
    {"GET\t/livez\tHTTP/1.1\r\n" HOST END, 0, THEIRS, false},
    {"\x16\x03\x01\x02\r\n\r\n", 0, THEIRS, false},
    {"\r\n\r\n" LIVEZ END, 0, THEIRS, false},
    {"GET /livez HTTP/1.1\nHost: localhost\n\n", 400, THEIRS, false},
    /* Host. */
    {CHECK_LINE KEY COUNTED END BODY, 400, THEIRS, false},
    {CHECK HOST COUNTED END BODY, 400, THEIRS, false},
    {CHECK "Host: elsewhere\r\n" COUNTED END BODY, 400, THEIRS, false},
    {CHECK_LINE KEY "Host:\r\n" COUNTED END BODY, 400, OURS, false},
    {CHECK_LINE KEY "Host: a b\r\n" COUNTED END BODY, 400, OURS, false},
    {CHECK_LINE KEY "Host: u@localhost\r\n" COUNTED END BODY, 400, OURS, false},
    {CHECK_LINE KEY "Host: localhost/x\r\n" COUNTED END BODY, 400, OURS, false},
    {CHECK_LINE KEY "Host: a$NULb\r\n" COUNTED END BODY, 400, THEIRS, false},
    /* Fields. */
    {CHECK ": x\r\n" COUNTED END BODY, 400, THEIRS, false},
    {CHECK "$NULx: y\r\n" COUNTED END BODY, 400, THEIRS, false},
    {CHECK COUNTED "X: a\rb\r\n" END BODY, 400, THEIRS, false},
    {CHECK COUNTED "X: a\nY: b\r\n" END BODY, 400, THEIRS, false},
    {CHECK COUNTED "X: a\r\n b\r\n" END BODY, 400, THEIRS, false},
    {CHECK_LINE " folded\r\n" HOST KEY COUNTED END BODY, 400, THEIRS, false},
    {CHECK COUNTED "no colon\r\n" END BODY, 400, THEIRS, false},
    {CHECK COUNTED "X Y: z\r\n" END BODY, 400, THEIRS, false},
    {CHECK_LINE "X-API-Key: $KEY$NULx\r\n" HOST COUNTED END BODY, 400, THEIRS, false},
    {CHECK KEY COUNTED END BODY, 401, OURS, true},
    {CHECK "X-API-Key: x\r\n" COUNTED END BODY, 401, OURS, true},
    {CHECK COUNTED "Expect: pizza\r\n" END BODY, 417, OURS, false},
    {CHECK COUNTED "Content-Type: text/plain\r\nContent-Type: application/json\r\n" END BODY,
     415, OURS, true},
    /* Framing. */
    {CHECK COUNTED CHUNKED END CHUNKS, 400, THEIRS, false},
    {CHECK CHUNKED COUNTED END CHUNKS, 400, THEIRS, false},
    {CHECK COUNTED COUNTED END BODY, 400, THEIRS, false},
    {CHECK COUNTED "Content-Length: 0\r\n" END BODY, 400, THEIRS, false},
    {CHECK "Content-Length: 36, 36\r\n" END BODY, 400, THEIRS, false},
    {CHECK "Content-Length : 36\r\n" END BODY, 400, THEIRS, false},
    {CHECK "Content-Length\r\n 36: 0\r\n" END BODY, 400, THEIRS, false},
    {CHECK "Content-Length: +36\r\n" END BODY, 400, THEIRS, false},
    {CHECK "Content-Length: -36\r\n" END BODY, 400, THEIRS, false},
    {CHECK "Content-Length: 36x\r\n" END BODY, 400, THEIRS, false},
    {CHECK "Content-Length: 0x24\r\n" END BODY, 400, THEIRS, false},
    {CHECK "Content-Length: 3 6\r\n" END BODY, 400, THEIRS, false},
    {CHECK "Content-Length:\r\n" END BODY, 400, THEIRS, false},
    {CHECK "Content-Length: 36$NUL\r\n" END BODY, 400, THEIRS, false},
    {CHECK "Content-Length: 18446744073709551652\r\n" END BODY, 400, THEIRS, false},
    {CHECK "Transfer-Encoding: gzip\r\n" END CHUNKS, 501, THEIRS, false},
    {CHECK "Transfer-Encoding: gzip, chunked\r\n" END CHUNKS, 501, THEIRS, false},
    {CHECK "Transfer-Encoding: chunked, chunked\r\n" END CHUNKS, 501, THEIRS, false},
    {CHECK "Transfer-Encoding: identity\r\n" END BODY, 501, THEIRS, false},
    {CHECK "Transfer-Encoding: xchunked\r\n" END CHUNKS, 501, THEIRS, false},
    {CHECK "Transfer-Encoding: \x0b" "chunked\r\n" END CHUNKS, 501, THEIRS, false},
    {CHECK "Transfer-Encoding: chunked$NUL\r\n" END CHUNKS, 400, THEIRS, false},
    {CHECK CHUNKED "Transfer-Encoding: gzip\r\n" END CHUNKS, 400, THEIRS, false},
    {"POST /check HTTP/1.0\r\n" KEY HOST CHUNKED "Connection: keep-alive\r\n" END CHUNKS,
     400, THEIRS, false},
    /* Chunks. */
    {CHECK CHUNKED END "zz\r\n" BODY "\r\n0\r\n\r\n", 400, THEIRS, false},
    {CHECK CHUNKED END "-24\r\n" BODY "\r\n0\r\n\r\n", 400, THEIRS, false},
    {CHECK CHUNKED END "0x24\r\n" BODY "\r\n0\r\n\r\n", 400, THEIRS, false},
    {CHECK CHUNKED END "24\n" BODY "\n0\n\n", 400, THEIRS, false},
    {CHECK CHUNKED END "24\r\n" BODY "0\r\n\r\n", 400, THEIRS, false},
    {CHECK CHUNKED END "24;\rx\r\n" BODY "\r\n0\r\n\r\n", 400, THEIRS, false},
    {CHECK CHUNKED END "FFFFFFFFFFFFFFFFF\r\n" BODY "\r\n0\r\n\r\n", 413, THEIRS, false},
    {CHECK CHUNKED END "24;@20000\r\n" BODY "\r\n0\r\n\r\n", 413, THEIRS, false},
    {CHECK CHUNKED END "24\r\n" BODY "\r\n0\r\nX: @20000\r\n\r\n", 431, THEIRS, false},
    {CHECK CHUNKED END "24;\nx\r\n" BODY "\r\n0\r\n\r\n", 400, THEIRS, false},
    {CHECK CHUNKED END "24 \r\n" BODY "\r\n0\r\n\r\n", 400, THEIRS, false},
    {CHECK CHUNKED END "24\r" BODY "\r\n0\r\n\r\n", 400, THEIRS, false},
    {CHECK CHUNKED END "24\r\n" BODY "xx0\r\n\r\n", 400, THEIRS, false},
    {CHECK CHUNKED END "10000000000000024\r\n" BODY "\r\n0\r\n\r\n", 413, THEIRS, false},
    {CHECK CHUNKED END "24\r\n" BODY "\r\n0\r\n\n", 400, THEIRS, false},
    {CHECK CHUNKED END "24\r\n" BODY "\r\n0\r\nContent-Length: 40\r\n\r\n", 200, NONE, true},
    {CHECK_LINE HOST CHUNKED END "24\r\n" BODY "\r\n0\r\n" KEY "\r\n", 401, OURS, true},
    /* Bodies that look like requests. */
    {LIVEZ "Content-Length: 40\r\n" END LIVEZ END, 200, NONE, true},
    {LIVEZ CHUNKED END "28\r\n" LIVEZ END "\r\n0\r\n\r\n", 200, NONE, true},
    {LIVEZ "Expect: 100-continue\r\nContent-Length: 40\r\n" END LIVEZ END, 200, NONE, true},
    {"HEAD /livez HTTP/1.1\r\n" HOST "Content-Length: 40\r\n" END LIVEZ END, 200, NONE, true},
    {"POST /a HTTP/1.1\r\n" HOST "Content-Length: 40\r\n" END LIVEZ END, 404, OURS, true},
    {"PUT /check HTTP/1.1\r\n" HOST "Content-Length: 40\r\n" END LIVEZ END, 405, OURS, true},
    {CHECK_LINE HOST "Content-Length: 40\r\n" END LIVEZ END, 401, OURS, true},
    {CHECK_LINE HOST "Expect: 100-continue\r\n" CHUNKED END "28\r\n" LIVEZ END "\r\n0\r\n\r\n",
     401, OURS, true},
    {CHECK "Content-Length: 45\r\n" CHUNKED END "0\r\n\r\n" LIVEZ END, 400, THEIRS, false},
    {CHECK ": x\r\nContent-Length: 40\r\n" END LIVEZ END, 400, THEIRS, false},
    {CHECK "$NULx: y\r\nContent-Length: 40\r\n" END LIVEZ END, 400, THEIRS, false},
    {CHECK "Transfer_Encoding: chunked\r\nContent-Length: 40\r\n" END LIVEZ END,
     400, OURS, true},
    {CHECK "Transfer-Encoding : chunked\r\nContent-Length: 45\r\n" END "0\r\n\r\n" LIVEZ END,
     400, THEIRS, false},
    {CHECK "Transfer-Encoding: , chunked\r\n" END "0\r\n\r\n" LIVEZ END, 501, THEIRS, false},
    {CHECK "Transfer-Encoding: cow\r\nContent-Length: 40\r\n" END LIVEZ END, 501, THEIRS, false},
    {"POST /check HTTP/1.0\r\n" KEY HOST "Connection: keep-alive\r\nContent-Length: 40\r\n" END
     LIVEZ END, 400, OURS, true},
    /* Fields that concern two neighbours only. */
    {CHECK COUNTED "Connection: X-API-Key\r\n" END BODY, 200, NONE, true},
    {CHECK COUNTED "Connection: Content-Length\r\n" END BODY, 200, NONE, true},
    {CHECK COUNTED "Connection: Upgrade\r\nUpgrade: h2c\r\n" END BODY, 200, NONE, true},
    {CHECK COUNTED "TE: trailers\r\nConnection: TE\r\n" END BODY, 200, NONE, true},
    {LIVEZ "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
     "HTTP2-Settings: AAMAAABkAAQAAP__\r\n" END, 200, NONE, true},
    {LIVEZ "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
     "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n" END, 200, NONE, true},
    /* Sizes. */
    {CHECK "Content-Length: 16385\r\n" END, 413, OURS, false},
    {CHECK "Content-Length: 9223372036854775807\r\n" END, 413, OURS, false},
    {CHECK "Expect: 100-continue\r\nContent-Length: 16385\r\n" END, 413, OURS, false},
    {CHECK "Content-Length: 1000000\r\n" END "@1000000", 413, OURS, false},
    {CHECK CHUNKED END "200000\r\n@2097152\r\n0\r\n\r\n", 413, OURS, false},
    {CHECK CHUNKED END "4001\r\n@16385\r\n0\r\n\r\n", 413, OURS, false},
    {"POST /check/batch HTTP/1.1\r\n" KEY HOST "Content-Length: 1048577\r\n" END,
     413, OURS, false},
    {"GET /@8000 HTTP/1.1\r\n" HOST END, 404, OURS, true},
    {"GET /@70000 HTTP/1.1\r\n" HOST END, 414, THEIRS, false},
    {"GET /livez?^256 HTTP/1.1\r\n" HOST END, 431, THEIRS, false},
    {LIVEZ "X: @13000\r\n" END, 431, OURS, false},
    {LIVEZ "X: @70000\r\n" END, 431, THEIRS, false},
    {LIVEZ "|120" END, 200, NONE, true},
    {LIVEZ "|500" END, 431, THEIRS, false},
    {LIVEZ "Cookie: `100\r\n" END, 200, NONE, true},
};
/* clang-format on */

const size_t raw_rows_count = ARRAY_COUNT(raw_rows);

struct text raw_rows_expand(struct arena *arena, const char *request, const char *key)
{
    struct buffer out;

    buffer_init(&out, arena, 1024);
    while (*request != '\0') {
        const struct repeated *run = find_repeated(request);

        if (strncmp(request, "$KEY", 4) == 0) {
            buffer_add(&out, text_of(key));
            request += 4;
        } else if (strncmp(request, "$NUL", 4) == 0) {
            buffer_add_char(&out, '\0');
            request += 4;
        } else if (run) {
            char *end = NULL;
            for (long left = strtol(request + 1, &end, 10); left > 0; left--)
                buffer_add(&out, text_of(run->what));
            request = end;
        } else {
            buffer_add_char(&out, *request++);
        }
    }
    return buffer_text(&out);
}

static const struct repeated *find_repeated(const char *at)
{
    for (size_t i = 0; i < ARRAY_COUNT(repeated); i++)
        if (repeated[i].mark == at[0] && isdigit((unsigned char)at[1]))
            return &repeated[i];
    return NULL;
}
