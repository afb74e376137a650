/* The statute book against a second reading of it, kind by kind; and clauses held against the book.
 */
#include "tests/unit/unit.h"

#include "agreements/gateways.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agreements/agreement.h"
#include "agreements/regimes.h"
#include "agreements/statute.h"

/* The second reading: who may send to whom under each, every pair of kinds by name. A side is a
 * list;
 * `*' is every kind, `-' takes one out again. A row may have several lines. */
static const struct {
    const char *code, *from, *to;
} reading[] = {
    {"CA1989_S17_S47", "*", "LA_CHILDREN"},
    {"CA1989_S17_S47", "LA_CHILDREN",
     "LA_ADULTS LA_HOUSING NHS_MENTAL_HEALTH NHS_OTHER POLICE NPS CRC PRISON YOT FAMILIES_TEAM "
     "TREATMENT_PROVIDER"},
    {"CARE2014_S42", "*", "LA_ADULTS"},
    {"CARE2014_S42", "LA_ADULTS",
     "LA_CHILDREN LA_HOUSING NHS_MENTAL_HEALTH NHS_OTHER POLICE NPS CRC PRISON DWP "
     "TREATMENT_PROVIDER"},
    {"CARE2014_S45", "*", "LA_ADULTS"},
    {"CDA1998_S115", "*",
     "POLICE NPS CRC LA_ADULTS LA_CHILDREN LA_HOUSING FAMILIES_TEAM YOT NHS_OTHER"},
    {"CDA1998_S17A",
     "POLICE NPS CRC LA_ADULTS LA_CHILDREN LA_HOUSING FAMILIES_TEAM YOT NHS_OTHER CSP",
     "POLICE NPS CRC LA_ADULTS LA_CHILDREN LA_HOUSING FAMILIES_TEAM YOT NHS_OTHER CSP"},
    {"CJA2003_S22", "POLICE", "NPS CRC INTERVENTION_PROVIDER TREATMENT_PROVIDER"},
    {"CJA2003_S254", "NPS CRC", "PPCS"},
    {"CJA2003_S254", "PPCS", "POLICE PRISON NPS CRC"},
    {"CJA2003_S254", "PRISON", "PPCS NPS CRC"},
    {"CJA2003_S325",
     "* -APPROVED_PREMISES -COURT -CPS -CRC -CSP -FAMILIES_TEAM -INTERVENTION_PROVIDER "
     "-MOJ_CONTRACT -OPCC -PAROLE_BOARD -PPCS -TREATMENT_PROVIDER -VICTIM_SERVICE",
     "POLICE NPS PRISON YOT DWP LA_ADULTS LA_CHILDREN LA_HOUSING NHS_MENTAL_HEALTH NHS_OTHER "
     "EM_PROVIDER"},
    {"COURT_TO_PROBATION", "COURT", "NPS CRC"},
    {"DEA2017_P5", "FAMILIES_TEAM YOT LA_ADULTS LA_CHILDREN LA_HOUSING POLICE NPS CRC DWP",
     "FAMILIES_TEAM YOT LA_ADULTS LA_CHILDREN LA_HOUSING POLICE NPS CRC DWP"},
    {"DVCVA2004_S35", "POLICE COURT", "NPS VICTIM_SERVICE"},
    {"DVCVA2004_S35", "NPS PRISON", "VICTIM_SERVICE"},
    {"HA1996_S213B", "PRISON NPS CRC", "LA_HOUSING"},
    {"HSCA2012_S251B", "TREATMENT_PROVIDER NHS_MENTAL_HEALTH NHS_OTHER LA_ADULTS",
     "TREATMENT_PROVIDER NHS_MENTAL_HEALTH NHS_OTHER LA_ADULTS"},
    {"OMA2007_S14", "NPS CRC PPCS MOJ_CONTRACT APPROVED_PREMISES INTERVENTION_PROVIDER",
     "* -COURT -CPS -CSP -NHS_MENTAL_HEALTH -NHS_OTHER -OPCC -TREATMENT_PROVIDER -VICTIM_SERVICE"},
    {"OMA2007_S14",
     "DWP EM_PROVIDER FAMILIES_TEAM LA_ADULTS LA_CHILDREN LA_HOUSING PAROLE_BOARD POLICE PRISON "
     "YOT",
     "NPS CRC PPCS MOJ_CONTRACT APPROVED_PREMISES INTERVENTION_PROVIDER"},
    {"PCSCA2022_MAPPA", "POLICE NPS PRISON", "*"},
    {"POLICE_COMMON_LAW", "POLICE", "*"},
    {"SC2020_MHTR", "COURT NPS CRC", "TREATMENT_PROVIDER NHS_MENTAL_HEALTH NHS_OTHER"},
    {"SC2020_MHTR", "TREATMENT_PROVIDER NHS_MENTAL_HEALTH NHS_OTHER", "COURT NPS CRC"},
    {"SC2020_S30", "NPS CRC YOT LA_CHILDREN", "COURT"},
    {"SC2020_S30", "COURT", "CPS"},
    {"SC2020_S30_REQUEST", "COURT", "NPS CRC YOT LA_CHILDREN"},
    {"SC2020_SCH10", "NPS CRC", "COURT"},
    {"SOA2003_P2", "POLICE", "NPS PRISON"},
    {"SOA2003_P2", "NPS PRISON", "POLICE"},
    {"VITAL_INTEREST", "*", "POLICE LA_CHILDREN LA_ADULTS PRISON NHS_MENTAL_HEALTH NHS_OTHER"},
};

