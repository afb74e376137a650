/*
 * trust.h - certificates given as files, and the community that must have issued them: for
 * commands that work without an agent.
 */
#ifndef AGENTS_CLI_TRUST_H
#define AGENTS_CLI_TRUST_H

#include "agreements/instrument.h"
#include "lib/authority.h"
#include "lib/identity.h"
#include "lib/own.h"

struct trust {
    struct authorities authorities;
    X509_STORE *store;
    struct digest community;
    bool has_crls;
};

/* `crls` may be NULL. NULL after telling the user. */
struct trust *trust_open(const char *trust, const char *crls);
void trust_free(struct trust *trust); /* NULL is fine */
OWN(trust)
/* Did the community issue it? Judged now when there are CRLs, else at `at_ms`. */
enum status trust_judge(const struct trust *trust, struct bytes der, int64_t at_ms,
                        struct reason *why);

/* A PEM file's one certificate as DER: OPENSSL_free(out->data). `why` names the file. */
enum status certificate_load(const char *path, enum identity_use use, struct bytes *der,
                             struct identity *out, struct reason *why);

#endif
