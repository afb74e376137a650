/*
 * gazette.c - see gazette.h. A record, in TREE_GAZETTE under the entry's sequence:
 *
 *     u8 version, u8 what it is, u64 at_ms, SHA-256 of the governance key[32],
 *     u32 size and instrument or notice, u32 size and the proposal's text, the officer's code
 */
#include "agents/gazette.h"

#include <stdlib.h>
#include <string.h>

#include "agents/trees.h"
#include "lib/log.h"

#define ENTRY_VERSION 1
#define ENTRY_OVERHEAD (1 + 1 + 8 + DIGEST_SIZE + 4 + 4 + OFFICER_CODE_MAX)

enum entry_kind {
    ENTRY_REFUSED = 1, /* did not verify here */
    ENTRY_INSTRUMENT,
    ENTRY_NOTICE
};

/* What a version was when it was last looked at. */
struct seen_state {
    struct digest hash;
    const char *state; /* the registrar's, static */
};

struct gazette {
    struct registrar *registrar; /* owned */
    struct seen_state *states;   /* owned */
    size_t state_count;
    uint64_t last;
};

/* ---- states ---- */

struct look {
    struct gazette *gazette;
    bool tell, failed;
};

static struct seen_state *find_state(const struct gazette *g, const struct digest *hash)
{
    for (size_t i = 0; i < g->state_count; i++)
        if (digest_equal(&g->states[i].hash, hash))
            return &g->states[i];
    return NULL;
}

static bool look_at(void *context, const struct registrar_row *row)
{
    struct look *look = context;
    struct gazette *g = look->gazette;
    struct seen_state *seen = find_state(g, &row->agreement->hash);

    if (!seen) {
        struct seen_state *grown = reallocarray(g->states, g->state_count + 1, sizeof *g->states);

        if (!grown) {
            look->failed = true;
            return false;
        }
        g->states = grown;
        seen = &g->states[g->state_count++];
        *seen = (struct seen_state){row->agreement->hash, ""};
    }
    if (look->tell && strcmp(seen->state, row->state) != 0)
        log_event(LOG_INFO,
                  strcmp(row->state, "active") == 0       ? "agreement_active"
                  : strcmp(row->state, "superseded") == 0 ? "agreement_superseded"
                  : strcmp(row->state, "suspended") == 0  ? "agreement_suspended"
                  : strcmp(row->state, "revoked") == 0    ? "agreement_revoked"
                                                          : "agreement_published",
                  "id=%s version=%u state=\"%s\"", row->agreement->id, row->agreement->version,
                  row->state);
    seen->state = row->state;
    return true;
}

/* Notes what each version is now; tells of those that are something else than before. */
static enum status look_around(struct gazette *g, int64_t now_ms, bool tell)
{
    struct look look = {.gazette = g, .tell = tell};

    registrar_each(g->registrar, now_ms, look_at, &look);
    return look.failed ? ST_NOMEM : ST_OK;
}

/* ---- the store ---- */

static struct bytes key_of(uint64_t sequence, uint8_t room[static 8])
{
    struct writer w = writer_of(room, 8);

    write_u64(&w, sequence);
    return (struct bytes){room, 8};
}

static enum status put(struct txn *txn, const struct gazette_entry *e, enum entry_kind kind,
                       const struct instrument *i)
{
    const struct bytes content = e->notice.size > 0 ? e->notice : e->instrument;
    size_t room = ENTRY_OVERHEAD + content.size + e->text.size;
    uint8_t name[8], *record = malloc(room);
    struct writer w = writer_of(record, record ? room : 0);

    if (!record)
        return ST_NOMEM;
    write_u8(&w, ENTRY_VERSION);
    write_u8(&w, (uint8_t)kind);
    write_u64(&w, (uint64_t)e->at_ms);
    write_bytes(&w, i->key.bytes, DIGEST_SIZE);
    write_u32(&w, (uint32_t)content.size);
    write_bytes(&w, content.data, content.size);
    write_u32(&w, (uint32_t)e->text.size);
    write_bytes(&w, e->text.data, e->text.size);
    write_bytes(&w, i->officer, strlen(i->officer));
    enum status status =
        store_put(txn, TREE_GAZETTE, key_of(e->sequence, name), (struct bytes){record, w.size});
    free(record);
    return status;
}

/* What instrument_verify once found, from the record. */
static enum status read_instrument(struct bytes content, struct bytes officer,
                                   struct instrument *out, struct reason *why)
{
    struct signed_instrument parts;
    enum status status = signed_instrument_read(content, &parts, why);

    if (status == ST_OK)
        status = instrument_read(parts.instrument, out, why);
    if (status != ST_OK || officer.size > OFFICER_CODE_MAX)
        return ST_INVALID;
    out->digest = sha256(parts.instrument.data, parts.instrument.size);
    memset(out->officer, 0, sizeof out->officer);
    if (officer.size > 0)
        memcpy(out->officer, officer.data, officer.size);
    return ST_OK;
}

static enum status fold_record(struct gazette *g, struct bytes key, struct bytes value,
                               struct reason *why)
{
    struct reader names = reader_of(key.data, key.size), r = reader_of(value.data, value.size);
    uint8_t version = read_u8(&r), kind = read_u8(&r);
    int64_t at_ms = (int64_t)read_u64(&r);
    struct instrument instrument;
    struct digest governance;
    uint32_t size;