static const char *const codes[] = {
    /* every row there has to be */
    "CA1989_S17_S47",    "CA2004_S11",         "CARE2014_S42",   "CARE2014_S45",
    "CDA1998_S115",      "CDA1998_S17A",       "CJA2003_S22",    "CJA2003_S254",
    "CJA2003_S325",      "COURT_TO_PROBATION", "DEA2017_P5",     "DVCVA2004_S35",
    "HA1996_S213B",      "HSCA2012_S251B",     "OMA2007_S14",    "PCSCA2022_MAPPA",
    "POLICE_COMMON_LAW", "SC2020_MHTR",        "SC2020_S30",     "SC2020_S30_REQUEST",
    "SC2020_SCH10",      "SOA2003_P2",         "VITAL_INTEREST",
};

static bool is_in(const char *list, const char *kind)
{
    char copy[512], *rest, *word;
    bool found = false;

    (void)snprintf(copy, sizeof copy, "%s", list);
    for (word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        if (word[0] == '-') {
            assert_true(agency_kind_is_known(word + 1));
            found = found && strcmp(word + 1, kind) != 0;
            continue;
        }
        assert_true(!strcmp(word, "*") || agency_kind_is_known(word));
        found = found || !strcmp(word, "*") || !strcmp(word, kind);
    }
    return found;
}

static bool is_read_so(const char *code, const char *from, const char *to)
{
    for (size_t i = 0; i < LENGTH(reading); i++)
        if (!strcmp(reading[i].code, code) && is_in(reading[i].from, from)
            && is_in(reading[i].to, to))
            return true;
    return false;
}

/* How many pairs of kinds the row and the second reading disagree about. */
static size_t disagreements(const struct gateway *gateway)
{
    size_t count = 0;

    for (unsigned from = 0; from < AGENCY_KINDS; from++)
        for (unsigned to = 0; to < AGENCY_KINDS; to++) {
            const char *a = agency_kind_name((enum agency_kind)from);
            const char *b = agency_kind_name((enum agency_kind)to);

            count += gateway_runs(gateway, a, b) != is_read_so(gateway->code, a, b);
        }
    return count;
}

static void each_row_runs_as_a_second_reading_has_it(void **)
{
    size_t count, runs = 0;
    const struct gateway *all = gateways_all(&count);

    assert_int_equal(count, LENGTH(codes));
    assert_int_equal(AGENCY_KINDS, 24);
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(all[i].code, codes[i]);
        assert_ptr_equal(gateway_find(codes[i]), &all[i]);
        assert_in_range(strlen(all[i].code), 1, GATEWAY_MAX);
        if (disagreements(&all[i]) > 0)
            fail_msg("%s: %zu mismatches", all[i].code, disagreements(&all[i]));
    }
    for (size_t i = 0; i < count; i++)
        for (unsigned pair = 0; pair < AGENCY_KINDS * AGENCY_KINDS; pair++)
            runs += gateway_runs(&all[i], agency_kind_name(pair / AGENCY_KINDS),
                                 agency_kind_name(pair % AGENCY_KINDS));
    print_message("%zu gateways, %zu pairs of kinds, %zu of them run, 0 mismatches\n", count,
                  count * AGENCY_KINDS * AGENCY_KINDS, runs);
    assert_null(gateway_find("OMA2007_S15"));
    assert_false(gateway_runs(gateway_find("CDA1998_S115"), "BROKER", "POLICE"));
    assert_false(gateway_runs(gateway_find("CDA1998_S115"), "POLICE", ""));
}

