/* explain.c - a decision in one sentence, as decide.h promises. */
#include <stdio.h>
#include <string.h>

#include "agreements/decide.h"
#include "lib/day.h"
#include "proto/header.pb-c.h"

#define NAMES_MAX 384 /* bytes: more names than fit in a reason are cut anyway */

/* "DC_IDENTITY, DC_CHILD" */
static void print_names(category_set set, char out[static NAMES_MAX])
{
    size_t size = 0;

    out[0] = '\0';
    for (uint32_t c = 0; c < 32; c++) {
        const char *name = category_name(c);

        if (!(set & (1u << c)) || size >= NAMES_MAX)
            continue;
        int n = snprintf(out + size, NAMES_MAX - size, "%s%s", size ? ", " : "",
                         name ? name : "an unknown category");
        size += n > 0 ? (size_t)n : 0;
    }
}

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

static const char *marking_name(int marking)
{
    const ProtobufCEnumValue *value =
        protobuf_c_enum_descriptor_get_value(&concordat__marking__descriptor, marking);

    return value ? value->name : "none";
}

static const char *capacity_name(int capacity)
{
    const ProtobufCEnumValue *value =
        protobuf_c_enum_descriptor_get_value(&concordat__subject_capacity__descriptor, capacity);

    return value && capacity ? value->name : "(none)";
}

static void explain_categories(const struct decision *d, const struct question *q,
                               const char *where, struct reason *out)
{
    bool missing = d->code == CONCORDAT__REFUSAL_CODE__CATEGORY_MISSING;
    bool many = __builtin_popcount(d->offending) > 1;
    const char *advice = "; more than that stands against it";
    char names[NAMES_MAX];

    print_names(d->offending, names);
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
        reason_set(out, "%s rests on the gateway %s, not %s", where, c->gateway, text(q->gateway));
        break;
    case CONCORDAT__REFUSAL_CODE__REPLY_REQUIRED:
        reason_set(out, "%s permits %s only in reply to a message", where, c->type->name);
        break;
    case CONCORDAT__REFUSAL_CODE__SUBJECT_OUT_OF_SCOPE:
        reason_set(out, "%s is not about a subject who stands as %s", where,
                   capacity_name(q->capacity));
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
        reason_set(out, "%s carries nothing marked above %s", where,
                   marking_name(a->marking_ceiling));
        break;
    case CONCORDAT__REFUSAL_CODE__MARKING_TOO_LOW:
        reason_set(
            out, "%s needs a marking of at least %s, not %s", where,
            marking_name(c->type->marking > a->marking_floor ? c->type->marking : a->marking_floor),
            marking_name(q->marking));
        break;
    case CONCORDAT__REFUSAL_CODE__RETENTION_TOO_LONG:
        reason_set(out, "%s lets the recipient keep it %u days, not %u", where, a->retention_days,
                   q->retention_days);
        break;
    case CONCORDAT__REFUSAL_CODE__ONWARD_NOT_ALLOWED:
        for (size_t i = 0; i < q->onward_count; i++)
            if (!agreement_allows_onward(a, q->onward[i])) {
                reason_set(out, "%s does not let the recipient pass it on to %s", where,
                           q->onward[i]);
                break;
            }
        break;
    case CONCORDAT__REFUSAL_CODE__BREAK_GLASS_SUSPENDED:
        reason_set(out, "%s: the privilege of %s is suspended until its uses are reviewed", where,
                   text(q->from));
        break;
    case CONCORDAT__REFUSAL_CODE__BREAK_GLASS_QUOTA:
        reason_set(out, "%s may be used %u times a day by an agency; %s has done so", where,
                   a->uses_per_day, text(q->from));
        break;
    case CONCORDAT__REFUSAL_CODE__BREAK_GLASS_OFFICERS:
        reason_set(out, "%s wants the credentials of two different officers, not %u", where,
                   q->officers);
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
            reason_set(out, "the message was decided under %s v%u; v%u is the one known here",
                       a->id, q->agreement_version, a->version);
        else
            reason_set(out, "the message was decided under another text of %s v%u", a->id,
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
