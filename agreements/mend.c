#include "agreements/mend.h"

#include <string.h>

#include "agreements/words.h"
#include "lib/day.h"

#define OFFICERS 2 /* that a charter asks for */
#define CODE(name) CONCORDAT__REFUSAL_CODE__##name

/* A party that the side means, other than `not`; the one asked for when it does. */
static const char *party_for(const struct agreement *a, const char *side, const char *asked,
                             const char * not )
{
    const struct party *party = asked ? agreement_party(a, asked) : NULL;

    for (size_t pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < a->party_count; i++) {
            const struct party *p = &a->parties[i];

            if ((pass == 1 || p == party) && (!not || strcmp(p->agency, not ) != 0)
                && (strcmp(side, p->agency) == 0 || strcmp(side, p->kind) == 0))
                return p->agency;
        }
    return NULL;
}

/* Sender and recipient as the clause has them, as many kept as can be. */
static bool turn(struct attempt *attempt, const struct agreement *a, const struct clause *c,
                 struct change *change)
{
    struct question *q = &attempt->question;
    const char *from = party_for(a, c->from, q->from, NULL), *to;

    to = from ? party_for(a, c->to, q->to, from) : NULL;
    if (!to) { /* its only recipient is whom we chose to send it */
        to = party_for(a, c->to, q->to, NULL);
        from = to ? party_for(a, c->from, q->from, to) : NULL;
    }
    if (!from || !to)
        return false;
    reason_set(&change->advice, "let %s send it to %s", from, to);
    change->weight = 0;
    change->weight += !q->from || strcmp(from, q->from) != 0;
    change->weight += !q->to || strcmp(to, q->to) != 0;
    q->from = from;
    q->to = to;
    return true;
}

static void mend_categories(struct question *q, category_set offending, bool is_missing,
                            struct change *change)
{
    char names[WORDS_MAX];

    words_of_categories(offending, names);
    reason_set(&change->advice, "%s %s", is_missing ? "add" : "leave out", names);
    change->weight = (uint32_t)__builtin_popcount(offending);
    q->categories = is_missing ? q->categories | offending : q->categories & ~offending;
}

static void mend_day(struct attempt *attempt, int64_t day_ms, struct change *change)
{
    char day[DAY_TEXT_SIZE];

    day_print(day_ms, day);
    reason_set(&change->advice, "wait until %s", day);
    attempt->now_ms = day_ms;
}

static void mend_onward(struct question *q, const struct agreement *a, struct change *change)
{
    char names[WORDS_MAX];

    change->weight = words_of_onward(q, a, names);
    reason_set(&change->advice, "do not let the recipient pass it on to %s", names);
    q->onward_count = 0; /* those that are allowed raise no objection */
}

static void mend_version(struct question *q, const struct agreement *a, struct change *change)
{
    reason_set(&change->advice, "name %s v%u with the text known here", a->id, a->version);
    q->agreement_version = a->version;
    q->agreement_hash = a->hash;
}

/* The first capacity that the clause names. Who the subject is cannot be chosen, but a message that
 * left it unsaid can say it. */
static void mend_capacity(struct question *q, const struct clause *c, struct change *change)
{
    char names[WORDS_MAX];

    words_of_capacities(c->capacities, names);
    reason_set(&change->advice, "say that the subject stands as %s, where that is so", names);
    q->capacity = __builtin_ctz(c->capacities);
}

static void mend_marking(struct question *q, int marking, struct change *change)
{
    reason_set(&change->advice, "mark it %s", word_of_marking(marking));
    q->marking = marking;
}

/* Mended whatever the clause says, and where there is none. */
static bool is_about_agreement(Concordat__RefusalCode code)
{
    return code == CODE(AGREEMENT_VERSION_STALE) || code == CODE(AGREEMENT_NOT_YET)
        || code == CODE(SIGNER_NOT_PINNED);
}