/* A bit set or cleared anywhere in any row is seen. */
static void a_wrong_row_is_caught(void **)
{
    size_t count, planted = 0;
    const struct gateway *all = gateways_all(&count);
    struct gateway wrong = *gateway_find("OMA2007_S14");

    wrong.directions[2] = (struct direction){1u << KIND_POLICE, 1u << KIND_LA_HOUSING};
    assert_int_equal(disagreements(&wrong), 1);
    for (size_t i = 0; i < count; i++) {
        wrong = all[i];
        for (unsigned bit = 0; bit < AGENCY_KINDS; bit++) {
            wrong.directions[3] = (struct direction){1u << bit, 1u << KIND_OPCC};
            if (gateway_runs(&all[i], agency_kind_name(bit), "OPCC"))
                continue;
            assert_int_equal(disagreements(&wrong), 1);
            planted++;
        }
        if (!all[i].directions[0].from)
            continue;
        wrong = all[i];
        wrong.directions[0].to &= wrong.directions[0].to - 1; /* one recipient forgotten */
        assert_true(disagreements(&wrong) > 0);
        planted++;
    }
    print_message("%zu wrong rows planted, every one caught\n", planted);
}

static void every_refusal_quotes_its_row(void **)
{
    size_t count, refusals = 0;
    const struct gateway *all = gateways_all(&count);

    for (size_t i = 0; i < count; i++)
        for (unsigned pair = 0; pair < AGENCY_KINDS * AGENCY_KINDS; pair++) {
            const char *from = agency_kind_name(pair / AGENCY_KINDS);
            const char *to = agency_kind_name(pair % AGENCY_KINDS);
            char end[128];
            struct reason why;

            if (gateway_runs(&all[i], from, to))
                continue;
            gateway_why_not(&all[i], from, to, &why);
            (void)snprintf(end, sizeof end, "; not from %s to %s", from, to);
            assert_ptr_equal(strstr(why.text, all[i].source), why.text);
            assert_non_null(strstr(why.text, all[i].code));
            assert_non_null(strstr(why.text, all[i].runs));
            assert_string_equal(why.text + strlen(why.text) - strlen(end), end);
            assert_true(strlen(why.text) < 400); /* file, line and agencies are still to come */
            refusals++;
        }
    print_message("%zu refusals, each with enactment, directions and both kinds\n", refusals);
}

/* --- clauses --- */

struct wanted {
    const char *from_kind, *to_kind, *type, *purpose, *gateway;
    category_set more; /* beyond what the type requires */
    int only_in_reply; /* -1: unsaid */
    const char *why;   /* NULL: is taken */
};

static char *put_set(char *out, const char *key, category_set set)
{
    const char *between = "";

    out += sprintf(out, "    %s: [", key);
    for (uint32_t i = 1; i <= SECTIONS_MAX; i++)
        if (set >> i & 1) {
            out += sprintf(out, "%s%s", between, category_name(i));
            between = ", ";
        }
    return out + sprintf(out, "]\n");
}

/* One clause between all of one kind and all of another, its gateway on line 28. */
static enum status parse(const struct wanted *w, struct reason *why)
{
    OWNED(agreement) a = NULL;
    char text[4096], *out = text;

