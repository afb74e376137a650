/* explain.c - a decision in one sentence, as decide.h promises. */
#include <stdio.h>
#include <string.h>

#include "agreements/decide.h"
#include "agreements/gateways.h"
#include "agreements/words.h"
#include "lib/day.h"

/* Would the clause permit the question with these categories? */
static bool would_do(const struct decision *d, const struct question *q, category_set categories)
{
    struct question changed = *q;

    question_complete(&changed, d->agreement, d->clause);
    changed.categories = categories;
    return judge_flow(&changed, d->agreement, d->clause).code == 0;
}

static const char *text(const char *s)
{
    return s && *s ? s : "(none)";
}

/* "is about a subject who stands as CONVICTED or CHILD_OF_SUBJECT; the message says VICTIM". What
 * it says of the subject is in its header, whoever the subject is. */
static void explain_capacity(const struct clause *c, int capacity, const char *where,
                             struct reason *out)
{
    char names[WORDS_MAX];

    words_of_capacities(c->capacities, names);
    if (capacity == 0)
        reason_set(out, "%s is about a subject who stands as %s; the message does not say", where,
                   names);
    else
        reason_set(out, "%s is about a subject who stands as %s; the message says %s", where, names,
                   word_of_capacity(capacity));
}

static void explain_floor(const struct decision *d, const struct question *q, const char *where,
                          struct reason *out)
{
    const struct message_type *type = d->clause->type;
    bool by_type = type->marking > d->agreement->marking_floor;

    reason_set(out, "%s needs a marking of at least %s, the %s %s; the message is marked %s", where,
               word_of_marking(least_marking(d->agreement, d->clause)),
               by_type ? "least for" : "floor of", by_type ? type->name : d->agreement->id,
               word_of_marking(q->marking));
}

/* Both enactments by name, so that a reader need not look the codes up. */
static void explain_gateway(const struct clause *c, const char *asked, const char *where,
                            struct reason *out)
{
    const struct gateway *own = gateway_find(c->gateway), *other = gateway_find(asked);

    reason_set(out, "%s rests on the gateway %s (%s: %s), not %s (%s)", where, c->gateway,
               own ? own->source : "no row of the statute book", own ? own->provision : "", asked,
               other ? other->source : "no row of the statute book");
}

static void explain_onward(const struct decision *d, const struct question *q, const char *where,
                           struct reason *out)
{
    char names[WORDS_MAX];

    (void)words_of_onward(q, d->agreement, names);
    reason_set(out, "%s does not let the recipient pass it on to %s", where, names);
}

static void explain_categories(const struct decision *d, const struct question *q,
                               const char *where, struct reason *out)
{
    bool missing = d->code == CONCORDAT__REFUSAL_CODE__CATEGORY_MISSING;
    bool many = __builtin_popcount(d->offending) > 1;
    const char *advice = "; more than that stands against it";
    char names[WORDS_MAX];

    words_of_categories(d->offending, names);
    if (missing) {
        if (would_do(d, q, q->categories | d->offending))
            advice = many ? "; with them the message would be permitted"
                          : "; with it the message would be permitted";
        reason_set(out, "%s requires %s, which the message does not carry%s", where, names, advice);
        return;
    }
    if (would_do(d, q, q->categories & ~d->offending))
        advice = many ? "; without them the message would be permitted"
                      : "; without it the message would be permitted";
    reason_set(out, "%s does not cover %s from %s to %s%s", where, names, text(q->from),
               text(q->to), advice);
}

/* Refusals about one clause; `where` names it. */
static void explain_clause(const struct decision *d, const struct question *q, const char *where,
                           struct reason *out)
{
    const struct agreement *a = d->agreement;
    const struct clause *c = d->clause;

    switch ((int)d->code) {
    case CONCORDAT__REFUSAL_CODE__TYPE_NOT_COVERED:
        reason_set(out, "%s is about %s, not %s", where, c->type->name, text(q->type));
        break;
    case CONCORDAT__REFUSAL_CODE__DIRECTION_NOT_ALLOWED:
        reason_set(out, "%s lets %s send %s to %s, not %s to %s", where, c->from, c->type->name,
                   c->to, text(q->from), text(q->to));
        break;
    case CONCORDAT__REFUSAL_CODE__PURPOSE_NOT_COVERED:
        reason_set(out, "%s is for the purpose %s, not %s", where, c->purpose, text(q->purpose));
        break;
    case CONCORDAT__REFUSAL_CODE__GATEWAY_NOT_AVAILABLE:
        explain_gateway(c, text(q->gateway), where, out);
        break;
    case CONCORDAT__REFUSAL_CODE__REPLY_REQUIRED:
        reason_set(out, "%s permits %s only in reply to a message", where, c->type->name);
        break;
    case CONCORDAT__REFUSAL_CODE__SUBJECT_OUT_OF_SCOPE:
        explain_capacity(c, q->capacity, where, out);
        break;
    case CONCORDAT__REFUSAL_CODE__NOT_CURRENT_HOLDER:
        reason_set(out, "%s is for the case's holder alone, and %s does not hold it", where,
                   text(q->from));
        break;
    case CONCORDAT__REFUSAL_CODE__CATEGORY_NOT_COVERED:
    case CONCORDAT__REFUSAL_CODE__CATEGORY_MISSING:
        explain_categories(d, q, where, out);
        break;
    case CONCORDAT__REFUSAL_CODE__MARKING_TOO_HIGH:
        reason_set(
            out, "%s carries nothing marked above %s, the ceiling of %s; the message is marked %s",
            where, word_of_marking(a->marking_ceiling), a->id, word_of_marking(q->marking));
        break;
    case CONCORDAT__REFUSAL_CODE__MARKING_TOO_LOW:
        explain_floor(d, q, where, out);
        break;
    case CONCORDAT__REFUSAL_CODE__RETENTION_TOO_LONG:
        reason_set(out, "%s lets the recipient keep it %u days, not %u", where, a->retention_days,
                   q->retention_days);
        break;
    case CONCORDAT__REFUSAL_CODE__ONWARD_NOT_ALLOWED:
        explain_onward(d, q, where, out);
        break;
    case CONCORDAT__REFUSAL_CODE__BREAK_GLASS_SUSPENDED:
        reason_set(out, "%s: the privilege of %s is suspended until its uses are reviewed", where,
                   text(q->from));
        break;
    case CONCORDAT__REFUSAL_CODE__BREAK_GLASS_QUOTA:
        reason_set(out, "%s may be used %u times in 24 hours by an agency; %s has used it %u times",
                   where, a->uses_per_day, text(q->from), q->uses_today);
        break;
    case CONCORDAT__REFUSAL_CODE__BREAK_GLASS_OFFICERS:
        reason_set(out, "%s wants the credentials of two different officers; the message has %s",
                   where,
                   q->officers ? "those of one, and the same one again does not count" : "none");
        break;
    default:
        reason_set(out, "%s does not permit it", where);
        break;
    }
}

