/* registrar_model.h - of test_registrar.c: the same rules said another way.
 *
 * The model has no state but the log of what was taken; each question is answered by reading that
 * log from its start. Slow, and short enough to be believed. */

#define MODEL_LOG 400    /* instruments of one world */
#define MODEL_WORLDS 250 /* 100,000 in all */
#define MODEL_TEXTS 18

struct model_text {
    struct text text;
    unsigned parties; /* bit n: agency n */
    unsigned aliens;  /* bit n: pins a key for agency n that is not n's */
};

struct model {
    struct model_text texts[MODEL_TEXTS];
    size_t count;
    struct {
        struct instrument i;
        int64_t at;
    } log[MODEL_LOG];
};

static const char *const model_agencies[] = {"a.a", "b.b", "c.c"};

static const struct model_text *model_text(const struct model *m, const struct digest *hash)
{
    for (size_t n = 0; n < MODEL_TEXTS; n++)
        if (digest_equal(&m->texts[n].text.hash, hash))
            return &m->texts[n];
    return NULL;
}

static int model_agency(const char *name)
{
    for (int n = 0; n < 3; n++)
        if (strcmp(name, model_agencies[n]) == 0)
            return n;
    return -1;
}

static bool model_is(const struct model *m, size_t n, Concordat__Act act, const struct digest *hash)
{
    return m->log[n].i.act == act && digest_equal(&m->log[n].i.agreement_hash, hash);
}

/* The place of the last such entry before `end`, or -1. */
static long model_last(const struct model *m, size_t end, Concordat__Act act,
                       const struct digest *hash)
{
    for (size_t n = end; n-- > 0;)
        if (model_is(m, n, act, hash))
            return (long)n;
    return -1;
}

/* Agencies that have signed the text's latest proposal. */
static unsigned model_signed(const struct model *m, const struct digest *hash)
{
    long start = model_last(m, m->count, CONCORDAT__ACT__PROPOSE, hash);
    unsigned who = 0;

    for (size_t n = start < 0 ? m->count : (size_t)start; n < m->count; n++)
        if (model_is(m, n, CONCORDAT__ACT__PROPOSE, hash)
            || model_is(m, n, CONCORDAT__ACT__ACCEPT, hash))
            who |= 1u << model_agency(m->log[n].i.agency);
    return who;
}

static bool model_was_enacted(const struct model *m, const struct model_text *t)
{
    return model_signed(m, &t->text.hash) == t->parties;
}

/* The text of the id with the highest version that was ever enacted: versions only go up. */
static const struct model_text *model_head(const struct model *m, const char *id)
{
    const struct model_text *head = NULL;

    for (size_t n = 0; n < MODEL_TEXTS; n++)
        if (strcmp(m->texts[n].text.id, id) == 0 && model_was_enacted(m, &m->texts[n])
            && (!head || m->texts[n].text.version > head->text.version))
            head = &m->texts[n];
    return head;
}

static bool model_has(const struct model *m, Concordat__Act act, const struct digest *hash)
{
    return model_last(m, m->count, act, hash) >= 0;
}

/* What an agency has said last of a version, before `end`. */
struct model_word {
    bool suspends;
    int64_t signed_ms; /* -1: nothing */
};

/* Before it says anything of the version, what it said of the one before holds, if the version came
 * into force by then and has the agency among its parties. */
static struct model_word model_word(const struct model *m, size_t end, int agency,
                                    const struct model_text *t)
{
    long start = model_last(m, end, CONCORDAT__ACT__PROPOSE, &t->text.hash),
         complete = model_last(m, end, CONCORDAT__ACT__ACCEPT, &t->text.hash);
    struct model_word word = {false, -1};

    for (size_t n = end; n-- > 0;)
        if (m->log[n].i.act >= CONCORDAT__ACT__REVOKE
            && digest_equal(&m->log[n].i.agreement_hash, &t->text.hash)
            && model_agency(m->log[n].i.agency) == agency)
            return (struct model_word){m->log[n].i.act == CONCORDAT__ACT__SUSPEND,
                                       m->log[n].i.signed_ms};
    if (start < 0 || complete < start || !(t->parties & 1u << agency))
        return word;
    const struct model_text *before = model_text(m, &m->log[start].i.predecessor_hash);
    return before ? model_word(m, (size_t)complete, agency, before) : word;
}

