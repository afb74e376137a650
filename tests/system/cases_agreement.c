#include "tests/system/cases_agreement.h"

#include <string.h>

#include "tests/system/text.h"

/* Ids are of the kinds' first letters: "offer-nc" from NPS to CRC. */
struct way {
    const char *id, *type, *required, *allowed, *more;
    enum {
        KEEPERS, /* either way between the two who keep cases */
        ASKS,    /* from each of them to who answers */
        ANSWERS  /* and back */
    } way;
    const char *timed; /* besides, where all has its time */
};

static const struct way ways[] = {
    {"offer", "case.transfer.offer", "DC_IDENTITY, DC_SENTENCE_ORDER, DC_RISK_SCORE", "DC_STAFF",
     "", KEEPERS, "    decide-within: 2h\n"},
    {"accept", "case.transfer.accept", "DC_IDENTITY", "DC_STAFF", "", KEEPERS, ""},
    {"withdraw", "case.transfer.withdraw", "DC_IDENTITY", "DC_STAFF", "", KEEPERS, ""},
    {"complete", "case.transfer.complete", "DC_IDENTITY", "DC_STAFF", "", KEEPERS, ""},
    {"part", "case.record.part", "DC_IDENTITY", "DC_SENTENCE_ORDER, DC_STAFF", "", KEEPERS, ""},
    {"ask", "check.social_care.children.request", "DC_IDENTITY",
     "DC_CHILD, DC_THIRD_PARTY, DC_STAFF", "    answer-within: 4h\n", ASKS, ""},
    {"answer", "check.social_care.children.response", "DC_IDENTITY",
     "DC_CHILD, DC_THIRD_PARTY, DC_STAFF", "    only-in-reply: true\n", ANSWERS, ""},
    {"refer", "safeguarding.referral.child", "DC_IDENTITY, DC_CHILD", "DC_THIRD_PARTY, DC_STAFF",
     "    acknowledge-within: 1h\n", ASKS, "    decide-within: 2h\n    close-within: 1h\n"},
    {"update", "safeguarding.update", "DC_IDENTITY", "DC_STAFF", "", ASKS, ""},
    {"contact", "case.first_contact", "DC_IDENTITY", "DC_STAFF", "", KEEPERS, ""},
};

static const char contact_expected[] = "expectations:\n"
                                       "  - id: contact\n"
                                       "    after: case.transfer.complete\n"
                                       "    expect: case.first_contact\n"
                                       "    within: 4h\n"
                                       "    tell: Test desk\n";

static void add_clause(struct text *t, const struct way *w, const char *from, const char *to,
                       bool timed)
{
    const bool safe = strncmp(w->type, "safe", 4) == 0;

    text_add(t,
             "  - id: %s-%c%c\n    type: %s\n    from: %s\n    to: %s\n    purpose: %s\n"
             "    gateway: %s\n    required: [%s]\n    allowed: [%s]\n%s%s",
             w->id, from[0] | 0x20, to[0] | 0x20, w->type, from, to,
             safe ? "safeguard_child" : "allocation", safe ? "CA1989_S17_S47" : "OMA2007_S14",
             w->required, w->allowed, w->more, timed ? w->timed : "");
}

static void make(struct community *c, const struct member parties[CASES_PARTIES], bool timed)
{
    static const char *const keepers[] = {"NPS", "CRC"};
    static struct text t;

    t.size = 0;
    text_add(&t, "agreement: ISA-CASES\nversion: 1\ntitle: Cases that change hands\n"
                 "in-force: 2020-01-01\nreview: 2030-01-01\nexpires: 2035-01-01\nmarking:\n"
                 "  floor: OFFICIAL\n  ceiling: OFFICIAL_SENSITIVE\nretention-days: 365\n"
                 "onward: []\nparties:\n");
    for (size_t i = 0; i < CASES_PARTIES; i++)
        text_add(&t, "  - agency: %s\n    kind: %s\n    contact: Test desk\n    calendar: always\n",
                 parties[i].agency, parties[i].kind);
    text_add(&t, "clauses:\n");
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        for (size_t k = 0; k < 2; k++) {
            const char *keeper = keepers[k];
            const char *other = ways[i].way == KEEPERS ? keepers[1 - k] : "LA_CHILDREN";
            const bool back = ways[i].way == ANSWERS;
            add_clause(&t, &ways[i], back ? other : keeper, back ? keeper : other, timed);
        }
    if (timed)
        text_add(&t, "%s", contact_expected);
    community_agreement(c, "cases.yaml", t.bytes);
}

void cases_agreement(struct community *c, const struct member parties[CASES_PARTIES])
{
    make(c, parties, false);
}

void cases_agreement_timed(struct community *c, const struct member parties[CASES_PARTIES])
{
    make(c, parties, true);
}
