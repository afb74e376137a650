/*
 * analysis_explain.c - `concordat agreement explain`: why a message would be refused, clause by
 * clause, and what would have to be otherwise.
 */
#include <stdio.h>
#include <string.h>

#include "agents/cli/analysis.h"
#include "agents/cli/arguments.h"
#include "agents/cli/explained.h"
#include "agents/cli/gateways.h"
#include "agents/cli/policy.h"
#include "agents/cli/show.h"
#include "lib/bytes.h"
#include "lib/clock.h"
#include "lib/id.h"
#include "lib/nearest.h"

/* --- the question --- */

static bool type_is_known(const char *name)
{
    struct nearest nearest = nearest_to(name);
    char suggestion[SUGGESTION_SIZE];
    size_t count;
    const struct message_type *all = catalogue_all(&count);

    if (catalogue_find(name))
        return true;
    for (size_t i = 0; i < count; i++)
        nearest_offer(&nearest, all[i].name);
    complain("unknown message type '%s'%s", name, suggest(&nearest, suggestion));
    return false;
}

#define VERSION_UNSAID UINT32_MAX

/* What was given, and what is asked. */
struct wanted {
    struct question question;
    int64_t on_ms;
    const char *categories, *marking, *capacity, *onward, *hash, *standing; /* not checked yet */
    enum standing supposed; /* of every agreement; where standing is NULL, as they are */
    uint32_t version;
    bool unpinned, handover, recipient_lost;
    char onwards[ONWARD_MAX][AGENCY_MAX + 1]; /* the question's */
};

static const struct {
    const char *name;
    enum standing standing;
} standings[] = {
    {"active", STANDING_ACTIVE},       {"draft", STANDING_DRAFT},
    {"revoked", STANDING_REVOKED},     {"superseded", STANDING_SUPERSEDED},
    {"suspended", STANDING_SUSPENDED},
};

static bool set_standing(struct wanted *w)
{
    for (size_t i = 0; w->standing && i < LENGTH_OF(standings); i++)
        if (strcmp(w->standing, standings[i].name) == 0) {
            w->supposed = standings[i].standing;
            return true;
        }
    if (w->standing)
        complain("--standing: '%s' is none of active, draft, revoked, superseded, suspended",
                 w->standing);
    return !w->standing;
}

static bool set_onward(struct wanted *w)
{
    struct question *q = &w->question;

    for (const char *at = w->onward; at; at = *at ? at + 1 : NULL) {
        size_t size = strcspn(at, ",");
        char *one = w->onwards[q->onward_count];

        if (q->onward_count == ONWARD_MAX) {
            complain("--onward: more than %d agencies, and no header has room for them",
                     ONWARD_MAX);
            return false;
        }
        (void)snprintf(one, AGENCY_MAX + 1, "%.*s", (int)size, at);
        if (size > AGENCY_MAX || !agency_is_valid(one)) {
            complain("--onward: '%.*s' is not an agency id like nps.cambs", (int)size, at);
            return false;
        }
        q->onward_count++;
        at += size;
    }
    q->onward = w->onwards;
    return true;
}

/* Agreement, version, text and clause: a header names all of them. */
static bool set_named(struct wanted *w)
{
    struct question *q = &w->question;

    if (q->clause && !q->agreement_id) {
        complain("--clause wants --agreement: a clause is one agreement's");
        return false;
    }
    if ((w->version != VERSION_UNSAID || w->hash) && !q->clause) {
        complain("--agreement-version and --agreement-hash want --clause: a header names them "
                 "together");
        return false;
    }
    if (w->version != VERSION_UNSAID && (w->version == 0 || w->version > VERSION_MAX)) {
        complain("--agreement-version: %u is not within 1 to %d", w->version, VERSION_MAX);
        return false;
    }
    if (w->hash && !hex_parse(w->hash, q->agreement_hash.bytes, sizeof q->agreement_hash.bytes)) {
        complain("--agreement-hash: '%s' is not a SHA-256 of 64 hexadecimal digits", w->hash);
        return false;
    }
    q->agreement_version = w->version == VERSION_UNSAID ? 0 : w->version;
    return true;
}

static bool set_handover(const struct wanted *w)
{
    if (w->handover && !w->question.agreement_id)
        complain("--handover wants --agreement: that it was accepted under");
    else if (w->recipient_lost && !w->handover)
        complain("--recipient-lost wants --handover: only then does anybody look");
    else
        return true;
    return false;
}

static bool question_is_sound(struct wanted *w)
{
    struct question *q = &w->question;

    if (!q->from || !q->to || !q->type || !w->categories) {
        complain("missing: --from, --to, --type and --category say what is asked about");
        return false;
    }
    if (!type_is_known(q->type) || !categories_of(w->categories, &q->categories))
        return false;
    if (q->purpose && !purpose_is_known(q->purpose)) {
        complain("unknown purpose '%s'", q->purpose);
        return false;
    }
    if (q->gateway && !gateway_named(q->gateway))
        return false;
    if (w->marking && !(q->marking = marking_of(w->marking))) {
        complain("--marking: '%s' is neither OFFICIAL nor OFFICIAL-SENSITIVE", w->marking);
        return false;
    }
    if (w->capacity && !(q->capacity = capacity_of(w->capacity))) {
        complain("--capacity: '%s' is no capacity of a subject", w->capacity);
        return false;
    }
    q->signer_counts = !w->unpinned;
    return set_onward(w) && set_named(w) && set_standing(w) && set_handover(w);
}