    out += sprintf(out,
                   "agreement: ISA-TEST\nversion: 1\ntitle: A test\nin-force: 2026-01-01\n"
                   "review: 2026-06-01\nexpires: 2027-01-01\nmarking:\n  floor: OFFICIAL\n"
                   "  ceiling: OFFICIAL_SENSITIVE\nretention-days: 30\nonward: []\nparties:\n"
                   "  - agency: first\n    kind: %s\n    contact: Desk\n"
                   "  - agency: second\n    kind: %s\n    contact: Desk\n"
                   "  - agency: third\n    kind: %s\n    contact: Desk\n"
                   "clauses:\n  - id: one\n    type: %s\n    from: %s\n    to: %s\n"
                   "    purpose: %s\n    gateway: %s\n",
                   w->from_kind, w->to_kind, w->to_kind, w->type, w->from_kind, w->to_kind,
                   w->purpose, w->gateway);
    out = put_set(out, "required", catalogue_find(w->type)->required);
    if (w->more)
        out = put_set(out, "allowed", w->more);
    if (w->only_in_reply >= 0)
        out += sprintf(out, "    only-in-reply: %s\n", w->only_in_reply ? "true" : "false");
    return agreement_parse("test.yaml", text, (size_t)(out - text), &a, why);
}

#define VICTIM (1u << 13)
#define STAFF (1u << 19)

static void a_clause_goes_the_way_its_gateway_runs(void **)
{
    static const struct wanted cases[] = {
        {"POLICE", "NPS", "court.result.police", "supervise_sentence", "OMA2007_S14", 0, -1, NULL},
        {"POLICE", "LA_HOUSING", "court.result.police", "housing", "OMA2007_S14", 0, -1,
         "test.yaml:28: Offender Management Act 2007 s.14 (OMA2007_S14) runs between probation "
         "bodies, and between them and police, councils, prisons, Jobcentres, the Parole Board "
         "and monitoring, but not among these; not from POLICE to LA_HOUSING (first to second)"},
        {"COURT", "NPS", "psr.request", "court_advice", "SC2020_S30", 0, -1,
         "; not from COURT to NPS (first to second)"},
        {"COURT", "NPS", "psr.request", "court_advice", "SC2020_S30_REQUEST", 0, -1, NULL},
        {"NPS", "LA_CHILDREN", "safeguarding.referral.child", "safeguard_child", "CA2004_S11", 0,
         -1, "grants none, so that a clause names the gateway that does; not from NPS"},
        {"NPS", "LA_CHILDREN", "safeguarding.referral.child", "safeguard_child", "CA1989_S17_S47",
         0, -1, NULL},
        {"NPS", "LA_CHILDREN", "safeguarding.referral.child", "mappa", "CA1989_S17_S47", 0, -1,
         "(CA1989_S17_S47) is limited: for family_support, safeguard_child; not for mappa"},
        /* the police speak first, or not at all */
        {"POLICE", "CRC", "safeguarding.update", "supervise_sentence", "POLICE_COMMON_LAW", 0, -1,
         NULL},
        {"POLICE", "CRC", "check.police.precons.response", "supervise_sentence",
         "POLICE_COMMON_LAW", 0, 1, "unasked; check.police.precons.response is an answer"},
        {"POLICE", "CRC", "check.police.precons.response", "supervise_sentence",
         "POLICE_COMMON_LAW", 0, 0, "unasked; check.police.precons.response is an answer"},
        /* the board asks first */
        {"NPS", "LA_ADULTS", "safeguarding.update", "safeguard_adult", "CARE2014_S45", 0, -1,
         "does not go `only-in-reply'"},
        {"NPS", "LA_ADULTS", "check.social_care.adults.response", "safeguard_adult", "CARE2014_S45",
         0, 0, "does not go `only-in-reply'"},
        {"NPS", "LA_ADULTS", "check.social_care.adults.response", "safeguard_adult", "CARE2014_S45",
         0, 1, NULL},
        /* what it may carry */
        {"NPS", "CSP", "psr.withdrawn", "partnership_statistics", "CDA1998_S17A", 0, -1,
         "only DC_AGGREGATE; not DC_IDENTITY"},
        {"NPS", "LA_CHILDREN", "psr.withdrawn", "family_support", "DEA2017_P5", 0, -1, NULL},
        {"NPS", "LA_CHILDREN", "psr.withdrawn", "family_support", "DEA2017_P5", STAFF, -1,
         "only DC_IDENTITY; not DC_STAFF"},
        {"NPS", "LA_HOUSING", "court.sentence.result", "housing", "HA1996_S213B", STAFF, -1, NULL},
        {"NPS", "LA_HOUSING", "court.sentence.result", "housing", "HA1996_S213B", 1u << 3, -1,
         "not DC_OFFENCE_INDEX"},
        {"COURT", "NPS", "court.case.pack", "victim_contact", "DVCVA2004_S35", STAFF, -1, NULL},
        {"COURT", "VICTIM_SERVICE", "court.case.pack", "victim_contact", "DVCVA2004_S35", VICTIM,
         -1, NULL},
        {"COURT", "NPS", "court.case.pack", "victim_contact", "DVCVA2004_S35", VICTIM, -1,
         "DC_VICTIM only to VICTIM_SERVICE; not DC_VICTIM from COURT to NPS (first to second)"},
        {"NPS", "POLICE", "safeguarding.update", "safeguard_child", "VITAL_INTEREST", 0, -1,
         "VITAL_INTEREST is for a charter's clauses alone"},
    };

    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct reason why = {""};
        enum status st = parse(&cases[i], &why);

        if (cases[i].why ? st != ST_INVALID || !strstr(why.text, cases[i].why)
                               || strncmp(why.text, "test.yaml:28: ", 14) != 0
                         : st != ST_OK)
            fail_msg("case %zu: %s `%s'", i, status_name(st), why.text);
    }
}

