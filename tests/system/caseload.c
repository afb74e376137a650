#include "tests/system/caseload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agreements/agreement.h"
#include "tests/sim/brittle.h"
#include "tests/system/cases_agreement.h"

#define SECTION 64 /* bytes */
#define LETTER_MAX (3 * SECTION)
#define REPLY_MS (15 * 86400000LL)
#define HOUR_MS INT64_C(3600000)

struct caseload caseload;

const struct member keeping[WHO_COUNT] = {
    {"nps.a", "NPS"}, {"crc.b", "CRC"}, {"csc.c", "LA_CHILDREN"}};

static void wrong(const char *what, size_t file)
{
    caseload.wrong++;
    if (caseload.is_quiet)
        return;
    printf("WRONG case %zu: %s (act %u, kills left %d)\n", file, what, caseload.acts,
           caseload.kills_left);
}

/* ---- the agreement ---- */

static void load_agreement(void)
{
    OWNED(agreement) agreement = NULL;
    struct reason why = {""};
    char path[COMMUNITY_PATH + 32];

    (void)snprintf(path, sizeof path, "%s/pinned/cases.yaml", caseload.c.folder);
    if (agreement_load(path, &agreement, &why) != ST_OK)
        fail("%s", why.text);
    caseload.agreement = agreement->hash;
}

/* ---- life and death of the broker ---- */

void caseload_connect(void)
{
    for (size_t i = 0; i < WHO_COUNT; i++)
        keeper_connect(&caseload.keepers[i], caseload.c.port);
}

void caseload_part(void)
{
    for (size_t i = 0; i < WHO_COUNT; i++) {
        (void)peer_flush(caseload.keepers[i].peer, WAIT_MS);
        peer_disconnect(caseload.keepers[i].peer);
    }
}

void caseload_kill(void)
{
    caseload.kills_left--;
    daemon_kill(&caseload.c.broker);
    community_start_broker(&caseload.c);
    caseload_connect();
}

static void come_back(enum who who)
{
    if (caseload.on_loss)
        caseload.on_loss();
    else
        keeper_connect(&caseload.keepers[who], caseload.c.port);
}

void caseload_hear(enum who who, int wait_ms)
{
    while (!keeper_hear(&caseload.keepers[who], wait_ms))
        come_back(who);
}

static Concordat__RefusalCode case_of(enum who who, const struct id *handle,
                                      Concordat__ClaimKind claim, struct custody_told *told)
{
    Concordat__RefusalCode code;

    while (!keeper_case(&caseload.keepers[who], handle, claim, &code, told))
        come_back(who);
    return code;
}

bool caseload_chance(uint64_t of, uint64_t out_of)
{
    return random_below(&caseload.random, out_of) < of;
}

/* Who holds it, asked by both who ever do. */
static void check_file(size_t at)
{
    const struct file *f = &caseload.files[at];
    struct custody_told told;

    for (enum who who = NPS; who <= CRC; who++) {
        if (f->holder == WHO_COUNT)
            continue;
        Concordat__RefusalCode code =
            case_of(who, &f->handle, CONCORDAT__CLAIM_KIND__CLAIM_UNSPECIFIED, &told);
        bool is_party = who == f->holder || f->phase != IDLE;
        if (code == 0 && strcmp(told.holder, keeping[f->holder].agency) != 0)
            wrong("another holds it", at);
        if (code == 0 && is_party && told.version != f->version)
            wrong("it is of another version", at);
        if (code != 0 && is_party)
            wrong("its party is not told who holds it", at);
    }
}

void caseload_check(size_t but)
{
    for (size_t i = 0; i < CASES; i++)
        if (i != but)
            check_file(i);
}

/* ---- acts ---- */

struct letter {
    enum who from, to;
    const char *clause, *type;
    const char *categories; /* first letters: Identity, Sentence, Risk, Child */
    struct envelope e;
    uint8_t body[LETTER_MAX];
};

