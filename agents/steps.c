#include "agents/steps.h"

#include <stdlib.h>
#include <string.h>

#include "agents/trees.h"

#define EVIDENCE_KEY_SIZE (1 + ID_SIZE + 1)

struct pending {
    char way;
    struct id key;
    uint8_t place; /* in the ladder */
    size_t size;
    uint8_t step[STEP_MAX];
};

struct steps {
    const char *agency;
    EVP_PKEY *key;
    struct digest signer;
    uint8_t community[DIGEST_SIZE];
    struct pending *pending; /* owned */
    size_t count, room;
};

struct steps *steps_new(const char *agency, EVP_PKEY *key, const struct digest *signer,
                        const uint8_t community[static DIGEST_SIZE])
{
    struct steps *steps = calloc(1, sizeof *steps);

    if (!steps)
        return NULL;
    steps->agency = agency;
    steps->key = key;
    steps->signer = *signer;
    memcpy(steps->community, community, DIGEST_SIZE);
    return steps;
}

void steps_free(struct steps *steps)
{
    if (!steps)
        return;
    free(steps->pending);
    free(steps);
}

static enum rung_kind rung_of_step(Concordat__StepKind kind)
{
    return rung_parse(step_name(kind));
}

static uint32_t detail_of(const struct step *step)
{
    return step->rejected ? (uint32_t)step->rejected : (uint32_t)step->declined;
}

enum status steps_add(struct steps *steps, struct track *track, const struct step *what)
{
    struct step step = *what;
    struct rung rung = {.kind = rung_of_step(what->kind),
                        .verified = true,
                        .code = detail_of(what),
                        .at_ms = what->at_ms,
                        .reply = what->reply_id};
    struct pending *pending;
    enum status status;

    if (track->rung_count == RUNGS_MAX || track->step_count == RUNGS_MAX)
        return ST_LIMIT;
    if (steps->count == steps->room) {
        size_t room = steps->room ? 2 * steps->room : BATCH_LEAVES_MAX;
        struct pending *grown = reallocarray(steps->pending, room, sizeof *grown);
        if (!grown)
            return ST_NOMEM;
        steps->pending = grown;
        steps->room = room;
    }
    pending = &steps->pending[steps->count];
    step.message_id = track->message_id;
    step.header_digest = track->header_digest;
    step.previous = track->last_step;
    memcpy(step.agency, steps->agency, strlen(steps->agency) + 1);
    status = step_write(&step, pending->step, sizeof pending->step, &pending->size);
    if (status != ST_OK)
        return status;
    memcpy(rung.by, step.agency, sizeof rung.by);
    pending->way = track->way;
    pending->key = track->key;
    pending->place = (uint8_t)track->step_count++;
    track->last_step = sha256(pending->step, pending->size);
    (void)track_add(track, &rung);
    steps->count++;
    return ST_OK;
}

static struct bytes evidence_key(uint8_t out[static EVIDENCE_KEY_SIZE], char way,
                                 const struct id *key, uint8_t place)
{
    out[0] = (uint8_t)way;
    memcpy(out + 1, key->bytes, ID_SIZE);
    out[1 + ID_SIZE] = place;
    return (struct bytes){out, EVIDENCE_KEY_SIZE};
}

static enum status store_step(struct txn *txn, const struct pending *pending,
                              const struct proof *proof, uint64_t *next)
{
    struct signed_step s = {{pending->step, pending->size}, *proof};
    uint8_t record[SIGNED_STEP_MAX], name[EVIDENCE_KEY_SIZE], place[8];
    struct bytes value = write_signed_step(record, &s);
    enum status status = store_put(
        txn, TREE_EVIDENCE, evidence_key(name, pending->way, &pending->key, pending->place), value);

    if (status != ST_OK)
        return status;
    return store_put(txn, TREE_STEPS, number_key(place, (*next)++), value);
}

