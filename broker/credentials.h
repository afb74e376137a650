/*
 * credentials.h - what the broker shows and whom it trusts: its certificate and key, root and
 * issuer, and their CRLs; read at the start and again on SIGHUP, whole or not at all; and watched,
 * since a CRL holds for days.
 *
 * Each link owns a context of its own, made from the same files.
 *
 * Threads: main; `crl_until_ms` is read by any.
 */
#ifndef BROKER_CREDENTIALS_H
#define BROKER_CREDENTIALS_H

#include <stdatomic.h>

#include "broker/config.h"
#include "lib/pipe.h"
#include "lib/tls.h"

#define CRL_WARN_DAYS 7 /* before the first CRL ends: time to fetch others */

struct credentials {
    const struct config *config;  /* borrowed: files, and whose the certificate must be */
    struct pipe *const *links;    /* borrowed: config->links of them, once these run */
    _Atomic int64_t crl_until_ms; /* when the first of the CRLs in use ends */
};

/* One context, for the caller to own.
 *   ST_INVALID, ST_IO   `why` says what: a file, or the certificate is another's */
enum status credentials_load(const struct credentials *credentials, struct tls_context **out,
                             struct reason *why);
/* These are in use from now on. */
void credentials_note(struct credentials *credentials, const struct tls_context *tls);
/* Reads them again and gives each link its own, or keeps the old ones; logs which. */
void credentials_reload(struct credentials *credentials);
/* Logs from CRL_WARN_DAYS before they end. */
void credentials_watch(const struct credentials *credentials, int64_t wall_ms);

#endif