/* The key that a text with wrong pins has for an agency. */
static struct digest model_alien(int agency, const struct governor keys[3])
{
    struct digest key = keys[agency].signing;

    key.bytes[1] ^= 1;
    return key;
}

/* What an agency has said last of a signing key of its own; 0: nothing. */
static Concordat__Act model_key_word(const struct model *m, int agency, const struct digest *key,
                                     int64_t at)
{
    Concordat__Act last = CONCORDAT__ACT__ACT_UNSPECIFIED;

    for (size_t n = 0; n < m->count; n++)
        if (m->log[n].at <= at && digest_equal(&m->log[n].i.signing_key, key)
            && model_agency(m->log[n].i.agency) == agency)
            last = m->log[n].i.act;
    return last;
}

/* A strange key that the agency itself has added is none, and one that it has ended signs nothing.
 */
static bool model_is_ours(const struct model *m, const struct model_text *t, int self,
                          const struct governor keys[3])
{
    if (self < 0 || !(t->aliens & 1u << self))
        return true;
    struct digest alien = model_alien(self, keys);
    for (size_t n = 0; n < m->count; n++)
        if (m->log[n].i.act == CONCORDAT__ACT__ROLL && model_agency(m->log[n].i.agency) == self
            && digest_equal(&m->log[n].i.signing_key, &alien))
            return true;
    return model_key_word(m, self, &alien, INT64_MAX) == CONCORDAT__ACT__RETIRE;
}

/* As agency `self` sees it; -1: the broker. */
static enum standing model_standing(const struct model *m, const struct model_text *t, int self,
                                    const struct governor keys[3])
{
    if (!model_was_enacted(m, t) || !model_is_ours(m, t, self, keys))
        return STANDING_DRAFT;
    if (model_has(m, CONCORDAT__ACT__REVOKE, &t->text.hash))
        return STANDING_REVOKED;
    for (int agency = 0; agency < 3; agency++)
        if (model_word(m, m->count, agency, t).suspends)
            return STANDING_SUSPENDED;
    return model_head(m, t->text.id) == t ? STANDING_ACTIVE : STANDING_SUPERSEDED;
}

static bool model_is_open(const struct model *m, const struct model_text *t, int64_t now)
{
    long start = model_last(m, m->count, CONCORDAT__ACT__PROPOSE, &t->text.hash);
    const struct model_text *head = model_head(m, t->text.id);

    if (start < 0 || model_was_enacted(m, t) || model_has(m, CONCORDAT__ACT__REJECT, &t->text.hash)
        || model_has(m, CONCORDAT__ACT__WITHDRAW, &t->text.hash))
        return false;
    const struct instrument *p = &m->log[start].i;
    return now < p->proposal_expires_ms
        && digest_equal(&p->predecessor_hash, head ? &head->text.hash : &none)
        && (!head || t->text.version > head->text.version);
}

static bool model_pinned(const struct instrument *i, const struct model_text *t)
{
    int agency = model_agency(i->agency);

    return agency >= 0 && t->parties & 1u << agency && i->key.bytes[0] == agency + 1;
}

static bool model_may_propose(const struct model *m, const struct instrument *i,
                              const struct model_text *t, int64_t now)
{
    const struct model_text *head = model_head(m, i->agreement_id);
    int open = 0, own = 0;

    for (size_t n = 0; n < MODEL_TEXTS; n++) {
        const struct digest *hash = &m->texts[n].text.hash;
        if (strcmp(m->texts[n].text.id, i->agreement_id) != 0
            || !model_is_open(m, &m->texts[n], now))
            continue;
        open++;
        own += strcmp(m->log[model_last(m, m->count, CONCORDAT__ACT__PROPOSE, hash)].i.agency,
                      i->agency)
            == 0;
    }
    for (size_t n = 0; n < m->count; n++)
        if (m->log[n].i.act == CONCORDAT__ACT__PROPOSE
            && id_equal(&m->log[n].i.proposal_id, &i->proposal_id))
            return false;
    return !model_is_open(m, t, now) && !model_was_enacted(m, t)
        && !model_has(m, CONCORDAT__ACT__REJECT, &t->text.hash)
        && !model_has(m, CONCORDAT__ACT__WITHDRAW, &t->text.hash) && open < 16 && own < 4
        && i->proposal_expires_ms > now && i->proposal_expires_ms <= now + 90 * DAY
        && i->signed_ms <= i->proposal_expires_ms
        && digest_equal(&i->predecessor_hash, head ? &head->text.hash : &none)
        && (!head || (i->agreement_version > head->text.version && model_pinned(i, head)));
}

