/*
 * headers.h - recorded headers as lines of JSON: what `disclosures --json` writes, `replay` reads.
 *
 * One object a line, no content and no personal data:
 *
 *     {"message": "0192f0c1-...", "from": "nps.cambs", "to": "csc.cambs",
 *      "type": "safeguarding.referral.child", "purpose": "safeguard_child",
 *      "gateway": "CA1989_S17_S47", "categories": ["DC_IDENTITY", "DC_CHILD"],
 *      "marking": "OFFICIAL-SENSITIVE", "capacity": "CONVICTED", "inReply": false, "retentionDays":
 * 0, "at": "2026-06-15T10:00:00Z", "outcome": "refused", "code": "CATEGORY_NOT_COVERED",
 *      "agreement": "ISA-SAFE", "agreementVersion": 4, "clause": "referral-child"}
 *
 * `from`, `to`, `type`, `categories`, `at` and `outcome` ("permitted" or "refused", the second with
 * `code`) must be there; what else is missing is not on record. An unknown key is an error.
 */
#ifndef AGENTS_CLI_HEADERS_H
#define AGENTS_CLI_HEADERS_H

#include <jansson.h>

#include "agents/cli/command.h"
#include "agents/client.h"
#include "agreements/replay.h"

#define HEADERS_MAX 1000000                  /* of one file */
#define HEADERS_FILE_MAX (256 * 1024 * 1024) /* bytes */

struct headers {
    size_t count, room;
    struct past *items; /* owned */
};
void headers_free(struct headers *headers); /* NULL is fine */
OWN(headers)

/* Lines of JSON; empty ones are passed over. `name` stands in errors ("sent.jsonl:3: `from' ...").
 *   ST_INVALID  `why` has name, line and reason
 *   ST_LIMIT    HEADERS_MAX
 *   ST_NOMEM */
enum status headers_parse(const char *name, const char *text, size_t size, struct headers **out,
                          struct reason *why);
/* A file, "-": standard input. NULL after telling the user file, line and key. */
struct headers *headers_read(const char *path);

/* A message that an agent tracks, as one object; NULL while the broker has not answered. */
json_t *header_of_item(const struct concordat_item *item);
/* All that the agent tracks, to be decided again, read page by page to the end. NULL after telling
 * the user; HEADERS_MAX holds here too. */
struct headers *headers_of_agent(const struct cli *cli, struct concordat *agent);

#endif
