#include "broker/recovery.h"

#include <openssl/rand.h>

struct folding {
    struct state *state;
    struct recovery found;
};

/* The payload goes when this returns, so it is spilled at once. */
static enum status fold_batch(void *context, struct bytes payload, uint32_t count,
                              const struct journal_mark *after)
{
    struct folding *folding = context;
#ifdef PLANT_FORGET_TAIL /* a bug for tests/system/crash.c to catch; no other build has it */
    return folding ? ST_OK : ST_IO;
#endif
    enum status status = state_gather(folding->state, payload);

    if (status == ST_OK)
        status = state_spill(folding->state);
    folding->found.batches++;
    folding->found.events += count;
    folding->found.sequence = after->sequence;
    return status;
}

enum status recovery_run(struct state *state, const struct disk *disk,
                         const struct journal_config *config, struct journal **out,
                         struct recovery *found, struct reason *why)
{
    struct folding folding = {.state = state};
    struct journal_mark held;
    uint8_t nonce[DIGEST_SIZE];
    enum status status = state_mark(state, &held);

    reason_set(why, "%s: the store is damaged", config->folder);
    if (status != ST_OK)
        return status;
    folding.found.sequence = held.sequence;
    reason_set(why, "%s: the tail does not fit the store", config->folder);
    status = journal_replay(disk, config, &held, fold_batch, &folding, why);
    if (status != ST_OK)
        return status;

    if (RAND_bytes(nonce, sizeof nonce) != 1) {
        reason_set(why, "the system has no randomness");
        return ST_IO;
    }
    held.sequence = folding.found.sequence;
    held = journal_start(config, &held, nonce);
    status = state_commit(state, &held);
    if (status != ST_OK) {
        reason_set(why, "the first checkpoint does not commit: %s", status_name(status));
        return status;
    }
    status = journal_open(disk, config, &held, out, why);
    if (status == ST_OK)
        *found = folding.found;
    return status;
}
