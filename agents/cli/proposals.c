#include "agents/cli/proposals.h"

#include <stdlib.h>

#include "agents/cli/command.h"

enum proposal_found proposal_pick(const struct instrument *instruments, size_t count,
                                  const struct digest *text, const struct id *proposal_id,
                                  int64_t now_ms, struct instrument *out)
{
    enum proposal_found best = PROPOSAL_NONE;

    for (size_t n = 0; n < count; n++) {
        const struct instrument *i = &instruments[n];
        if (i->act != CONCORDAT__ACT__PROPOSE || !digest_equal(&i->agreement_hash, text))
            continue;
        enum proposal_found found = PROPOSAL_OPEN;
        if (proposal_id && !id_equal(&i->proposal_id, proposal_id))
            found = PROPOSAL_OTHER_ID;
        else if (i->proposal_expires_ms <= now_ms)
            found = PROPOSAL_OVER;
        if (found < best)
            continue;
        best = found;
        *out = *i;
    }
    return best;
}

/* `out` has room for INSTRUMENTS_EACH_MAX. */
static bool load(const char *path, const struct trust *trust, struct instrument *out, size_t *count)
{
    OWNED(instrument_file) file = NULL;
    struct signed_instrument parts;
    struct reason why = {"memory is out"};

    if (instrument_file_read(path, &file, &why) != ST_OK) {
        complain("%s", why.text);
        return false;
    }
    for (size_t n = 0; n < file->count; n++) {
        if (signed_instrument_read(file->items[n], &parts, &why) != ST_OK
            || instrument_verify(&parts, &trust->community, &out[n], &why) != ST_OK
            || trust_judge(trust, parts.certificate, out[n].signed_ms, &why) != ST_OK) {
            complain("%s: %s", path, why.text);
            return false;
        }
    }
    *count = file->count;
    return true;
}

static bool tell(enum proposal_found found, const char *path, const char *name)
{
    switch (found) {
    case PROPOSAL_OPEN:
        return true;
    case PROPOSAL_OVER:
        complain("%s: the proposal's time is over", path);
        return false;
    case PROPOSAL_OTHER_ID:
        complain("%s: its proposal has another id than --proposal", path);
        return false;
    case PROPOSAL_NONE:
        break;
    }
    complain("%s: it proposes another text than %s", path, name);
    return false;
}

bool proposal_find(const char *path, const struct trust *trust, const struct agreement *a,
                   const struct id *proposal_id, int64_t now_ms, struct instrument *out)
{
    struct instrument *list = calloc(INSTRUMENTS_EACH_MAX, sizeof *list);
    enum proposal_found found = PROPOSAL_NONE;
    size_t count;

    if (!list) {
        complain("memory is out");
        return false;
    }
    bool is_read = load(path, trust, list, &count);
    if (is_read)
        found = proposal_pick(list, count, &a->hash, proposal_id, now_ms, out);
    free(list);
    return is_read && tell(found, path, a->name);
}
