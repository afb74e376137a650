/*
 * gazette.c - see gazette.h. A record, in TREE_GAZETTE under the entry's sequence:
 *
 *     u8 version, u8 what it is, u64 at_ms, SHA-256 of the governance key[32],
 *     u32 size and instrument or notice, u32 size and the proposal's text, the officer's code
 *
 * PLANT_* leave one check out, for tests/unit/test_agent_gazette.c to notice.
 */
#include "agents/gazette.h"

#include <stdlib.h>
#include <string.h>

#include "agents/own_keys.h"
#include "agents/standings.h"
#include "agents/trees.h"
#include "lib/arena.h"
#include "lib/log.h"
#include "lib/text.h"

#define ENTRY_VERSION 1
#ifdef PLANT_LATE
#define ORDER_IS_SEEN 0
#else
#define ORDER_IS_SEEN 1
#endif
#ifdef PLANT_FORGETS
#define FOLDS(act) ((act) != CONCORDAT__ACT__ACCEPT)
#else
#define FOLDS(act) true
#endif
#define AHEAD_MS ((int64_t)5 * 60 * 1000) /* clocks may differ so much */
#define ENTRY_OVERHEAD (1 + 1 + 8 + DIGEST_SIZE + 4 + 4 + OFFICER_CODE_MAX)

enum entry_kind {
    ENTRY_REFUSED = 1, /* did not verify here: it is nobody's word, and stays so */
    ENTRY_INSTRUMENT,
    ENTRY_NOTICE,
    ENTRY_NOT_COUNTED /* verified, but the registrar's rules gave it no effect */
};

struct gazette {
    struct registrar *registrar; /* owned */
    struct glass *glass;         /* owned */
    struct standings standings;  /* as they were last looked at */
    char agency[AGENCY_MAX + 1];
    uint64_t last;
    int64_t last_ms; /* of the last entry */
    struct log_limit rewritten;
};

/* ---- the store ---- */

static struct bytes key_of(uint64_t sequence, uint8_t room[static 8])
{
    struct writer w = writer_of(room, 8);

    write_u64(&w, sequence);
    return (struct bytes){room, 8};
}

/* A record's parts, borrowed from it. */
struct record {
    uint64_t sequence;
    enum entry_kind kind;
    struct digest governance;
    struct gazette_entry entry;
    struct bytes officer;
};

static enum status record_read(struct bytes key, struct bytes value, struct record *out)
{
    struct reader names = reader_of(key.data, key.size), r = reader_of(value.data, value.size);
    struct record record = {.sequence = read_u64(&names)};
    uint8_t version = read_u8(&r);

    record.kind = (enum entry_kind)read_u8(&r);
    record.entry.sequence = record.sequence;
    record.entry.at_ms = (int64_t)read_u64(&r);
    read_into(&r, record.governance.bytes, DIGEST_SIZE);
    uint32_t size = read_u32(&r);
    struct bytes content = read_bytes(&r, size);
    size = read_u32(&r);
    record.entry.text = read_bytes(&r, size);
    *(record.kind == ENTRY_NOTICE ? &record.entry.notice : &record.entry.instrument) = content;
    record.officer = (struct bytes){r.next, r.left};
    *out = record;
    return r.failed || names.failed || version != ENTRY_VERSION || record.kind < ENTRY_REFUSED
                || record.kind > ENTRY_NOT_COUNTED
             ? ST_INVALID
             : ST_OK;
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

/* Folds by the verdict of the day it came: no certificate and no CRL is looked at again. What was
 * verified goes by the registrar's rules again, so that a version that counts from now on, as the
 * configured keys are others, has its revocations too. */
static enum status fold_record(struct gazette *g, struct bytes key, struct bytes value,
                               struct reason *why)
{
    struct record record;
    struct instrument instrument;
    struct reason fault = {""};
    enum status status = record_read(key, value, &record);

