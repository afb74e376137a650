/*
 * config.h - the broker's settings, from its file of `key = value` lines (lib/conf.h).
 *
 * Keys, defaults and bounds stand in config.c and are explained in broker/README.md.
 */
#ifndef BROKER_CONFIG_H
#define BROKER_CONFIG_H

#include <stdint.h>

#include "lib/conf.h"
#include "lib/limits.h"

struct config {
    char id[AGENCY_MAX + 1];
    char listen[128];
    char folder[CONF_PATH_MAX + 1];
    char store[CONF_PATH_MAX + 1];         /* folder/store unless set */
    char journal[CONF_PATH_MAX + 1];       /* folder/journal unless set */
    char control[SOCKET_PATH_MAX + 1];     /* folder/control.sock unless set */
    char agreements[CONF_PATH_MAX + 1];    /* always empty: a setting of old, refused with advice */
    char bank_holidays[CONF_PATH_MAX + 1]; /* empty: those built in */
    char chain[CONF_PATH_MAX + 1], key[CONF_PATH_MAX + 1];
    char trust[CONF_PATH_MAX + 1], crls[CONF_PATH_MAX + 1];
    uint64_t links, journal_segments, journal_segment_size, map_size, cases_per_agency;
};

/*   ST_INVALID, ST_IO   `why` says what is wrong, with file and line */
enum status config_load(const char *path, struct config *out, struct reason *why);

#endif
