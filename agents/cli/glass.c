/*
 * glass.c - the acts of break-glass, signed offline: an officer authorises one message, another
 * agency reviews it, the charter's owner reinstates. See signing.h.
 *
 * An authorisation names the message, the recipient, and the charter's clause, which says of what
 * type it is. So the message's id is made here, by the first officer, and sent under (`concordat
 * send --break-glass --id ID`).
 */
#include <string.h>

#include "agents/cli/command.h"
#include "agents/cli/signing.h"
#include "agreements/decide.h"
#include "lib/text.h"

bool glass_has_act(Concordat__Act act)
{
    return act == CONCORDAT__ACT__AUTHORISE || act == CONCORDAT__ACT__REVIEW
        || act == CONCORDAT__ACT__REINSTATE;
}

static bool bad(const char *text)
{
    complain("%s", text);
    return false;
}

bool glass_is_complete(const struct signing *s)
{
    const bool authorises = s->act == CONCORDAT__ACT__AUTHORISE;
    const bool reviews = s->act == CONCORDAT__ACT__REVIEW;
    const bool reinstates = s->act == CONCORDAT__ACT__REINSTATE;

    if (!authorises && (s->to || s->type))
        return bad("--to and --type go with authorise");
    if (authorises && (!s->to || !s->type))
        return bad("authorise wants --to AGENCY and --type TYPE: what goes to whom");
    if (!reviews && (s->upheld || s->not_upheld))
        return bad("--upheld and --not-upheld go with review");
    if (reviews && s->upheld == s->not_upheld)
        return bad("review wants --upheld or --not-upheld");
    if (!authorises && !reviews && !concordat_id_is_none(&s->message))
        return bad("--message goes with authorise and review");
    if (reviews && concordat_id_is_none(&s->message))
        return bad("review of which message? --message ID");
    if (!reinstates && s->of)
        return bad("--of goes with reinstate");
    if (reinstates && !s->of)
        return bad("reinstate whom? --of AGENCY");
    return true;
}

/* The clause that lets this type go from the signer to the recipient, two officers behind it. */
static const struct clause *find_clause(const struct signing *s, const struct agreement *a)
{
    for (size_t n = 0; n < a->clause_count; n++) {
        const struct clause *clause = &a->clauses[n];
        struct question question = {.from = s->agency,
                                    .to = s->to,
                                    .type = s->type,
                                    .categories = clause->required,
                                    .in_reply = true,
                                    .signer_counts = true,
                                    .is_holder = true,
                                    .officers = OFFICERS_WANTED};

        question_complete(&question, a, clause);
        Concordat__RefusalCode code = judge_clause(&question, a, clause).code;
        if (code == CONCORDAT__REFUSAL_CODE__REFUSAL_UNSPECIFIED
            || code == CONCORDAT__REFUSAL_CODE__SUBJECT_OUT_OF_SCOPE) /* its sender says which */
            return clause;
    }
    complain("%s: no clause of %s lets %s send a %s to %s", s->file, a->id, s->agency, s->type,
             s->to);
    return NULL;
}

static bool authorise(const struct signing *s, const struct agreement *a, struct instrument *i)
{
    const struct clause *clause = find_clause(s, a);

    if (!clause)
        return false;
    TEXT_COPY(i->clause, clause->id);
    if (id_is_zero(&i->message_id))
        i->message_id = id_new(i->signed_ms);
    return true;
}

bool glass_fill(const struct signing *s, const struct agreement *a, struct instrument *i)
{
    const char *other = s->act == CONCORDAT__ACT__AUTHORISE ? s->to : s->of;

    if (!a->is_charter) {
        complain("%s: %s is no charter", s->file, a->id);
        return false;
    }
    if (other && !agreement_party(a, other)) {
        complain("%s: %s is no party of %s version %u", s->file, other, a->id, a->version);
        return false;
    }
    if (other && strcmp(other, s->agency) == 0) {
        complain(s->of ? "%s cannot reinstate itself" : "%s does not send to itself", other);
        return false;
    }
    if (s->act == CONCORDAT__ACT__REINSTATE && a->owner[0] != '\0'
        && strcmp(a->owner, s->agency) != 0 && strcmp(a->owner, s->of) != 0) {
        complain("%s: %s owns %s and alone may reinstate", s->file, a->owner, a->id);
        return false;
    }
    if (other)
        (void)snprintf(i->counterpart, sizeof i->counterpart, "%s", other);
    i->upheld = s->upheld;
    memcpy(i->message_id.bytes, s->message.bytes, ID_SIZE);
    return s->act != CONCORDAT__ACT__AUTHORISE || authorise(s, a, i);
}

void glass_show(FILE *stream, const struct signing *s, const struct instrument *i)
{
    char id[ID_TEXT_SIZE];

    id_print(&i->message_id, id);
    if (i->act == CONCORDAT__ACT__REINSTATE) {
        (void)fprintf(stream, "  reinstates   %s\n", i->counterpart);
        return;
    }
    (void)fprintf(stream, "  message      %s\n", id);
    if (i->act == CONCORDAT__ACT__AUTHORISE)
        (void)fprintf(stream, "  it goes      %s to %s, clause %s, within an hour\n", s->type,
                      i->counterpart, i->clause);
    else
        (void)fprintf(stream, "  its use was  %s\n",
                      i->upheld ? "right" : "not right: the privilege is suspended");
}

void glass_json(const struct signing *s, const struct instrument *i, json_t *object)
{
    char id[ID_TEXT_SIZE];

    id_print(&i->message_id, id);
    if (i->act != CONCORDAT__ACT__REINSTATE)
        (void)json_object_set_new(object, "message", json_string(id));
    if (i->act != CONCORDAT__ACT__REVIEW)
        (void)json_object_set_new(object, i->act == CONCORDAT__ACT__AUTHORISE ? "to" : "reinstates",
                                  json_string(i->counterpart));
    else
        (void)json_object_set_new(object, "upheld", json_boolean(i->upheld));
    if (i->act == CONCORDAT__ACT__AUTHORISE) {
        (void)json_object_set_new(object, "officer", json_string(i->officer));
        (void)json_object_set_new(object, "type", json_string(s->type));
        (void)json_object_set_new(object, "clause", json_string(i->clause));
    }
}
