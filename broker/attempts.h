/*
 * attempts.h - what each agency brought to be published and was refused.
 *
 * Judging a proposal parses its text, which is the dearest thing that anybody can ask of the
 * exchange (up to 1 MiB), and what is refused is recorded nowhere. So refusals are counted within
 * an hour that begins with the first, and the last few are remembered: the very bytes again get the
 * same answer without being judged, as long as nothing was published since that could change it,
 * and for a minute, since time may change it too. Counted for who brings it, as a signed instrument
 * may be brought by anybody.
 *
 * Bounded: an agency costs about 1.3 KiB once it was refused. Not restored by a restart.
 *
 * Threads: one owner, the exchange.
 */
#ifndef BROKER_ATTEMPTS_H
#define BROKER_ATTEMPTS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/merkle.h"
#include "lib/limits.h"
#include "lib/own.h"
#include "lib/status.h"

#define ATTEMPT_WHY_MAX 255 /* bytes of the sentence before the NUL */

/* What was brought, and where things stood. */
struct attempt {
    uint32_t agency;      /* who brought it: its place in the directory */
    struct digest digest; /* of all its bytes */
    uint32_t entries;     /* of the gazette then */
    int64_t at_ms;
};

struct attempts;

struct attempts *attempts_new(void); /* NULL when memory is out */
void attempts_free(struct attempts *attempts);
OWN(attempts)

/* How often the agency has been refused in its hour. */
uint32_t attempts_count(const struct attempts *attempts, uint32_t agency, int64_t now_ms);
/* Why the same was refused just now; NULL when it is to be judged. Valid until the next call. */
const char *attempts_find(const struct attempts *attempts, const struct attempt *attempt);
/* It was judged and refused: counts and remembers it.
 *   ST_NOMEM */
enum status attempts_add(struct attempts *attempts, const struct attempt *attempt, const char *why);

#endif
