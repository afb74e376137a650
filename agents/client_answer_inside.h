/*
 * client_answer_inside.h - what the files share that make an answer of a Response. None of it is
 * for others.
 */
#ifndef AGENTS_CLIENT_ANSWER_INSIDE_H
#define AGENTS_CLIENT_ANSWER_INSIDE_H

#include "agents/client.h"
#include "proto/local.pb-c.h"

/* Memory of one answer: freed together. */
struct block {
    struct block *next;
    max_align_t data[];
};

struct whole_answer {
    struct concordat_answer answer; /* first: the caller's pointer is ours */
    Concordat__Response *response;  /* texts are borrowed from it */
    struct block *blocks;
};

/* Zeroed room for `count` things of `size` bytes, freed with the answer; NULL: no memory. */
void *client_answer_keep(struct whole_answer *whole, size_t count, size_t size);
/* None for what is not 16 bytes. */
struct concordat_id client_answer_id(ProtobufCBinaryData data);

/* Custody, and due times and alarms, of the response; false: memory is out. */
bool client_answer_take_custody(struct whole_answer *whole);
bool client_answer_take_clocks(struct whole_answer *whole);

#endif