/* The judgement alone, also of what no text can say yet. */
static void the_wrong_pair_is_named(void **)
{
    struct party parties[] = {{.agency = "csc.cambs", .kind = "LA_CHILDREN"},
                              {.agency = "hou.cambs", .kind = "LA_HOUSING"},
                              {.agency = "nps.cambs", .kind = "NPS"}};
    struct agreement a = {.parties = parties, .party_count = LENGTH(parties)};
    struct clause c = {.type = catalogue_find("safeguarding.update"),
                       .from = "NPS",
                       .to = "csc.cambs",
                       .purpose = "safeguard_child",
                       .gateway = "OMA2007_S14"};
    struct reason why;

    assert_true(statute_permits(&a, &c, c.type->required, &why));
    strcpy(c.from, "LA_CHILDREN");
    strcpy(c.to, "NPS");
    assert_true(statute_permits(&a, &c, c.type->required, &why));
    strcpy(c.to, "LA_HOUSING");
    assert_false(statute_permits(&a, &c, c.type->required, &why));
    assert_non_null(strstr(why.text, "from LA_CHILDREN to LA_HOUSING (csc.cambs to hou.cambs)"));
    strcpy(c.gateway, "OMA2007_S15");
    assert_false(statute_permits(&a, &c, c.type->required, &why));
    a.is_charter = true;
    strcpy(c.to, "csc.cambs");
    strcpy(c.from, "hou.cambs");
    strcpy(c.gateway, "VITAL_INTEREST");
    assert_true(statute_permits(&a, &c, c.type->required, &why));
    a.is_charter = false;
    assert_false(statute_permits(&a, &c, c.type->required, &why));
}

/* Whatever the kinds, type and purpose, a clause is taken exactly when the second reading lets it:
 * every gateway, every pair, through the parser. */
static void the_parser_judges_every_pair_alike(void **)
{
    size_t count, taken = 0, refused = 0;
    const struct gateway *all = gateways_all(&count);

    for (size_t i = 0; i < count; i++) {
        if (all[i].carries || all[i].replies == REPLY_ONLY || all[i].charter_only)
            continue; /* by categories, reply and charter, above */
        for (unsigned pair = 0; pair < AGENCY_KINDS * AGENCY_KINDS; pair++) {
            const char *from = agency_kind_name(pair / AGENCY_KINDS);
            const char *to = agency_kind_name(pair % AGENCY_KINDS);
            struct reason why = {""};
            enum status st =
                parse(&(struct wanted){from, to, "psr.withdrawn",
                                       all[i].purposes[0] ? all[i].purposes[0] : "court_advice",
                                       all[i].code, 0, -1, NULL},
                      &why);

            if ((st == ST_OK) != is_read_so(all[i].code, from, to))
                fail_msg("%s from %s to %s: %s", all[i].code, from, to, why.text);
            taken += st == ST_OK;
            refused += st == ST_INVALID;
        }
    }
    print_message("%zu agreements taken, %zu refused\n", taken, refused);
    assert_true(taken > 500 && refused > 5000);
}

