#include "tests/unit/unit.h"

#include "lib/text.h"
#include "tests/unit/entries.h"

#include <string.h>

const struct digest none;
const struct registrar_rules no_rules;

struct text text_of(const struct governor *list, size_t count, const char *id, uint32_t version,
                    const char *note)
{
    struct text t = {.version = version};

    TEXT_COPY(t.id, id);
    t.size = governors_text(list, count, id, version, note, t.bytes);
    t.hash = sha256(t.bytes, t.size);
    return t;
}

void text_edit(struct text *t, const char *from, const char *to)
{
    char *at = strstr(t->bytes, from);
    size_t old = strlen(from), new = strlen(to);

    assert_non_null(at);
    assert_true(t->size + new < sizeof t->bytes + old);
    memmove(at + new, at + old, t->size - (size_t)(at - t->bytes) - old + 1);
    memcpy(at, to, new);
    t->size = t->size - old + new;
    t->hash = sha256(t->bytes, t->size);
}

struct bytes body(const struct text *t)
{
    return (struct bytes){(const uint8_t *)t->bytes, t->size};
}

struct governor puppet(const char *agency, uint8_t number)
{
    struct governor g = {0};

    TEXT_COPY(g.agency, agency);
    memset(g.pin.bytes, number, DIGEST_SIZE);
    memset(g.signing.bytes, 0x80 | number, DIGEST_SIZE);
    return g;
}

static void fill_agreement(struct instrument *i, const struct text *t)
{
    TEXT_COPY(i->agreement_id, t->id);
    i->agreement_version = t->version;
    i->agreement_hash = t->hash;
}

struct digest digest_of(const struct instrument *i)
{
    uint8_t bytes[INSTRUMENT_MAX];
    size_t size;

    assert_int_equal(instrument_write(i, bytes, sizeof bytes, &size), ST_OK);
    return sha256(bytes, size);
}

struct instrument act_of(Concordat__Act act, const struct governor *by, const struct text *t,
                         int64_t signed_ms)
{
    struct instrument i = {.act = act, .signed_ms = signed_ms, .key = by->pin};

    TEXT_COPY(i.agency, by->agency);
    if (t)
        fill_agreement(&i, t);
    return i;
}

struct instrument about(Concordat__Act act, const struct governor *by, const struct text *t,
                        uint8_t proposal, const struct digest *predecessor)
{
    struct instrument i = act_of(act, by, t, NOW);

    i.proposal_id.bytes[0] = proposal;
    i.predecessor_hash = *predecessor;
    i.proposal_expires_ms = NOW + 30 * DAY;
    return i;
}

static enum status put_for(struct registrar *r, struct instrument i, const struct text *t,
                           int64_t at, struct reason *why)
{
    struct bytes text = i.act == CONCORDAT__ACT__PROPOSE && t ? body(t) : (struct bytes){NULL, 0};
    struct reason again = {""};

    i.digest = digest_of(&i);
    enum status judged = registrar_judge(r, &i, text, at, why);
    enum status st = registrar_take(r, &i, text, at, &again);
    assert_int_equal(judged, st);
    assert_string_equal(why->text, again.text);
    assert_int_equal(st == ST_INVALID, why->text[0] != '\0');
    return st;
}

enum status put(struct registrar *r, struct instrument i, const struct text *t, int64_t at)
{
    struct reason why = {""};

    return put_for(r, i, t, at, &why);
}

void assert_refused(struct registrar *r, struct instrument i, const struct text *t, int64_t at,
                    const char *reason)
{
    struct reason why = {""};

    assert_int_equal(put_for(r, i, t, at, &why), ST_INVALID);
    assert_string_equal(why.text, reason);
}

struct registrar *registrar_of(const struct registrar_rules *rules)
{
    struct registrar *r;

    assert_int_equal(registrar_new(rules, NULL, &r), ST_OK);
    return r;
}

enum standing standing_of(const struct registrar *r, const struct text *t)
{
    const struct agreement *a = registrar_version(r, &t->hash);

    return a ? a->standing : STANDING_DRAFT;
}

bool is_head(const struct registrar *r, const struct text *t)
{
    const struct agreement *a = agreement_set_find(registrar_set(r), t->id);

    return a && digest_equal(&a->hash, &t->hash);
}

void sign_all(struct registrar *r, const struct governor *list, size_t count, const struct text *t,
              uint8_t proposal, const struct digest *predecessor)
{
    assert_int_equal(
        put(r, about(CONCORDAT__ACT__PROPOSE, &list[0], t, proposal, predecessor), t, NOW), ST_OK);
    for (size_t i = 1; i < count; i++)
        assert_int_equal(
            put(r, about(CONCORDAT__ACT__ACCEPT, &list[i], t, proposal, predecessor), NULL, NOW),
            ST_OK);
}

void enact(struct registrar *r, const struct governor *list, size_t count, const struct text *t,
           uint8_t proposal, const struct digest *predecessor)
{
    sign_all(r, list, count, t, proposal, predecessor);
    assert_int_equal(standing_of(r, t), STANDING_ACTIVE);
    assert_true(is_head(r, t));
}