    g->last = record.sequence;
    g->last_ms = record.entry.at_ms;
    if (status != ST_OK) {
        reason_set(why, "entry %llu is damaged", (unsigned long long)g->last);
        return status;
    }
    if (record.kind == ENTRY_NOTICE)
        return glass_notice(g->glass, record.entry.notice, record.entry.at_ms, false, why);
    if (record.kind == ENTRY_REFUSED)
        return ST_OK;
    status = read_instrument(record.entry.instrument, record.officer, &instrument, why);
    if (status != ST_OK)
        return status;
    instrument.key = record.governance;
    if (!FOLDS(instrument.act))
        return ST_OK;
    status =
        registrar_take(g->registrar, &instrument, record.entry.text, record.entry.at_ms, &fault);
    if (status == ST_NOMEM)
        return status;
    if ((status == ST_OK) != (record.kind == ENTRY_INSTRUMENT))
        log_event(LOG_WARN, "instrument_judged_otherwise",
                  "sequence=%llu counts=%d why=\"%s\" cause=\"other keys are configured\"",
                  (unsigned long long)record.sequence, status == ST_OK, fault.text);
    return status == ST_OK ? glass_instrument(g->glass, &instrument, record.entry.at_ms) : ST_OK;
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

/* The registrar of an agency that has had these keys. */
static enum status make_registrar(struct gazette *g, const struct gazette_setup *setup,
                                  struct store *store, struct reason *why)
{
    struct own_keys signing, governance;
    struct agreement_set *assumed;
    enum status status = own_keys_load(store, "signing", &setup->signing, &signing);

    if (status == ST_OK)
        status = own_keys_load(store, "governance", &setup->governance, &governance);
    if (status == ST_INVALID || status == ST_LIMIT)
        reason_set(why, "the list of our own keys is damaged, or full");
    if (status == ST_OK)
        status = borrow_set(setup->assumed, &assumed);
    if (status != ST_OK)
        return status;
    const struct registrar_rules rules = {.self = setup->agency,
                                          .signing = signing.list,
                                          .signing_count = signing.count,
                                          .governance = governance.list,
                                          .governance_count = governance.count,
                                          .known = setup->known,
                                          .known_count = setup->known_count};
    return registrar_new(&rules, assumed, &g->registrar);
}

enum status gazette_new(const struct gazette_setup *setup, struct store *store,
                        struct gazette **out, struct reason *why)
{
    OWNED(gazette) g = calloc(1, sizeof *g);