static void compose(struct letter *l, const struct file *f)
{
    static const struct {
        char letter;
        uint32_t category;
    } known[] = {{'I', CONCORDAT__DATA_CATEGORY__DC_IDENTITY},
                 {'S', CONCORDAT__DATA_CATEGORY__DC_SENTENCE_ORDER},
                 {'R', CONCORDAT__DATA_CATEGORY__DC_RISK_SCORE},
                 {'C', CONCORDAT__DATA_CATEGORY__DC_CHILD}};
    uint32_t categories[4];
    char clause[64];
    size_t count = 0;

    for (size_t i = 0; i < 4; i++)
        if (strchr(l->categories, known[i].letter))
            categories[count++] = known[i].category;
    (void)snprintf(clause, sizeof clause, "%s-%c%c", l->clause, keeping[l->from].kind[0] | 0x20,
                   keeping[l->to].kind[0] | 0x20);
    const bool safe = strncmp(l->type, "safe", 4) == 0;
    const struct message_type *type = catalogue_find(l->type);
    const struct mail mail = {.type = l->type,
                              .to = keeping[l->to].agency,
                              .clause = clause,
                              .purpose = safe ? "safeguard_child" : "allocation",
                              .gateway = safe ? "CA1989_S17_S47" : "OMA2007_S14",
                              .agreement_id = "ISA-CASES",
                              .agreement_version = 1,
                              .agreement_hash = caseload.agreement,
                              .urgency = type->urgency,
                              .marking = type->marking,
                              .key_id = caseload.keepers[l->to].key_id,
                              .categories = categories,
                              .category_count = count,
                              .section_size = SECTION};
    peer_compose(caseload.keepers[l->from].peer, &mail, &l->e, l->body);
    l->e.case_handle = f->handle;
}

/* Until it has its verdict, over the broker's death if that comes in between. */
static void send(struct letter *l, size_t at)
{
    struct keeper *k = &caseload.keepers[l->from];
    const struct bytes body = {l->body, l->e.body_size};
    bool dies = caseload.kills_left > 0 && caseload_chance(1, 4);
    struct wire verdict;

    caseload.acts++;
    for (;;) {
        peer_submit(k->peer, &l->e, 1, body);
        (void)peer_flush(k->peer, WAIT_MS);
        if (dies) {
            dies = false;
            if (caseload_chance(1, 2))
                caseload_hear(l->to, (int)random_below(&caseload.random, 4));
            caseload_kill();
            caseload_check(at);
        } else if (keeper_await(k, &l->e.message_id, &verdict)) {
            break;
        } else {
            come_back(l->from);
        }
    }
    if (verdict.kind == WIRE_RECEIPT) {
        if (caseload.sent_count == SENT_MAX)
            fail("too much is said");
        caseload.sent[caseload.sent_count++] = (struct sent){l->e.message_id, l->to};
        return;
    }
    char what[160];
    (void)snprintf(what, sizeof what, "%s %u is refused with code %d", l->type, l->e.sequence,
                   (int)verdict.refusal.refusal.code);
    wrong(what, at);
}

static void claim(size_t at, enum who by)
{
    struct file *f = &caseload.files[at];
    struct custody_told told;

    caseload.acts++;
    if (caseload.kills_left > 0 && caseload_chance(1, 3)) {
        caseload_kill();
        caseload_check(at);
    }
    if (case_of(by, &f->handle, CONCORDAT__CLAIM_KIND__CLAIM_OPEN, &told) != 0)
        wrong("it cannot be opened", at);
    f->holder = by;
    f->version = 1;
}

static int compare_ids(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct id));
}

static void offer(size_t at, int64_t reply_ms)
{
    struct file *f = &caseload.files[at];
    struct letter l = {f->holder, f->holder == NPS ? CRC : NPS,
                       "offer",   "case.transfer.offer",
                       "ISR",     {.type = ""},
                       {0}};

    compose(&l, f);
    struct custody_claim *c = &l.e.custody;
    c->transfer_id = f->transfer = id_random();
    c->case_version = f->version;
    c->component_count = 2;
    c->components = 3;
    c->manifest = sha256(&f->transfer, sizeof f->transfer);
    c->reply_by_ms = l.e.created_ms + reply_ms;
    for (size_t i = 0; i < f->asked_count; i++)
        if (f->asked[i].is_open)
            c->conversations[c->conversation_count++] = f->asked[i].id;
    qsort(c->conversations, c->conversation_count, sizeof *c->conversations, compare_ids);
    send(&l, at);
    f->offer = l.e.message_id;
    f->version++;
    f->phase = OFFERED;
    f->said_by_taker = 0;
}

/* ACCEPT, COMPLETE of the taker, WITHDRAW of the holder. */
static void act(size_t at, const char *clause, const char *type, bool by_taker)
{
    struct file *f = &caseload.files[at];
    enum who taker = f->holder == NPS ? CRC : NPS;
    struct letter l = {by_taker ? taker : f->holder,
                       by_taker ? f->holder : taker,
                       clause,
                       type,
                       "I",
                       {.type = ""},
                       {0}};

    compose(&l, f);
    l.e.conversation_id = f->offer;
    l.e.in_reply_to = by_taker ? f->offer : (struct id){{0}};
    l.e.sequence = by_taker ? ++f->said_by_taker : 2;
    l.e.custody.transfer_id = f->transfer;
    l.e.custody.case_version = f->version;
    if (strcmp(clause, "accept") == 0)
        l.e.custody.components = 3;
    if (strcmp(clause, "complete") == 0)
        l.e.custody.manifest = sha256(&f->transfer, sizeof f->transfer);
    send(&l, at);
    if (strcmp(clause, "accept") == 0)
        f->accepted = l.e.message_id;
    if (strcmp(clause, "complete") == 0)
        f->completed = l.e.message_id;
}

