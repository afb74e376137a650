/*
 * trial.h - runs the cases that an agreement states of itself.
 *
 * Each is asked as a sender would ask (decide_first), of this agreement alone, taken as signed, on
 * the case's day. What no header says is taken as given: that the signature counts, that the sender
 * holds the case, that two officers stand behind a charter's message.
 *
 * Pure. Source: docs/agreements.md, analysis.
 */
#ifndef AGREEMENTS_TRIAL_H
#define AGREEMENTS_TRIAL_H

#include "agreements/decide.h"

struct verdict {
    bool passed;
    struct decision decision; /* borrows from the agreement */
    struct reason said;       /* as the sender would read it */
};

/*   ST_NOMEM */
enum status trial_run(const struct agreement *agreement, const struct trial *trial,
                      struct verdict *out);

#endif
