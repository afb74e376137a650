/*
 * handover.h - one case changing hands in a scenario: the acts, and the record's parts.
 *
 *     offer --> accept, reject of components --> offer again --> parts --> complete
 *
 * What is sent is composed here as an agency's own system would, through its agent's client; the
 * parts are made up and hashed by the product's rule. Failures inside end the test.
 */
#ifndef TESTS_SYSTEM_HANDOVER_H
#define TESTS_SYSTEM_HANDOVER_H

#include "tests/system/scenario.h"

#define PARTS_MAX 9
#define ID_BASE64 25 /* bytes of an id as a body has it, with its NUL */

/* Through which clients, and how: of who has no scenario. */
struct handover_way {
    void *context;
    struct concordat *(*client)(void *context, const char *agency);
    struct concordat_answer *(*send)(void *context, const char *from,
                                     struct concordat_message message);
};

struct handover {
    struct scenario *s;
    const struct handover_way *way; /* NULL: the scenario's */
    const char *from, *to;
    const char *reason;  /* "INITIAL_ALLOCATION" */
    const char *subject; /* "\"subject\": {...}" */
    struct concordat_id case_handle, transfer, manifest;
    struct concordat_id offer; /* of the first: the conversation */
    uint32_t components;       /* so many: offender, order, and requirements */
    size_t part_count;
    struct handover_part {
        uint8_t *bytes; /* kept to the end of the test */
        size_t size;
    } parts[PARTS_MAX]; /* the ninth is about as large as one may be */
};

/* Base64, as a body has it. */
void id_as_body(const struct concordat_id *id, char out[static ID_BASE64]);

/* Makes transfer, manifest and parts; s, from, to, reason, subject, case_handle, components,
 * part_count are set. */
void handover_prepare(struct handover *h);
/* Answers are the caller's, as scenario_send's. `components`: numbers, "3, 4"; NULL: all. A body of
 * at most 32 KiB. */
struct concordat_answer *handover_offer(struct handover *h, const char *components);
struct concordat_answer *handover_accept(struct handover *h, const char *components);
struct concordat_answer *handover_reject(struct handover *h, uint32_t component,
                                         const char *reason);
struct concordat_answer *handover_withdraw(struct handover *h, const char *reason);
/* Part `number`, from 1; `is_altered`: with one bit of its text another. */
struct concordat_answer *handover_send_part(struct handover *h, uint32_t number, bool is_altered);
struct concordat_answer *handover_query(struct handover *h, uint32_t missing);
struct concordat_answer *handover_complete(struct handover *h);

/* From offer to completion without a hitch; each is a check. */
void handover_whole(struct handover *h);
/* Until a part is so at the taker: "here", "differs". */
bool handover_part_is(struct handover *h, uint32_t number, const char *state);

#endif