static enum status model_answers(const struct model *m, const struct instrument *i,
                                 const struct model_text *t, int64_t now)
{
    int64_t last = -1;
    int agency = model_agency(i->agency);

    for (size_t n = 0; n < m->count; n++)
        if (digest_equal(&m->log[n].i.digest, &i->digest)
            && digest_equal(&m->log[n].i.key, &i->key))
            return ST_MORE;
    if (i->signed_ms > now + 300000)
        return ST_INVALID;
    if (i->act == CONCORDAT__ACT__ROLL || i->act == CONCORDAT__ACT__RETIRE) {
        bool pinned = false;
        for (size_t n = 0; n < MODEL_TEXTS; n++) {
            const struct model_text *head = &m->texts[n];
            pinned |= model_head(m, head->text.id) == head
                   && !model_has(m, CONCORDAT__ACT__REVOKE, &head->text.hash)
                   && model_pinned(i, head);
        }
        for (size_t n = 0; n < m->count; n++)
            if ((m->log[n].i.act == CONCORDAT__ACT__ROLL
                 || m->log[n].i.act == CONCORDAT__ACT__RETIRE)
                && digest_equal(&m->log[n].i.key, &i->key)
                && model_agency(m->log[n].i.agency) == agency)
                last = m->log[n].i.signed_ms;
        return pinned && i->signed_ms > last ? ST_OK : ST_INVALID;
    }
    if (!t || strcmp(t->text.id, i->agreement_id) != 0 || t->text.version != i->agreement_version
        || !model_pinned(i, t))
        return ST_INVALID;
    if (i->act == CONCORDAT__ACT__PROPOSE)
        return model_may_propose(m, i, t, now) ? ST_OK : ST_INVALID;
    if (i->act <= CONCORDAT__ACT__WITHDRAW) {
        long start = model_last(m, m->count, CONCORDAT__ACT__PROPOSE, &t->text.hash);
        if (!model_is_open(m, t, now))
            return ST_INVALID;
        const struct instrument *p = &m->log[start].i;
        if (!id_equal(&p->proposal_id, &i->proposal_id)
            || !digest_equal(&p->predecessor_hash, &i->predecessor_hash)
            || p->proposal_expires_ms != i->proposal_expires_ms
            || i->signed_ms > p->proposal_expires_ms
            || (i->act == CONCORDAT__ACT__WITHDRAW && strcmp(p->agency, i->agency) != 0))
            return ST_INVALID;
        return i->act == CONCORDAT__ACT__ACCEPT && model_signed(m, &t->text.hash) & 1u << agency
                 ? ST_MORE
                 : ST_OK;
    }
    struct model_word word = model_word(m, m->count, agency, t);
    enum standing standing = model_standing(m, t, -1, NULL);
    if (standing == STANDING_DRAFT || standing == STANDING_REVOKED
        || i->signed_ms <= word.signed_ms)
        return ST_INVALID;
    if (i->act == CONCORDAT__ACT__REVOKE)
        return ST_OK;
    return word.suspends == (i->act == CONCORDAT__ACT__RESUME) ? ST_OK : ST_INVALID;
}

/* Of two agreements, versions 1 to 4 in two wordings, and one of a fifth. The second wording pins a
 * key that is not theirs for some. */
