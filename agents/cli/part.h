/*
 * part.h - a part of a case's record, read from a file, numbered and measured.
 *
 *     FILE.json --part_read--> body of case.record.part --part_number--> as the manifest lists it
 */
#ifndef AGENTS_CLI_PART_H
#define AGENTS_CLI_PART_H

#include <jansson.h>

#include "agents/client.h"
#include "agents/manifest.h"
#include "lib/arena.h"
#include "lib/own.h"

struct part {
    const char *path; /* borrowed */
    json_t *body;     /* owned; the manifest's id and its number are put in */
    struct part_measure measure;
};
void part_fini(struct part *part);

/* Reads the file's JSON. False after telling the user file and line. */
bool part_read(const char *path, struct part *out);
/* Makes it number `number` of the manifest and measures it as it is sent. False after telling the
 * user file, field and reason. Resets `arena`. */
bool part_number(struct part *part, const struct concordat_id *manifest, uint32_t number,
                 struct arena *arena);
/* As the manifest lists it once it has a number; NULL: memory is out. */
json_t *json_of_part(const struct part *part);
const char *part_kind(const struct part *part); /* "contact log", as its content says; "" */

#endif
