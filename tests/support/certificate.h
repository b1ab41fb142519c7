/* SPDX-License-Identifier: MIT
 *
 * Certificates for tests, made when they are needed: no key is ever kept in the repository. */
#ifndef SUPPORT_CERTIFICATE_H
#define SUPPORT_CERTIFICATE_H

struct certificate {
    char *pem;
    char *key; /* PEM too */
};

/* Zero is the default: self-signed, an elliptic curve, valid since yesterday and until tomorrow. */
struct certificate_options {
    const char *name; /* the subject's common name; of 127.0.0.1 in any case */
    bool is_rsa;
    int64_t ends_s; /* since 1970 */
    int64_t begins_s;
    const struct certificate *issuer;
};

struct certificate certificate_make(const struct certificate_options *options);
void certificate_free(struct certificate *certificate);

#endif
