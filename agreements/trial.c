#include "agreements/trial.h"

#define OFFICERS 2 /* that a charter asks for */

enum status trial_run(const struct agreement *agreement, const struct trial *trial,
                      struct verdict *out)
{
    struct agreement taken = *agreement, *alone = &taken; /* borrows what the first owns */
    OWNED(agreement_set) set = NULL;
    struct question q = {.from = trial->from,
                         .to = trial->to,
                         .type = trial->type,
                         .purpose = trial->purpose[0] ? trial->purpose : NULL,
                         .agreement_id = agreement->id,
                         .categories = trial->categories,
                         .in_reply = trial->in_reply,
                         .capacity = trial->capacity,
                         .signer_counts = true,
                         .is_holder = true,
                         .officers = OFFICERS};
    enum status st;

    taken.standing = STANDING_ASSUMED;
    if ((st = agreement_set_borrow(&alone, 1, &set)) != ST_OK)
        return st;
    out->decision = decide_first(&q, set, trial->on_ms ? trial->on_ms : agreement->from_ms);
    decision_explain(&out->decision, &q, &out->said);
    if (out->decision.agreement) /* the copy ends with this call */
        out->decision.agreement = agreement;
    out->passed = (int)out->decision.code == trial->expected
               && out->decision.permitted == (trial->expected == 0);
    return ST_OK;
}