static void model_start(struct model *m, const struct governor keys[3])
{
    size_t n = 0;

    m->count = 0;
    for (int id = 0; id < 2; id++)
        for (uint32_t version = 1; version <= 5; version++)
            for (int wording = 0; wording < (version == 5 ? 1 : 2); wording++) {
                struct governor used[] = {keys[0], keys[1], keys[2]};
                size_t parties = id == 0 || wording == 1 ? 3 : 2;
                unsigned aliens = wording == 0 ? 0 : version == 3 ? 1 : version == 2 ? 6 : 0;
                for (int agency = 0; agency < 3; agency++)
                    if (aliens & 1u << agency)
                        used[agency].signing = model_alien(agency, keys);
                m->texts[n].text = text_of(used, parties, id == 0 ? "ISA-ONE" : "ISA-TWO", version,
                                           wording == 0 ? "one" : "two");
                m->texts[n].parties = (1u << parties) - 1;
                m->texts[n++].aliens = aliens;
            }
    assert_int_equal(n, MODEL_TEXTS);
}

static uint32_t draw(uint64_t *state, uint32_t below)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33) % below;
}

static struct digest model_draw_key(int agency, const struct governor keys[3], uint64_t *seed)
{
    uint32_t which = draw(seed, 6);

    if (which < 2)
        return which == 0 ? keys[agency].signing : model_alien(agency, keys);
    return (struct digest){{(uint8_t)which}};
}

/* Mostly what could be taken, often with one thing wrong. */
static struct instrument model_draw(const struct model *m, const struct governor keys[3],
                                    uint64_t *seed, int64_t now)
{
    static const Concordat__Act often[] = {
        CONCORDAT__ACT__PROPOSE, CONCORDAT__ACT__PROPOSE, CONCORDAT__ACT__ACCEPT,
        CONCORDAT__ACT__ACCEPT,  CONCORDAT__ACT__ACCEPT,  CONCORDAT__ACT__ACCEPT,
        CONCORDAT__ACT__ACCEPT,  CONCORDAT__ACT__ACCEPT,  CONCORDAT__ACT__SUSPEND,
        CONCORDAT__ACT__RESUME,  CONCORDAT__ACT__ROLL,    CONCORDAT__ACT__RETIRE};
    Concordat__Act act = often[draw(seed, LENGTH(often))];
    if (draw(seed, 40) == 0)
        act = draw(seed, 3) == 0 ? CONCORDAT__ACT__REVOKE
                                 : (Concordat__Act)(CONCORDAT__ACT__REJECT + (int)draw(seed, 2));
    bool is_key = act == CONCORDAT__ACT__ROLL || act == CONCORDAT__ACT__RETIRE;
    const struct model_text *t = &m->texts[draw(seed, MODEL_TEXTS)];
    const struct model_text *head = model_head(m, t->text.id);
    if (act > CONCORDAT__ACT__WITHDRAW && !is_key && head && draw(seed, 4))
        t = head;
    long start = -1;
    for (int tries = 0;
         act > CONCORDAT__ACT__PROPOSE && act <= CONCORDAT__ACT__WITHDRAW && tries < 20; tries++) {
        start = model_last(m, m->count, CONCORDAT__ACT__PROPOSE, &t->text.hash);
        if (start >= 0 && (model_is_open(m, t, now) || draw(seed, 8) == 0))
            break;
        t = &m->texts[draw(seed, MODEL_TEXTS)];
    }
    struct instrument i =
        act_of(act, &keys[draw(seed, 3)], is_key ? NULL : &t->text, now - (int64_t)draw(seed, 50));
    if (act <= CONCORDAT__ACT__WITHDRAW) {
        const struct instrument *p = start >= 0 ? &m->log[start].i : NULL;
        i.proposal_id.bytes[0] = (uint8_t)(1 + draw(seed, 250));
        i.predecessor_hash = p ? p->predecessor_hash : head ? head->text.hash : none;
        i.proposal_expires_ms = p ? p->proposal_expires_ms : now + 1 + (int64_t)draw(seed, 2000);
        if (p)
            i.proposal_id = p->proposal_id;
    }
    if (is_key)
        i.signing_key = model_draw_key(model_agency(i.agency), keys, seed);
    switch (draw(seed, 24)) { /* one thing wrong */
    case 0:
        i.key.bytes[0] ^= 0x40;
        break;
    case 1:
        if (!is_key)
            i.agreement_version++;
        break;
    case 2:
        if (act <= CONCORDAT__ACT__WITHDRAW)
            i.proposal_id.bytes[0] ^= 1;
        break;
    case 3:
        if (act <= CONCORDAT__ACT__WITHDRAW)
            i.predecessor_hash = m->texts[draw(seed, MODEL_TEXTS)].text.hash;
        break;
    case 4:
        if (act <= CONCORDAT__ACT__WITHDRAW)
            i.proposal_expires_ms += (int64_t)draw(seed, 3) - 1;
        break;
    case 5:
        i.signed_ms = now + 300001;
        break;
    case 6:
        if (!is_key)
            TEXT_COPY(i.agreement_id, draw(seed, 2) ? "ISA-ONE" : "ISA-TWO");
        break;
    case 7:
        if (m->count > 0)
            i = m->log[draw(seed, (uint32_t)m->count)].i; /* again */
        break;
    case 8:
        i.signed_ms -= (int64_t)draw(seed, 4000);
        break;
    default:
        break;
    }
    if (i.proposal_id.bytes[0] == 0 && act <= CONCORDAT__ACT__WITHDRAW)
        i.proposal_id.bytes[0] = 1;
    i.digest = digest_of(&i);
    return i;
}

