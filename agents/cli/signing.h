/*
 * signing.h - what `concordat agreement sign` was asked: shared by instrument.c (all acts),
 * signing_show.c (what is signed, for people) and glass.c (the acts of break-glass). Nobody else's.
 */
#ifndef AGENTS_CLI_SIGNING_H
#define AGENTS_CLI_SIGNING_H

#include <jansson.h>
#include <stdio.h>

#include "agents/client.h"
#include "agreements/instrument.h"

/* As the command line has it; strings borrowed from there, NULL when not given. */
struct signing {
    const char *agency, *key, *certificate, *trust, *out;
    const char *proposal_file, *predecessor;
    const char *signing_certificate, *other_key; /* other_key: the last of `others`, as written */
    struct digest others[PINNED_MAX];            /* signing keys that may be pinned besides */
    size_t other_count;
    struct concordat_id proposal;
    bool has_proposal, is_sure;
    uint32_t expires_days;
    struct concordat_id message; /* authorise, review; none: not given */
    const char *to, *type;       /* authorise */
    const char *of;              /* reinstate */
    bool upheld, not_upheld;     /* review: one of them */
    Concordat__Act act;
    const char *file;
};

/* Does the act bring a text into force? Is it about a key alone? */
bool signing_is_of_text(Concordat__Act act);
bool signing_is_of_key(Concordat__Act act);

/* ---- signing_show.c ---- */

/* The instrument as its signer reads it; `a` NULL for the acts about a key. */
void signing_show(FILE *stream, const struct signing *s, const struct instrument *i,
                  const struct agreement *a);
json_t *signing_json(const struct signing *s, const struct instrument *i,
                     const struct agreement *a);

/* ---- glass.c ---- */

bool glass_has_act(Concordat__Act act); /* authorise, review, reinstate */
/* Are the options those of the act? False after telling the user. */
bool glass_is_complete(const struct signing *s);
/* Fills in what such an act says, as far as the charter `a` lets it. False after telling the user.
 */
bool glass_fill(const struct signing *s, const struct agreement *a, struct instrument *i);
/* The lines that such an act adds to what is shown. */
void glass_show(FILE *stream, const struct signing *s, const struct instrument *i);
void glass_json(const struct signing *s, const struct instrument *i, json_t *object);

#endif
