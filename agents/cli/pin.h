/* pin.h - the parties' keys, written into a draft: for commands that pin and enact. */
#ifndef AGENTS_CLI_PIN_H
#define AGENTS_CLI_PIN_H

#include "agents/cli/trust.h"
#include "agreements/agreement.h"

/* Pins for every party the keys of PKI/agencies/ID/{signing,governance}.pem, in place of what the
 * text pinned; `trust`, unless NULL, says which certificates count. ST_INVALID, ST_FORGED, ST_IO,
 * ST_NOMEM   `why` names the file */
enum status pin_parties(const struct trust *trust, struct agreement *agreement, const char *pki,
                        struct reason *why);

/* The agreement read again from its text in one spelling: `text` and `hash` of `out` are what is
 * signed.
 *   ST_LIMIT    the text would be over AGREEMENT_FILE_MAX; `why` says so
 *   ST_INVALID, ST_NOMEM */
enum status pin_reprint(const struct agreement *agreement, struct agreement **out,
                        struct reason *why);

#endif
