/*
 * claims_shown.h - the signed claims about a case, out of a broker's store: for who has to show,
 * years later, by whose word a case was opened and closed.
 *
 *     concordatd --config FILE --claims HANDLE
 *
 * One line of JSON a claim, in the order in which they were accepted: agency, the case's version
 * after it, when it was accepted (milliseconds since 1970) and as which event, and in hexadecimal
 * the claim as it was signed, its signature, and the certificate (DER) of who signed it. The store
 * is read as its last checkpoint left it, while no broker runs on it: or on a copy.
 */
#ifndef BROKER_CLAIMS_SHOWN_H
#define BROKER_CLAIMS_SHOWN_H

#include <stdio.h>

#include "broker/config.h"
#include "lib/id.h"
#include "lib/reason.h"
#include "lib/status.h"

/* *count: how many there were.
 *   ST_INVALID  the store is another's, of another format, in use, or damaged; `why` says so
 *   ST_IO, ST_NOMEM */
enum status claims_show(const struct config *config, const struct id *handle, FILE *out,
                        size_t *count, struct reason *why);

#endif