static bool model_signer_counts(const struct model *m, const struct model_text *t, int agency,
                                const struct digest *key, int64_t at, const struct governor keys[3])
{
    const struct digest pinned =
        t->aliens & 1u << agency ? model_alien(agency, keys) : keys[agency].signing;
    Concordat__Act last = model_key_word(m, agency, key, at);

    return t->parties & 1u << agency
        && (last ? last == CONCORDAT__ACT__ROLL : digest_equal(key, &pinned));
}

static size_t model_compare(const struct model *m, const struct registrar *r, int self,
                            const struct governor keys[3], uint64_t *seed)
{
    size_t mismatches = 0, heads = 0;

    for (size_t n = 0; n < MODEL_TEXTS; n++) {
        const struct model_text *t = &m->texts[n];
        const struct agreement *a = registrar_version(r, &t->text.hash);
        bool is_the_head = model_head(m, t->text.id) == t;
        mismatches += standing_of(r, &t->text) != model_standing(m, t, self, keys);
        mismatches += is_head(r, &t->text) != is_the_head;
        heads += is_the_head;
        if (is_the_head && a) {
            int agency = (int)draw(seed, 3);
            struct digest key = model_draw_key(agency, keys, seed);
            int64_t at = NOW + (int64_t)draw(seed, 60 * MODEL_LOG / 2);
            mismatches += registrar_signer_counts(r, a, model_agencies[agency], &key, at)
                       != model_signer_counts(m, t, agency, &key, at, keys);
        }
    }
    return mismatches + (agreement_set_count(registrar_set(r)) != heads);
}

/* The broker's and every agency's: they see the same log. */
#define MODEL_REGISTRARS 4

static void model_registrars(struct registrar *list[MODEL_REGISTRARS],
                             const struct governor keys[3])
{
    for (int n = 0; n < MODEL_REGISTRARS; n++) {
        const struct governor *own = n < 3 ? &keys[n] : NULL;
        const struct registrar_rules rules = {.self = own ? own->agency : NULL,
                                              .signing = own ? &own->signing : NULL,
                                              .signing_count = own != NULL,
                                              .governance = own ? &own->pin : NULL,
                                              .governance_count = own != NULL};
        list[n] = registrar_of(&rules);
    }
}

/* What became of a version, and of which other it is the successor, is the same to all. */
struct model_chain {
    size_t count;
    struct {
        const char *id;
        struct digest hash, predecessor;
        size_t signed_count;
        bool is_head;
    } rows[MODEL_TEXTS];
    const struct registrar *of;
};