bool mend(struct attempt *attempt, const struct agreement *a, const struct clause *c,
          const struct decision *d, struct change *change)
{
    struct question *q = &attempt->question;

    *change = (struct change){.code = d->code, .weight = 1};
    if (!c && !is_about_agreement(d->code))
        return false;
    switch ((int)d->code) {
    case CODE(AGREEMENT_VERSION_STALE):
        mend_version(q, a, change);
        return true;
    case CODE(SIGNER_NOT_PINNED):
        reason_set(&change->advice, "sign it with a key that %s pins for %s", a->id, q->from);
        q->signer_counts = true;
        return true;
    case CODE(AGREEMENT_NOT_YET):
        mend_day(attempt, a->from_ms, change);
        return true;
    case CODE(PARTY_NOT_SIGNATORY):
    case CODE(DIRECTION_NOT_ALLOWED):
        return turn(attempt, a, c, change);
    case CODE(PURPOSE_NOT_COVERED):
        reason_set(&change->advice, "send it for the purpose %s", c->purpose);
        q->purpose = c->purpose;
        return true;
    case CODE(GATEWAY_NOT_AVAILABLE):
        reason_set(&change->advice, "rest it on the gateway %s", c->gateway);
        q->gateway = c->gateway;
        return true;
    case CODE(REPLY_REQUIRED):
        reason_set(&change->advice, "send it in reply to a message");
        q->in_reply = true;
        return true;
    case CODE(SUBJECT_OUT_OF_SCOPE):
        mend_capacity(q, c, change);
        return true;
    case CODE(NOT_CURRENT_HOLDER):
        reason_set(&change->advice, "let the case's holder send it");
        q->is_holder = true;
        return true;
    case CODE(BREAK_GLASS_OFFICERS):
        reason_set(&change->advice, "let two officers stand behind it");
        q->officers = OFFICERS;
        return true;
    case CODE(CATEGORY_NOT_COVERED):
    case CODE(CATEGORY_MISSING):
        mend_categories(q, d->offending, d->code == CODE(CATEGORY_MISSING), change);
        return true;
    case CODE(MARKING_TOO_HIGH):
        mend_marking(q, a->marking_ceiling, change);
        return true;
    case CODE(MARKING_TOO_LOW):
        mend_marking(q, least_marking(a, c), change);
        return true;
    case CODE(RETENTION_TOO_LONG):
        reason_set(&change->advice, "ask to keep it at most %u days", a->retention_days);
        q->retention_days = a->retention_days;
        return true;
    case CODE(ONWARD_NOT_ALLOWED):
        mend_onward(q, a, change);
        return true;
    default: /* expired, suspended, no clause of the type: not the sender's to mend */
        return false;
    }
}

bool set_aside(struct attempt *attempt, const struct agreement *a, const struct decision *d,
               struct reason *remedy)
{
    struct question *q = &attempt->question;
    char day[DAY_TEXT_SIZE];

    switch ((int)d->code) {
    case CODE(NO_AGREEMENT):
        reason_set(remedy, a->standing == STANDING_SUPERSEDED
                               ? "the later version is what counts"
                               : "every party would have to sign it");
        attempt->standing_aside = true;
        return true;
    case CODE(AGREEMENT_REVOKED):
        reason_set(remedy, "its parties would have to sign a new version");
        attempt->standing_aside = true;
        return true;
    case CODE(AGREEMENT_SUSPENDED):
        reason_set(remedy, "each party that suspended it would have to resume it");
        attempt->standing_aside = true;
        return true;
    case CODE(AGREEMENT_EXPIRED):
        day_print(attempt->now_ms, day);
        reason_set(remedy, "its parties would have to sign a version in force on %s", day);
        attempt->standing_aside = true;
        return true;
    case CODE(BREAK_GLASS_SUSPENDED):
        reason_set(remedy, "%s would have to reinstate the privilege of %s",
                   *a->owner ? a->owner : "a party", q->from);
        q->privilege_suspended = false;
        return true;
    case CODE(BREAK_GLASS_QUOTA):
        reason_set(remedy, "one of the uses that count would have to be 24 hours old");
        q->uses_today = 0;
        return a->uses_per_day > 0;
    default:
        return false;
    }
}

void say_not_agreed(const struct question *q, const struct decision *d, struct reason *remedy)
{
    switch ((int)d->code) {
    case CODE(PARTY_NOT_SIGNATORY):
        reason_set(remedy, "every agency that sends or receives would have to be a party of it");
        break;
    case CODE(TYPE_NOT_COVERED):
        reason_set(remedy, "its parties would have to agree a clause for %s", q->type);
        break;
    default: /* each has its own: mend() or set_aside(). A clause that was read has two parties. */
        break;
    }
}
