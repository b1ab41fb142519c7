/* SPDX-License-Identifier: MIT
 *
 * Certificates for tests. They are made when they are needed, so no key is kept in the
 * repository. */
#ifndef SUPPORT_CERTIFICATE_H
#define SUPPORT_CERTIFICATE_H

struct certificate {
    char *pem;
    char *key; /* PEM too */
};

/* Zero is the default: self-signed, an elliptic curve, valid from yesterday until tomorrow. */
struct certificate_options {
    const char *name; /* the common name; 127.0.0.1 is always among the names */
    bool is_rsa;
    int64_t ends_s; /* since 1970 */
    int64_t begins_s;
    const struct certificate *issuer;
};

struct certificate certificate_make(const struct certificate_options *options);
void certificate_free(struct certificate *certificate);

#endif