/* Refusals about the agreement as a whole. */
static void explain_agreement(const struct decision *d, const struct question *q,
                              struct reason *out)
{
    const struct agreement *a = d->agreement;
    char day[DAY_TEXT_SIZE];

    switch ((int)d->code) {
    case CONCORDAT__REFUSAL_CODE__AGREEMENT_VERSION_STALE:
        if (q->agreement_version != a->version)
            reason_set(out, "%s is known here as v%u; the message names v%u", a->id, a->version,
                       q->agreement_version);
        else
            reason_set(out, "%s v%u is known here with another text than the message names", a->id,
                       a->version);
        break;
    case CONCORDAT__REFUSAL_CODE__AGREEMENT_NOT_YET:
        day_print(a->from_ms, day);
        reason_set(out, "%s v%u is not in force before %s", a->id, a->version, day);
        break;
    case CONCORDAT__REFUSAL_CODE__AGREEMENT_EXPIRED:
        day_print(a->until_ms, day);
        reason_set(out, "%s v%u expired on %s", a->id, a->version, day);
        break;
    case CONCORDAT__REFUSAL_CODE__AGREEMENT_REVOKED:
        reason_set(out, "%s v%u is revoked", a->id, a->version);
        break;
    case CONCORDAT__REFUSAL_CODE__AGREEMENT_SUSPENDED:
        reason_set(out, "%s v%u is suspended", a->id, a->version);
        break;
    case CONCORDAT__REFUSAL_CODE__RECIPIENT_LOST:
        reason_set(out, "%s has no certificate that is in force any more", text(q->to));
        break;
    case CONCORDAT__REFUSAL_CODE__SIGNER_NOT_PINNED:
        reason_set(out, "%s v%u does not count the key that %s signed with", a->id, a->version,
                   text(q->from));
        break;
    case CONCORDAT__REFUSAL_CODE__PARTY_NOT_SIGNATORY:
        if (!(q->from && agreement_party(a, q->from)) && !(q->to && agreement_party(a, q->to)))
            reason_set(out, "neither %s nor %s is a party of %s v%u", text(q->from), text(q->to),
                       a->id, a->version);
        else
            reason_set(out, "%s is not a party of %s v%u",
                       q->from && agreement_party(a, q->from) ? text(q->to) : text(q->from), a->id,
                       a->version);
        break;
    default: /* TYPE_NOT_COVERED */
        if (q->clause && *q->clause)
            reason_set(out, "%s v%u has no clause %s", a->id, a->version, q->clause);
        else
            reason_set(out, "%s v%u has no clause for %s", a->id, a->version, text(q->type));
        break;
    }
}

/* Whatever the clause says. */
static bool is_about_agreement(const struct decision *d)
{
    switch ((int)d->code) {
    case CONCORDAT__REFUSAL_CODE__AGREEMENT_REVOKED:
    case CONCORDAT__REFUSAL_CODE__AGREEMENT_SUSPENDED:
    case CONCORDAT__REFUSAL_CODE__AGREEMENT_NOT_YET:
    case CONCORDAT__REFUSAL_CODE__AGREEMENT_EXPIRED:
        return true;
    default:
        return !d->clause;
    }
}

void decision_explain(const struct decision *d, const struct question *q, struct reason *out)
{
    char where[AGREEMENT_ID_MAX + CLAUSE_ID_MAX + 32];

    if (!d->agreement) {
        if (q->agreement_id && *q->agreement_id)
            reason_set(out, "agreement %s is not known here", q->agreement_id);
        else if (d->sender_is_party)
            reason_set(out, "%s and %s are parties of no agreement together", text(q->from),
                       text(q->to));
        else
            reason_set(out, "%s is party to no agreement, so it may send nothing", text(q->from));
        return;
    }
    if (d->permitted && !d->clause) {
        reason_set(out, "%s v%u lets what was accepted under it be handed over", d->agreement->id,
                   d->agreement->version);
        return;
    }
    if (is_about_agreement(d)) {
        explain_agreement(d, q, out);
        return;
    }
    (void)snprintf(where, sizeof where, "%s v%u clause %s", d->agreement->id, d->agreement->version,
                   d->clause->id);
    if (d->permitted)
        reason_set(out, "%s permits it", where);
    else
        explain_clause(d, q, where, out);
}
