/* desks_inside.h - what the desks' files share: desks.c (turns), desks_judge.c (what is known at
 * the end). Nobody else's. */
#ifndef TESTS_SYSTEM_DESKS_INSIDE_H
#define TESTS_SYSTEM_DESKS_INSIDE_H

#include <string.h>

#include "tests/system/desks.h"

#define GIVE_UP_MS 60000 /* what has not come by then does not: daemons start in between */

static inline bool same(const struct concordat_id *a, const struct concordat_id *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

/* Tells what is otherwise than it should be, and counts it. */
void desk_wrong(struct desk *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
const char *desk_name(const struct desk *d, enum desk_who who);
/* Its case's holder, and what is open in it, is known to everybody. */
bool desk_is_known(struct desk *d);
/* Social care answers an enquiry of the holder's; false: it went wrong. */
bool desk_answer(struct desk *d, struct desk_asked *asked);

#endif