static bool model_link(void *context, const struct registrar_row *row)
{
    struct model_chain *chain = context;
    const struct agreement *head = agreement_set_find(registrar_set(chain->of), row->agreement->id);

    assert_true(chain->count < MODEL_TEXTS);
    memset(&chain->rows[chain->count], 0, sizeof chain->rows[0]);
    chain->rows[chain->count].id = strcmp(row->agreement->id, "ISA-ONE") == 0 ? "one" : "two";
    chain->rows[chain->count].hash = row->agreement->hash;
    chain->rows[chain->count].predecessor = row->predecessor_hash;
    chain->rows[chain->count].signed_count = row->signed_count;
    chain->rows[chain->count++].is_head = head == row->agreement;
    return true;
}

static size_t model_chains_differ(struct registrar *const list[MODEL_REGISTRARS], int64_t now)
{
    struct model_chain first = {.of = list[0]};
    size_t differ = 0;

    registrar_each(list[0], now, model_link, &first);
    for (int n = 1; n < MODEL_REGISTRARS; n++) {
        struct model_chain other = {.of = list[n]};
        registrar_each(list[n], now, model_link, &other);
        differ += other.count != first.count
               || memcmp(other.rows, first.rows, first.count * sizeof first.rows[0]) != 0;
    }
    return differ;
}

/* Takes it everywhere; how many answers are others than expected. */
static size_t model_take(struct registrar *const list[MODEL_REGISTRARS], const struct instrument *i,
                         struct bytes text, int64_t now, enum status expected)
{
    size_t differ = 0;

    for (int n = 0; n < MODEL_REGISTRARS; n++)
        differ += registrar_take(list[n], i, text, now, NULL) != expected;
    return differ;
}

static void a_random_log_reads_as_the_model_reads_it(void **)
{
    struct governor keys[3];
    struct registrar *list[MODEL_REGISTRARS];
    uint64_t seed = 20260401;
    size_t answers[3] = {0}, mismatches = 0, active = 0, alien = 0, total = 0;
    struct model *m = malloc(sizeof *m);

    assert_non_null(m);
    for (uint8_t n = 0; n < 3; n++)
        keys[n] = puppet(model_agencies[n], (uint8_t)(n + 1));
    model_start(m, keys);
    for (int world = 0; world < MODEL_WORLDS && mismatches == 0; world++) {
        int64_t now = NOW;
        model_registrars(list, keys);
        m->count = 0;
        for (int n = 0; n < MODEL_LOG && mismatches == 0; n++) {
            now += draw(&seed, 60);
            struct instrument i = model_draw(m, keys, &seed, now);
            const struct model_text *t = model_text(m, &i.agreement_hash);
            struct bytes text =
                t && i.act == CONCORDAT__ACT__PROPOSE ? body(&t->text) : (struct bytes){NULL, 0};
            enum status expected = model_answers(m, &i, t, now);
            mismatches += model_take(list, &i, text, now, expected);
            total++;
            answers[expected == ST_OK ? 0 : expected == ST_MORE ? 1 : 2]++;
            if (expected == ST_OK) {
                m->log[m->count].i = i;
                m->log[m->count++].at = now;
                mismatches += model_chains_differ(list, now);
            }
            int one = (int)draw(&seed, MODEL_REGISTRARS);
            if (n % 16 == 0 || expected == ST_OK)
                mismatches += model_compare(m, list[one], one < 3 ? one : -1, keys, &seed);
        }
        for (size_t n = 0; n < MODEL_TEXTS; n++) {
            active += model_was_enacted(m, &m->texts[n]);
            alien += model_was_enacted(m, &m->texts[n]) && m->texts[n].aliens;
        }
        for (int n = 0; n < MODEL_REGISTRARS; n++)
            registrar_free(list[n]);
    }
    free(m);
    print_message(
        "%zu instruments: %zu taken, %zu again, %zu refused; %zu texts in force, %zu with "
        "wrong pins; %zu mismatches\n",
        total, answers[0], answers[1], answers[2], active, alien, mismatches);
    assert_int_equal(mismatches, 0);
    assert_int_equal(total, 100000);
    assert_true(active > 500 && alien > 100 && answers[0] > 10000);
}