/* The agreements as they are supposed to stand. Pins count only where a text is signed. */
static void suppose(struct agreement_set *set, const struct wanted *w)
{
    for (size_t i = 0; i < agreement_set_count(set); i++) {
        struct agreement *a = agreement_set_own(set, i);

        if (w->standing)
            a->standing = w->supposed;
        else if (w->unpinned && a->standing == STANDING_ASSUMED)
            a->standing = STANDING_ACTIVE;
    }
}

static enum exit_code explain(struct cli *cli, const struct wanted *w,
                              const struct arguments *arguments)
{
    OWNED(agreement_set) set = NULL;
    OWNED(considered) considered = NULL;
    enum exit_code code;
    enum status st;

    if (!(set = policy_of(cli, arguments->items, arguments->count, &code)))
        return code;
    suppose(set, w);
    st = w->handover ? considered_handover(&w->question, set, w->recipient_lost, &considered)
                     : considered_of(&w->question, set, w->on_ms, &considered);
    if (st != ST_OK) {
        complain("memory is out");
        return EXIT_FAILED;
    }
    code = explained_show(cli, considered, &w->question);
    if (code == EXIT_DONE && !considered->verdict.permitted)
        return EXIT_REFUSED;
    return code;
}

enum exit_code run_agreement_explain(struct cli *cli, const struct command *self, int argc,
                                     char **argv)
{
    struct wanted w = {
        .question = {.officers = 2}, .version = VERSION_UNSAID, .on_ms = clock_wall_ms()};
    struct question *q = &w.question;
    const struct option_spec specs[] = {
        {"from", OPTION_AGENCY, &q->from, "AGENCY", "the sender"},
        {"to", OPTION_AGENCY, &q->to, "AGENCY", "the recipient"},
        {"type", OPTION_TEXT, &q->type, "TYPE", "the message type"},
        {"category", OPTION_TEXT, &w.categories, "C,...", "what it carries: DC_CHILD,DC_STAFF"},
        {"purpose", OPTION_TEXT, &q->purpose, "P", "default: the clause's"},
        {"gateway", OPTION_TEXT, &q->gateway, "G", "default: the clause's"},
        {"marking", OPTION_TEXT, &w.marking, "M", "default: the least that is allowed"},
        {"retention-days", OPTION_NUMBER, &q->retention_days, "N", "default: the agreement's"},
        {"onward", OPTION_TEXT, &w.onward, "AGENCY,...", "whom the recipient may pass it on to"},
        {"capacity", OPTION_TEXT, &w.capacity, "C", "the subject's: SUSPECT, VICTIM, ..."},
        {"holder", OPTION_FLAG, &q->is_holder, NULL, "the sender holds the case"},
        {"in-reply", OPTION_FLAG, &q->in_reply, NULL, "it answers a message"},
        {"unpinned-key", OPTION_FLAG, &w.unpinned, NULL,
         "signed with a key that the agreement does not pin"},
        {"officers", OPTION_NUMBER, &q->officers, "N", "of a charter, different ones; default 2"},
        {"uses-today", OPTION_NUMBER, &q->uses_today, "N",
         "of a charter, in the last 24 hours; default 0"},
        {"privilege-suspended", OPTION_FLAG, &q->privilege_suspended, NULL,
         "the sender's use of a charter is suspended"},
        {"agreement", OPTION_TEXT, &q->agreement_id, "ID", "under that one and no other"},
        {"clause", OPTION_TEXT, &q->clause, "ID", "the header names it; wants --agreement"},
        {"agreement-version", OPTION_NUMBER, &w.version, "N", "the header names it with --clause"},
        {"agreement-hash", OPTION_TEXT, &w.hash, "SHA256", "the header names it with --clause"},
        {"standing", OPTION_TEXT, &w.standing, "S",
         "suppose active, draft, revoked, superseded or suspended"},
        {"handover", OPTION_FLAG, &w.handover, NULL,
         "it was accepted under --agreement; may it be handed over?"},
        {"recipient-lost", OPTION_FLAG, &w.recipient_lost, NULL,
         "with --handover: the recipient's certificates are gone"},
        {"on", OPTION_TIME, &w.on_ms, "DAY", "default: now"},
    };
    struct arguments arguments;
    enum parsed parsed =
        arguments_parse(cli, self, specs, LENGTH_OF(specs), argc, argv, &arguments);

    if (parsed != PARSED_OK)
        return arguments_exit(parsed);
    if (!question_is_sound(&w))
        return EXIT_BAD_INPUT;
    return explain(cli, &w, &arguments);
}