    if (!g)
        return ST_NOMEM;
    TEXT_COPY(g->agency, setup->agency);
    g->rewritten = (struct log_limit){.burst = 10, .period_ms = 60000};
    if (!(g->glass = glass_new()))
        return ST_NOMEM;
    enum status status = make_registrar(g, setup, store, why);
    if (status == ST_OK)
        status = fold_store(g, store, why);
    if (status == ST_OK)
        status = standings_look(&g->standings, g->registrar, 0, false);
    if (status == ST_OK)
        *out = GIVE(g);
    return status;
}

void gazette_free(struct gazette *g)
{
    if (!g)
        return;
    registrar_free(g->registrar);
    glass_free(g->glass);
    standings_fini(&g->standings);
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

const struct glass *gazette_glass(const struct gazette *g)
{
    return g->glass;
}

/* ---- entries ---- */

/* Form, chain, revocation, signature: by our own trust, as it was when the entry was published.
 * Who joins late, or has lost its store, so comes to what everybody else has. */
static enum status verify(const struct tls_context *trust, struct bytes bytes, int64_t at_ms,
                          struct instrument *out, struct reason *why)
{
    struct signed_instrument parts;
    struct identity identity;
    struct digest community;
    enum status status = signed_instrument_read(bytes, &parts, why);

    memcpy(community.bytes, tls_context_community(trust), DIGEST_SIZE);
    if (status == ST_OK)
        status = instrument_verify(&parts, &community, out, why);
#ifdef PLANT_UNVERIFIED
    if (status == ST_FORGED) {
        status = instrument_read(parts.instrument, out, why);
        (void)identity_of_der(parts.certificate.data, parts.certificate.size, USE_GOVERNANCE,
                              &identity, NULL, why);
        memcpy(out->key.bytes, identity.spki, DIGEST_SIZE);
    }
#endif
    if (status == ST_OK)
        status = tls_context_check_at(trust, parts.certificate,
                                      out->act == CONCORDAT__ACT__AUTHORISE ? USE_OFFICER
                                                                            : USE_GOVERNANCE,
                                      at_ms, &identity, why);
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
    enum status status = verify(trust, e->instrument, e->at_ms > g->last_ms ? e->at_ms : g->last_ms,
                                &instrument, &why);

    if (status == ST_NOMEM || status == ST_IO)
        return status;
    if (status != ST_OK) {
        log_event(LOG_ERROR, "instrument_refused_here", "sequence=%llu why=\"%s\"",
                  (unsigned long long)e->sequence, why.text);
        instrument = (struct instrument){0};
        return put(txn, e, ENTRY_REFUSED, &instrument);
    }
    status = registrar_take(g->registrar, &instrument, e->text, e->at_ms, &why);
    if (status == ST_NOMEM)
        return status;
    bool counts = status == ST_OK;
    if (!counts)
        log_event(LOG_ERROR, "instrument_not_counted", "sequence=%llu agency=%s act=%s why=\"%s\"",
                  (unsigned long long)e->sequence, instrument.agency, act_name(instrument.act),
                  status == ST_MORE ? "it came before" : why.text);
    status = put(txn, e, counts ? ENTRY_INSTRUMENT : ENTRY_NOT_COUNTED, &instrument);
    if (status == ST_OK && counts)
        status = glass_instrument(g->glass, &instrument, e->at_ms);
    return status == ST_OK ? standings_look(&g->standings, g->registrar, e->at_ms, true) : status;
}

static bool same_bytes(struct bytes a, struct bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* A number that we have passed. Only the very same entry may have it: anything else is a broker
 * that shows its members different histories, or has lost its own. */
static enum status take_again(struct gazette *g, struct txn *txn, const struct gazette_entry *e,
                              int64_t now_ms)
{
    struct record record;
    struct bytes value;
    uint8_t name[8];
    struct bytes key = key_of(e->sequence, name);
    enum status status = store_get(txn, TREE_GAZETTE, key, &value);

    if (status != ST_OK && status != ST_MORE)
        return status;
    if (status == ST_MORE)
        log_limited(&g->rewritten, now_ms, LOG_ERROR, "gazette_out_of_order",
                    "sequence=%llu last=%llu what=\"an entry came after later ones; it never "
                    "counts here\"",
                    (unsigned long long)e->sequence, (unsigned long long)g->last);
    else if (record_read(key, value, &record) != ST_OK || record.entry.at_ms != e->at_ms
             || !same_bytes(record.entry.instrument, e->instrument)
             || !same_bytes(record.entry.notice, e->notice)
             || !same_bytes(record.entry.text, e->text))
        log_limited(&g->rewritten, now_ms, LOG_ERROR, "gazette_rewritten",
                    "sequence=%llu what=\"the broker shows this entry otherwise than before; the "
                    "first one counts\"",
                    (unsigned long long)e->sequence);
    return ST_OK;
}

/* The entry's time is the broker's word alone. We go by it as everybody does, and say so when it
 * cannot be true. */
static void look_at_time(struct gazette *g, const struct gazette_entry *e, int64_t now_ms)
{
    const bool back = e->at_ms<g->last_ms, ahead = e->at_ms> now_ms + AHEAD_MS;

    if (back || ahead)
        log_event(LOG_ERROR, "gazette_time", "sequence=%llu what=\"%s\"",
                  (unsigned long long)e->sequence,
                  back ? "older than the entry before it" : "ahead of our clock");
}

/* ---- notices ---- */

const char *gazette_notice_name(Concordat__NoticeKind kind)
{
    switch (kind) {
    case CONCORDAT__NOTICE_KIND__NOTICE_BREAK_GLASS_USED:
        return "break-glass-used";
    case CONCORDAT__NOTICE_KIND__NOTICE_BREAK_GLASS_UNREVIEWED:
        return "break-glass-unreviewed";
    case CONCORDAT__NOTICE_KIND__NOTICE_BREAK_GLASS_SUSPENDED:
        return "break-glass-suspended";
    case CONCORDAT__NOTICE_KIND__NOTICE_REFUSALS_OVER_QUOTA:
        return "refusals-over-quota";
    case CONCORDAT__NOTICE_KIND__NOTICE_REVIEW_DUE:
        return "review-due";
    case CONCORDAT__NOTICE_KIND__NOTICE_EXPIRY_DUE:
        return "expiry-due";
    case CONCORDAT__NOTICE_KIND__NOTICE_UNSPECIFIED:
    case _CONCORDAT__NOTICE_KIND_IS_INT_SIZE:
        break;
    }
    return "unknown";
}

enum status gazette_notices(struct txn *txn, uint64_t since,
                            bool (*visit)(void *context, const struct gazette_entry *entry,
                                          const struct notice *notice),
                            void *context)
{
    OWNED(arena) arena = arena_new(4096, HEAD_ARENA);
    uint8_t name[8];
    struct bytes key, value;
    struct record record;
    struct notice notice;
    struct walk *walk;
    enum status status;

    if (!arena)
        return ST_NOMEM;
    if (since == UINT64_MAX)
        return ST_OK;
    status = walk_open(txn, TREE_GAZETTE, key_of(since + 1, name), &walk);
    if (status != ST_OK)
        return status;
    while ((status = walk_next(walk, &key, &value)) == ST_OK)
        if (record_read(key, value, &record) == ST_OK && record.kind == ENTRY_NOTICE
            && notice_read(record.entry.notice, arena, &notice, NULL) == ST_OK
            && !visit(context, &record.entry, &notice))
            break;
    walk_close(walk);
    return status == ST_MORE ? ST_OK : status;
}

/* A notice is told to people, and nobody has signed it. It is what a use of a charter rests on,
 * with the signatures of its officers. */
static enum status take_notice(struct gazette *g, struct txn *txn, const struct gazette_entry *e)
{
    OWNED(arena) arena = arena_new(4096, HEAD_ARENA);
    const struct instrument none = {0};
    struct reason why = {"it is not for us"};
    struct notice notice;

    if (!arena)
        return ST_NOMEM;
    if (notice_read(e->notice, arena, &notice, &why) != ST_OK
        || !notice_is_for(&notice, g->agency)) {
        log_event(LOG_ERROR, "notice_refused_here", "sequence=%llu why=\"%s\"",
                  (unsigned long long)e->sequence, why.text);
        return put(txn,
                   &(struct gazette_entry){.sequence = e->sequence,
                                           .at_ms = e->at_ms,
                                           .instrument = e->notice,
                                           .text = e->text},
                   ENTRY_REFUSED, &none);
    }
    log_event(LOG_WARN, "notice",
              "kind=%s sequence=%llu agency=%s counterpart=%s agreement=%s version=%u count=%u",
              gazette_notice_name(notice.kind), (unsigned long long)e->sequence, notice.agency,
              notice.counterpart, notice.agreement_id, notice.agreement_version, notice.count);
    enum status status = glass_notice(g->glass, e->notice, e->at_ms, true, &why);
    return status == ST_NOMEM ? ST_NOMEM : put(txn, e, ENTRY_NOTICE, &none);
}

enum status gazette_take(struct gazette *g, struct txn *txn, const struct tls_context *trust,
                         const struct gazette_entry *e, int64_t now_ms)
{
    enum status status;

    if (e->sequence <= g->last && ORDER_IS_SEEN)
        return take_again(g, txn, e, now_ms);
    if (now_ms >= tls_context_crl_until_ms(trust))
        return ST_CLOSED;
    look_at_time(g, e, now_ms);
    status = e->notice.size > 0 ? take_notice(g, txn, e) : take_instrument(g, txn, trust, e);
    if (status == ST_OK) {
        g->last = e->sequence;
        g->last_ms = e->at_ms;
    }
    return status;
}