enum status steps_sign(struct steps *steps, struct txn *txn, uint64_t *next)
{
    struct bytes contents[BATCH_LEAVES_MAX];
    struct proof proofs[BATCH_LEAVES_MAX];

    for (size_t done = 0; done < steps->count;) {
        size_t left = steps->count - done;
        size_t count = left < BATCH_LEAVES_MAX ? left : BATCH_LEAVES_MAX;
        const struct pending *batch = &steps->pending[done];
        enum status status;

        for (size_t i = 0; i < count; i++)
            contents[i] = (struct bytes){batch[i].step, batch[i].size};
        status = batch_sign(BATCH_STEPS, steps->key, &steps->signer, steps->community, contents,
                            count, proofs);
        for (size_t i = 0; status == ST_OK && i < count; i++)
            status = store_step(txn, &batch[i], &proofs[i], next);
        if (status != ST_OK)
            return status;
        done += count;
    }
    steps->count = 0;
    return ST_OK;
}

enum status steps_repeat(struct txn *txn, const struct track *track, uint64_t *next)
{
    for (uint32_t i = 0; i < track->step_count; i++) {
        uint8_t name[EVIDENCE_KEY_SIZE], place[8], copy[SIGNED_STEP_MAX];
        struct bytes value;
        enum status status = store_get(
            txn, TREE_EVIDENCE, evidence_key(name, track->way, &track->key, (uint8_t)i), &value);

        if (status == ST_MORE)
            continue; /* added in this turn: it goes out with it */
        if (status != ST_OK)
            return status;
        if (value.size > sizeof copy)
            return ST_INVALID;
        memcpy(copy, value.data, value.size); /* a value may move when its store is written */
        status = store_put(txn, TREE_STEPS, number_key(place, (*next)++),
                           (struct bytes){copy, value.size});
        if (status != ST_OK)
            return status;
    }
    return ST_OK;
}

enum status steps_settled(struct txn *txn, uint64_t number)
{
    uint8_t place[8];

    return store_delete(txn, TREE_STEPS, number_key(place, number));
}

enum status steps_next(struct txn *txn, uint64_t number, uint64_t *found, struct signed_step *out)
{
    uint8_t place[8];
    struct walk *walk;
    struct bytes key, value;
    enum status status = walk_open(txn, TREE_STEPS, number_key(place, number), &walk);

    if (status != ST_OK)
        return status;
    while ((status = walk_next(walk, &key, &value)) == ST_OK) {
        struct reader r = reader_of(key.data, key.size);

        *found = read_u64(&r);
        if (reader_done(&r) && read_signed_step(value, out))
            break;
    }
    walk_close(walk);
    return status;
}

enum status steps_keep(struct txn *txn, struct track *track, const struct signed_step *step)
{
    uint8_t record[SIGNED_STEP_MAX], name[EVIDENCE_KEY_SIZE];
    struct bytes value = write_signed_step(record, step);
    enum status status;

    if (value.size == 0 || track->step_count == RUNGS_MAX)
        return ST_LIMIT;
    status =
        store_put(txn, TREE_EVIDENCE,
                  evidence_key(name, track->way, &track->key, (uint8_t)track->step_count), value);
    if (status == ST_OK)
        track->step_count++;
    return status;
}

enum status steps_find(struct txn *txn, const struct track *track, struct bytes step)
{
    for (uint32_t i = 0; i < track->step_count; i++) {
        uint8_t name[EVIDENCE_KEY_SIZE];
        struct signed_step kept;
        struct bytes value;
        enum status status = store_get(
            txn, TREE_EVIDENCE, evidence_key(name, track->way, &track->key, (uint8_t)i), &value);

        if (status == ST_MORE)
            continue;
        if (status != ST_OK)
            return status;
        if (read_signed_step(value, &kept) && kept.step.size == step.size
            && memcmp(kept.step.data, step.data, step.size) == 0)
            return ST_OK;
    }
    return ST_MORE;
}