/* --- the reference, the regimes, the markings --- */

static bool has_line(const char *expected)
{
    FILE *file = fopen(SOURCE_DIR "/docs/agreements.md", "r");
    char line[5 * GATEWAY_WORDS_MAX];
    bool found = false;

    assert_non_null(file);
    while (!found && fgets(line, sizeof line, file))
        found = strcmp(line, expected) == 0;
    (void)fclose(file);
    return found;
}

static void the_reference_has_the_whole_book(void **)
{
    size_t count;
    const struct gateway *all = gateways_all(&count);

    for (size_t i = 0; i < count; i++) {
        char expected[5 * GATEWAY_WORDS_MAX], directions[GATEWAY_WORDS_MAX],
            limits[GATEWAY_WORDS_MAX];
        char origin[GATEWAY_WORDS_MAX];

        gateway_directions(&all[i], directions);
        gateway_limits(&all[i], limits);
        gateway_origin(&all[i], origin);
        assert_true(strlen(directions) < GATEWAY_WORDS_MAX - 1);
        (void)snprintf(expected, sizeof expected, "| `%s` | %s: %s | %s | %s | %s |\n", all[i].code,
                       all[i].source, all[i].provision, directions, limits, origin);
        if (!has_line(expected))
            fail_msg("docs/agreements.md has no line\n%s", expected);
    }
    assert_false(has_line("| `OMA2007_S14` |\n"));
}

static void every_kind_has_a_regime(void **)
{
    static const char part3[] = "APPROVED_PREMISES COURT CPS CRC EM_PROVIDER MOJ_CONTRACT NPS "
                                "PAROLE_BOARD POLICE PPCS PRISON YOT";

    for (unsigned i = 0; i < AGENCY_KINDS; i++) {
        const char *name = agency_kind_name((enum agency_kind)i);
        enum agency_kind kind;
        char expected[128];

        assert_true(agency_kind_parse(name, &kind));
        assert_int_equal(kind, i);
        assert_int_equal(regime_of(kind), is_in(part3, name) ? REGIME_PART3 : REGIME_UK_GDPR);
        (void)snprintf(expected, sizeof expected, "| `%s` | `%s` |\n", name,
                       regime_name(regime_of(kind)));
        if (!has_line(expected))
            fail_msg("docs/agreements.md has no line\n%s", expected);
    }
}

/* Safeguarding, public protection, offender management, recall, victims, serious offences, and all
 * that can carry a victim, intelligence or what the subject may not see. */
static bool is_sensitive(const struct message_type *type)
{
    static const char *const families[] = {"safeguarding.", "mappa.",  "iom.", "rso.",
                                           "recall.",       "victim.", "sfo."};

    for (size_t i = 0; i < LENGTH(families); i++)
        if (strncmp(type->name, families[i], strlen(families[i])) == 0)
            return true;
    return type->allowed & (1u << 13 | 1u << 15 | 1u << 23);
}

static bool is_marked_enough(const struct message_type *type)
{
    return type->marking == 2 || (type->marking == 1 && !is_sensitive(type));
}

static void sensitive_types_are_marked_so(void **)
{
    size_t count, sensitive = 0;
    const struct message_type *types = catalogue_all(&count);
    struct message_type wrong = *catalogue_find("safeguarding.update");

    wrong.marking = 1;
    assert_false(is_marked_enough(&wrong));
    for (size_t i = 0; i < count; i++) {
        if (!is_marked_enough(&types[i]))
            fail_msg("%s is marked too low", types[i].name);
        sensitive += is_sensitive(&types[i]);
    }
    assert_true(sensitive >= 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_runs_as_a_second_reading_has_it),
        cmocka_unit_test(a_wrong_row_is_caught),
        cmocka_unit_test(every_refusal_quotes_its_row),
        cmocka_unit_test(a_clause_goes_the_way_its_gateway_runs),
        cmocka_unit_test(the_wrong_pair_is_named),
        cmocka_unit_test(the_parser_judges_every_pair_alike),
        cmocka_unit_test(the_reference_has_the_whole_book),
        cmocka_unit_test(every_kind_has_a_regime),
        cmocka_unit_test(sensitive_types_are_marked_so),
    };
    return cmocka_run_group_tests_name("gateways", tests, NULL, NULL);
}