static void complete(size_t at)
{
    struct file *f = &caseload.files[at];

    act(at, "complete", "case.transfer.complete", true);
    f->holder = f->holder == NPS ? CRC : NPS;
    f->version++;
    f->phase = IDLE;
    caseload.transfers++;
}

/* Opens a conversation with who answers; `needed_by_ms' 0: by when the agreement says. */
static struct asked *ask(size_t at, bool is_referral, int64_t needed_by_ms)
{
    struct file *f = &caseload.files[at];
    struct letter l = {f->holder,
                       CARE,
                       is_referral ? "refer" : "ask",
                       is_referral ? "safeguarding.referral.child"
                                   : "check.social_care.children.request",
                       is_referral ? "IC" : "I",
                       {.type = ""},
                       {0}};
    struct asked *asked = &f->asked[f->asked_count++];

    compose(&l, f);
    l.e.needed_by_ms = needed_by_ms;
    if (caseload.is_timed && is_referral)
        l.e.watch_until_ms = l.e.created_ms + HOUR_MS;
    send(&l, at);
    *asked = (struct asked){.id = l.e.message_id,
                            .is_open = true,
                            .is_referral = is_referral,
                            .is_due = needed_by_ms != 0,
                            .by = f->holder};
    return asked;
}

static void answer_to(size_t at, struct asked *asked, enum who to, struct id *id)
{
    struct file *f = &caseload.files[at];
    struct letter l = {CARE, to,           "answer", "check.social_care.children.response",
                       "I",  {.type = ""}, {0}};

    compose(&l, f);
    l.e.conversation_id = l.e.in_reply_to = asked->id;
    send(&l, at);
    asked->is_open = false;
    *id = l.e.message_id;
}

/* To whoever holds the case now. */
static void answer(size_t at, struct asked *asked)
{
    struct id ignored;

    answer_to(at, asked, caseload.files[at].holder, &ignored);
}

/* The enquiry of the case that was made first, of those that are open. */
static void answer_first(size_t at)
{
    struct file *f = &caseload.files[at];

    for (size_t i = 0; i < f->asked_count; i++)
        if (f->asked[i].is_open && !f->asked[i].is_referral) {
            answer(at, &f->asked[i]);
            return;
        }
}

void caseload_answer_all(void)
{
    for (size_t at = 0; at < CASES; at++)
        for (size_t i = 0; i < caseload.files[at].asked_count; i++)
            answer_first(at);
}

static void update(size_t at, const struct asked *asked, uint32_t sequence, struct id *id)
{
    struct file *f = &caseload.files[at];
    struct letter l = {f->holder, CARE, "update", "safeguarding.update", "I", {.type = ""}, {0}};

    compose(&l, f);
    l.e.conversation_id = asked->id;
    l.e.sequence = sequence;
    send(&l, at);
    *id = l.e.message_id;
}

static size_t await_arrival(enum who who, const struct id *id, int64_t wait_ms)
{
    int64_t until_ms = peer_now_ms() + wait_ms;

    while (keeper_arrived(&caseload.keepers[who], id) == SIZE_MAX && peer_now_ms() < until_ms)
        caseload_hear(who, 5);
    return keeper_arrived(&caseload.keepers[who], id);
}

/* The third number before the second: it is held back, over the broker's death too. */
static void hold(size_t at)
{
    const struct asked *asked = ask(at, true, 0);
    struct id second, third;

    update(at, asked, 3, &third);
    if (caseload.kills_left > 0)
        caseload_kill();
    if (await_arrival(CARE, &asked->id, WAIT_MS) == SIZE_MAX)
        wrong("its referral does not come", at);
    caseload_hear(CARE, 50);
    if (keeper_arrived(&caseload.keepers[CARE], &third) != SIZE_MAX)
        wrong("what is held back was handed over", at);
    update(at, asked, 2, &second);
    if (await_arrival(CARE, &third, WAIT_MS) == SIZE_MAX)
        wrong("what was held back does not come", at);
    if (await_arrival(CARE, &second, WAIT_MS) == SIZE_MAX)
        wrong("what was missing does not come", at);
    caseload.held++;
}