    g->last = read_u64(&names);
    read_into(&r, governance.bytes, DIGEST_SIZE);
    size = read_u32(&r);
    struct bytes content = read_bytes(&r, size);
    size = read_u32(&r);
    struct bytes text = read_bytes(&r, size);
    if (r.failed || names.failed || version != ENTRY_VERSION) {
        reason_set(why, "entry %llu is damaged", (unsigned long long)g->last);
        return ST_INVALID;
    }
    if (kind != ENTRY_INSTRUMENT)
        return ST_OK;
    struct bytes officer = {r.next, r.left};
    enum status status = read_instrument(content, officer, &instrument, why);
    if (status != ST_OK)
        return status;
    instrument.key = governance;
    /* What the registrar does not count it has not counted before. */
    return registrar_take(g->registrar, &instrument, text, at_ms, why) == ST_NOMEM ? ST_NOMEM
                                                                                   : ST_OK;
}

static enum status fold_store(struct gazette *g, struct store *store, struct reason *why)
{
    struct bytes key, value;
    struct walk *walk;
    struct txn *txn;
    enum status status = store_begin(store, false, &txn);

    if (status != ST_OK)
        return status;
    status = walk_open(txn, TREE_GAZETTE, (struct bytes){NULL, 0}, &walk);
    if (status == ST_OK) {
        while ((status = walk_next(walk, &key, &value)) == ST_OK)
            if ((status = fold_record(g, key, value, why)) != ST_OK)
                break;
        walk_close(walk);
    }
    store_abort(txn);
    return status == ST_MORE ? ST_OK : status;
}

/* ---- life ---- */

/* The set as the registrar may keep it: the agreements stay whose they are. */
static enum status borrow_set(struct agreement_set *set, struct agreement_set **out)
{
    size_t count = set ? agreement_set_count(set) : 0;
    struct agreement **list;
    enum status status;

    *out = NULL;
    if (!set)
        return ST_OK;
    list = calloc(count + 1, sizeof *list);
    if (!list)
        return ST_NOMEM;
    for (size_t i = 0; i < count; i++)
        list[i] = agreement_set_own(set, i);
    status = agreement_set_borrow(list, count, out);
    free(list);
    return status;
}

enum status gazette_new(const struct gazette_setup *setup, struct store *store,
                        struct gazette **out, struct reason *why)
{
    OWNED(gazette) g = calloc(1, sizeof *g);
    const bool knows_governance = !digest_equal(&setup->governance, &(struct digest){{0}});
    const struct registrar_rules rules = {.self = setup->agency,
                                          .signing = &setup->signing,
                                          .signing_count = 1,
                                          .governance = &setup->governance,
                                          .governance_count = knows_governance};
    struct agreement_set *assumed;
    enum status status = g ? borrow_set(setup->assumed, &assumed) : ST_NOMEM;

    if (status == ST_OK)
        status = registrar_new(&rules, assumed, &g->registrar);
    if (status == ST_OK)
        status = fold_store(g, store, why);
    if (status == ST_OK)
        status = look_around(g, 0, false);
    if (status == ST_OK)
        *out = GIVE(g);
    return status;
}

void gazette_free(struct gazette *g)
{
    if (!g)
        return;
    registrar_free(g->registrar);
    free(g->states);
    free(g);
}

uint64_t gazette_last(const struct gazette *g)
{
    return g->last;
}

const struct registrar *gazette_registrar(const struct gazette *g)
{
    return g->registrar;
}

/* ---- entries ---- */

/* Form, chain, revocation, signature: by our own trust. */
static enum status verify(const struct tls_context *trust, struct bytes bytes,
                          struct instrument *out, struct reason *why)
{
    struct signed_instrument parts;
    struct identity identity;
    struct digest community;
    enum status status = signed_instrument_read(bytes, &parts, why);

    memcpy(community.bytes, tls_context_community(trust), DIGEST_SIZE);
    if (status == ST_OK)
        status = instrument_verify(&parts, &community, out, why);
    if (status == ST_OK)
        status = tls_context_check(
            trust, parts.certificate.data, parts.certificate.size,
            out->act == CONCORDAT__ACT__AUTHORISE ? USE_OFFICER : USE_GOVERNANCE, &identity, why);
    if (status == ST_OK && strcmp(identity.id, out->agency) != 0) {
        reason_set(why, "the certificate is %s's", identity.id);
        return ST_FORGED;
    }
    return status;
}

static enum status take_instrument(struct gazette *g, struct txn *txn,
                                   const struct tls_context *trust, const struct gazette_entry *e)
{
    struct instrument instrument = {0};
    struct reason why = {""};
    enum status status = verify(trust, e->instrument, &instrument, &why);

    if (status == ST_NOMEM || status == ST_IO)
        return status;
    if (status != ST_OK) {
        log_event(LOG_ERROR, "instrument_refused_here", "sequence=%llu why=\"%s\"",
                  (unsigned long long)e->sequence, why.text);
        instrument = (struct instrument){0};
        return put(txn, e, ENTRY_REFUSED, &instrument);
    }
    if ((status = put(txn, e, ENTRY_INSTRUMENT, &instrument)) != ST_OK)
        return status;
    status = registrar_take(g->registrar, &instrument, e->text, e->at_ms, &why);
    if (status == ST_INVALID)
        log_event(LOG_ERROR, "instrument_not_counted", "agency=%s act=%s why=\"%s\"",
                  instrument.agency, act_name(instrument.act), why.text);
    return status == ST_NOMEM ? ST_NOMEM : look_around(g, e->at_ms, true);
}

enum status gazette_take(struct gazette *g, struct txn *txn, const struct tls_context *trust,
                         const struct gazette_entry *e, int64_t now_ms)
{
    enum status status;

    if (e->sequence <= g->last)
        return ST_OK;
    if (now_ms >= tls_context_crl_until_ms(trust))
        return ST_CLOSED;
    status = e->notice.size > 0 ? put(txn, e, ENTRY_NOTICE, &(struct instrument){0})
                                : take_instrument(g, txn, trust, e);
    if (status == ST_OK)
        g->last = e->sequence;
    return status;
}
