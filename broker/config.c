#include "broker/config.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "broker/batch_size.h"
#include "broker/journal.h"
#include "broker/segment.h"
#include "broker/writer.h"

#define MAP_LEAST (UINT64_C(16) * 1024 * 1024) /* bytes */
#define MAP_MOST (UINT64_C(1) << 44)           /* bytes: 16 TiB */

/* Else a batch could be due that fits in no segment, and the broker would stop at every start. */
static_assert(JOURNAL_BLOCK + BATCH_HEADER_SIZE + EVENT_HEAD + EXCHANGE_BEGIN_MAX
                          + EXCHANGE_STEP_MAX
                      <= JOURNAL_SEGMENT_LEAST
                  && JOURNAL_SEGMENT_LEAST - JOURNAL_BLOCK <= JOURNAL_BATCH_MAX,
              "the smallest segment holds the largest batch that the exchange can begin");

static_assert(CASES_PER_AGENCY == 1000000, "the default that stands below");

#define TEXT(name, kind, member, fallback) CONF_ROW_TEXT(name, kind, config, member, fallback)
#define NUMBER(name, kind, member, least, most, fallback)                                          \
    CONF_ROW_NUMBER(name, kind, config, member, least, most, fallback)

static const struct conf_key keys[] = {
    TEXT("id", CONF_AGENCY, id, NULL),
    TEXT("listen", CONF_ADDRESS, listen, NULL),
    TEXT("folder", CONF_PATH, folder, NULL),
    TEXT("store", CONF_PATH, store, ""),
    TEXT("journal", CONF_PATH, journal, ""),
    TEXT("control", CONF_PATH, control, ""),
    TEXT("agreements", CONF_PATH, agreements, ""),
    TEXT("bank-holidays", CONF_PATH, bank_holidays, ""),
    TEXT("chain", CONF_PATH, chain, NULL),
    TEXT("key", CONF_PATH, key, NULL),
    TEXT("trust", CONF_PATH, trust, NULL),
    TEXT("crls", CONF_PATH, crls, NULL),
    NUMBER("links", CONF_NUMBER, links, 1, LINKS_MAX, "2"),
    NUMBER("journal-segments", CONF_NUMBER, journal_segments, 2, JOURNAL_SEGMENTS_MAX, "8"),
    NUMBER("journal-segment-size", CONF_SIZE, journal_segment_size, JOURNAL_SEGMENT_LEAST,
           JOURNAL_SEGMENT_MAX, "32 MiB"),
    NUMBER("cases-per-agency", CONF_NUMBER, cases_per_agency, 1, CASES_PER_AGENCY_MOST, "1000000"),
    NUMBER("map-size", CONF_SIZE, map_size, MAP_LEAST, MAP_MOST, "16 GiB"),
};

static enum status inside(const char *folder, const char *name, char *out, size_t room,
                          const char *key, struct reason *why)
{
    if (out[0] != '\0')
        return ST_OK;
    int size = snprintf(out, room, "%s/%s", folder, name);
    if (size > 0 && (size_t)size < room)
        return ST_OK;
    reason_set(why, "%s/%s: longer than %zu bytes; set `%s'", folder, name, room - 1, key);
    return ST_INVALID;
}

enum status config_load(const char *path, struct config *out, struct reason *why)
{
    struct config c = {.id = ""};
    enum status status = conf_load(path, keys, sizeof keys / sizeof *keys, &c, why);

    if (status == ST_OK && c.agreements[0] != '\0') {
        reason_set(why,
                   "%s: `agreements' is no setting any more: what is in force is what its parties "
                   "have signed and published; have each party sign the files of %s, and remove "
                   "the line",
                   path, c.agreements);
        status = ST_INVALID;
    }
    if (status == ST_OK)
        status = inside(c.folder, "store", c.store, sizeof c.store, "store", why);
    if (status == ST_OK)
        status = inside(c.folder, "journal", c.journal, sizeof c.journal, "journal", why);
    if (status == ST_OK)
        status = inside(c.folder, "control.sock", c.control, sizeof c.control, "control", why);
    if (status == ST_OK && c.journal_segment_size % JOURNAL_BLOCK != 0) {
        reason_set(why, "%s: `journal-segment-size' must be a multiple of %d", path, JOURNAL_BLOCK);
        status = ST_INVALID;
    }
    if (status == ST_OK)
        *out = c;
    return status;
}
