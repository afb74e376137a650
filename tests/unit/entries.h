/*
 * entries.h - texts, and instruments about them, in short words: for tests of the registrar.
 *
 * Instruments are as instrument_verify would have given them; nothing is signed. A failure fails
 * the test.
 */
#ifndef TESTS_UNIT_ENTRIES_H
#define TESTS_UNIT_ENTRIES_H

#include "agreements/registrar.h"
#include "tests/unit/governors.h"

#define NOW INT64_C(1750000000000)
#define DAY INT64_C(86400000)

extern const struct digest none;
extern const struct registrar_rules no_rules;

struct text {
    char bytes[TEXT_MAX];
    size_t size;
    struct digest hash;
    char id[AGREEMENT_ID_MAX + 1];
    uint32_t version;
};

struct text text_of(const struct governor *list, size_t count, const char *id, uint32_t version,
                    const char *note);
/* Puts `to` in the place of the first `from`. */
void text_edit(struct text *t, const char *from, const char *to);
struct bytes body(const struct text *t);

/* A governor without a real key: for what takes verified instruments. */
struct governor puppet(const char *agency, uint8_t number);

struct digest digest_of(const struct instrument *i);
/* `t` is NULL when the act is about none. */
struct instrument act_of(Concordat__Act act, const struct governor *by, const struct text *t,
                         int64_t signed_ms);
/* PROPOSE to WITHDRAW, signed at NOW, of a proposal of 30 days. */
struct instrument about(Concordat__Act act, const struct governor *by, const struct text *t,
                        uint8_t proposal, const struct digest *predecessor);

/* Judges and takes, and sees that both say the same. */
enum status put(struct registrar *r, struct instrument i, const struct text *t, int64_t at);
/* The same, and it is refused with exactly this reason. */
void assert_refused(struct registrar *r, struct instrument i, const struct text *t, int64_t at,
                    const char *reason);

struct registrar *registrar_of(const struct registrar_rules *rules);
enum standing standing_of(const struct registrar *r, const struct text *t);
bool is_head(const struct registrar *r, const struct text *t);

/* Proposed by the first and accepted by all the others. */
void sign_all(struct registrar *r, const struct governor *list, size_t count, const struct text *t,
              uint8_t proposal, const struct digest *predecessor);
/* The same, and it is in force, not suspended. */
void enact(struct registrar *r, const struct governor *list, size_t count, const struct text *t,
           uint8_t proposal, const struct digest *predecessor);
#define ENACT(r, list, t, proposal, predecessor)                                                   \
    enact(r, list, LENGTH(list), t, proposal, predecessor)

#endif
