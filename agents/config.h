/*
 * config.h - what the agent is told at start: one struct from one file (lib/conf.h).
 *
 *     agency = nps.cambs
 *     broker = 127.0.0.1:7411
 *     folder = /var/lib/concordat/nps.cambs     relative paths start at the file's own folder
 *     chain = pki/transport.chain.pem
 *     ...
 */
#ifndef AGENTS_CONFIG_H
#define AGENTS_CONFIG_H

#include <stdint.h>

#include "lib/conf.h"
#include "lib/limits.h"
#include "lib/reason.h"
#include "lib/status.h"

struct config {
    char agency[AGENCY_MAX + 1];
    char broker[256];               /* host:port, numeric */
    char folder[CONF_PATH_MAX + 1]; /* store and sealing keys; made 0700 when missing */
    char socket[CONF_PATH_MAX + 1]; /* the local interface: at most SOCKET_PATH_MAX bytes */
    char chain[CONF_PATH_MAX + 1], key[CONF_PATH_MAX + 1]; /* transport certificate, with issuer */
    char trust[CONF_PATH_MAX + 1], crls[CONF_PATH_MAX + 1];
    char signing_certificate[CONF_PATH_MAX + 1], signing_key[CONF_PATH_MAX + 1]; /* PEM */
    char governance_certificate[CONF_PATH_MAX + 1]; /* PEM, of our governance key; empty: unknown */
    char join_pack[CONF_PATH_MAX + 1]; /* join_pack.h; empty: none, and no key but ours is known */
    char bank_holidays[CONF_PATH_MAX + 1]; /* agreements/calendar.h; empty: those built in */
    char agreements[CONF_PATH_MAX + 1];    /* always empty: no setting any more, and refused */
    uint64_t map_size;                     /* bytes the store may grow to */
    uint64_t key_epoch_hours;              /* a new sealing key this often */
};

/*   ST_IO       it cannot be read
 *   ST_INVALID  `why` has file, line and fault */
enum status config_load(const char *path, struct config *out, struct reason *why);

#endif