static void act_on(size_t at)
{
    struct file *f = &caseload.files[at];
    uint64_t choice = random_below(&caseload.random, 10);

    if (f->holder == WHO_COUNT)
        claim(at, caseload_chance(1, 2) ? NPS : CRC);
    else if (choice < 2 && f->asked_count < ASKED_MAX)
        (void)ask(at, false, 0);
    else if (choice < 4)
        answer_first(at);
    else if (choice == 4 && f->asked_count < ASKED_MAX)
        hold(at);
    else if (f->phase == IDLE)
        offer(at, REPLY_MS);
    else if (f->phase == OFFERED && choice == 5) {
        act(at, "withdraw", "case.transfer.withdraw", false);
        f->phase = IDLE;
    } else if (f->phase == OFFERED) {
        act(at, "accept", "case.transfer.accept", true);
        f->phase = ACCEPTED;
    } else
        complete(at);
    check_file(at);
}

/* A case whose transfer is accepted. */
static size_t take_accepted(void)
{
    size_t at = 0;

    while (at < CASES && caseload.files[at].phase != ACCEPTED)
        at++;
    if (at < CASES)
        return at;
    at = 0;
    struct file *f = &caseload.files[at];
    if (f->holder == WHO_COUNT)
        claim(at, NPS);
    if (f->phase == IDLE)
        offer(at, REPLY_MS);
    act(at, "accept", "case.transfer.accept", true);
    f->phase = ACCEPTED;
    return at;
}

void caseload_last(void)
{
    const size_t at = take_accepted();
    struct file *f = &caseload.files[at];
    struct asked *asked;

    if (f->asked_count == ASKED_MAX)
        f->asked_count--;
    asked = ask(at, false, 0);
    complete(at);
    answer_to(at, asked, asked->by, &asked->late);
    asked->is_open = true; /* until that is passed on: the offer has to name it */
    offer(at, caseload.ahead_ms + HOUR_MS);
    asked->is_open = false;
    f->phase = IDLE; /* by the time that is looked at */
    f->is_lapsing = true;
    for (size_t i = 0; i < CASES; i++) /* all that is offered besides is accepted */
        if (caseload.files[i].phase == OFFERED) {
            act(i, "accept", "case.transfer.accept", true);
            caseload.files[i].phase = ACCEPTED;
        }
}

void caseload_act(void)
{
    act_on(random_below(&caseload.random, CASES));
}

void caseload_story(void)
{
    struct file *f = &caseload.files[0];
    struct id ignored;

    claim(0, NPS);
    (void)ask(0, false, peer_now_ms() - 1);
    struct asked *answered = ask(0, false, 0);
    (void)ask(0, false, peer_now_ms() + caseload.soon_ms);
    const struct asked *referral = ask(0, true, 0);
    update(0, referral, 3, &ignored); /* held back until the second is there */
    update(0, referral, 2, &ignored);
    offer(0, REPLY_MS);
    act(0, "accept", "case.transfer.accept", true);
    f->phase = ACCEPTED;
    complete(0);
    answer(0, answered);
    claim(1, CRC);
    offer(1, REPLY_MS);
    caseload_check(CASES);
}

void caseload_go_on(void)
{
    (void)ask(1, false, 0);
}

size_t caseload_await(int64_t wait_ms)
{
    size_t missing = 0;

    for (size_t i = 0; i < caseload.sent_count; i++)
        missing += await_arrival(caseload.sent[i].to, &caseload.sent[i].id, missing ? 0 : wait_ms)
                == SIZE_MAX;
    return missing;
}

/* ---- life ---- */

void caseload_anew(void)
{
    for (size_t i = 0; i < WHO_COUNT; i++)
        keeper_forget(&caseload.keepers[i]);
    for (size_t i = 0; i < CASES; i++)
        caseload.files[i] = (struct file){.handle = id_random(), .holder = WHO_COUNT};
    caseload.sent_count = 0;
    caseload.wrong = 0;
}

void caseload_begin(void)
{
    static char pki[COMMUNITY_PATH + 8];

    load_agreement();
    (void)snprintf(pki, sizeof pki, "%s/pki", caseload.c.folder);
    for (size_t i = 0; i < WHO_COUNT; i++) {
        struct keeper *k = &caseload.keepers[i];
        keeper_init(k, pki, keeping[i].agency);
        keeper_connect(k, caseload.c.port);
        peer_publish_key(k->peer, k->key_id);
        if (!keeper_hear(k, 50))
            fail("the broker does not take a key");
    }
    caseload_anew();
}

void caseload_end(void)
{
    daemon_stop(&caseload.c.broker);
    for (size_t i = 0; i < WHO_COUNT; i++)
        keeper_fini(&caseload.keepers[i]);
    community_free(&caseload.c);
}
