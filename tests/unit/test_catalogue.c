/* The catalogue and the generated category table agree with each other and with the schema. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "proto/bodies/common.pb-c.h"
#include "proto/bodies/psr.pb-c.h"
#include "proto/bodies/safeguarding.pb-c.h"
#include "proto/catalogue.h"
#include "proto/categories.pb-c.h"

static void types_are_in_order_and_found(void **)
{
    size_t count;
    const struct message_type *types = catalogue_all(&count);

    assert_true(count > 30);
    for (size_t i = 0; i < count; i++) {
        assert_ptr_equal(catalogue_find(types[i].name), &types[i]);
        assert_true(i == 0 || strcmp(types[i - 1].name, types[i].name) < 0);
        assert_true(strlen(types[i].name) <= TYPE_MAX);
        assert_true(types[i].schema_version > 0);
    }
    assert_null(catalogue_find("psr"));
    assert_null(catalogue_find(""));
    assert_null(catalogue_find("psr.request "));
}

static void answers_exist(void **)
{
    size_t count;
    const struct message_type *types = catalogue_all(&count);

    for (size_t i = 0; i < count; i++)
        if (types[i].answered_by) {
            const struct message_type *answer = catalogue_find(types[i].answered_by);

            assert_non_null(answer);
            assert_true(catalogue_is_answer(answer));
            assert_true(catalogue_replies_to(answer->name, &types[i]));
            assert_string_equal(types[i].ends_with, "answered");
            assert_true(types[i].pattern == PATTERN_ENQUIRY
                        || types[i].pattern == PATTERN_REFERRAL);
        }
    const struct message_type *referral = catalogue_find("safeguarding.referral.child");
    assert_true(catalogue_replies_to("safeguarding.referral.ack", referral));
    assert_true(catalogue_replies_to("safeguarding.referral.decision", referral));
    assert_false(catalogue_replies_to("safeguarding.update", referral));
    assert_true(catalogue_is_answer(catalogue_find("safeguarding.referral.ack")));
    assert_false(catalogue_is_answer(catalogue_find("safeguarding.update")));
}

/* What a row names besides its answer: a notice. Only a referral has one, but for what ends an
 * enquiry before it is answered. */
static void expect_notice(const struct message_type *type, const char *named)
{
    const struct message_type *found = named ? catalogue_find(named) : NULL;

    if (!named)
        return;
    bool ends = type->pattern == PATTERN_ENQUIRY && named == type->closed_by;
    if (!found || (type->pattern != PATTERN_REFERRAL && !ends))
        print_error("%s names %s\n", type->name, named);
    assert_non_null(found);
    assert_int_equal(found->pattern, PATTERN_NOTICE);
    assert_true(type->pattern == PATTERN_REFERRAL || ends);
}

static void who_asks_is_answered_and_only_a_referral_lives_on(void **)
{
    size_t count, asked = 0, closed = 0;
    const struct message_type *types = catalogue_all(&count);

    for (size_t i = 0; i < count; i++) {
        const struct message_type *type = &types[i];
        bool asks = type->pattern == PATTERN_ENQUIRY || type->pattern == PATTERN_REFERRAL;

        assert_int_equal(asks, type->answered_by != NULL);
        expect_notice(type, type->acknowledged_by);
        expect_notice(type, type->updated_by);
        expect_notice(type, type->closed_by);
        /* what is updated lives on after its answer, so something must end it */
        assert_true(!type->updated_by || type->closed_by);
        /* its end is no answer: the answer would close it unseen */
        assert_false(type->closed_by && catalogue_replies_to(type->closed_by, type));
        /* nor does the same word update and close */
        assert_true(!type->updated_by || strcmp(type->updated_by, type->closed_by) != 0);
        asked += asks;
        closed += type->closed_by != NULL;
    }
    assert_int_equal(closed, 4); /* or this sees none */
    printf("%zu types ask, %zu of them are closed by a message\n", asked, closed);
}

static void acts_of_custody_are_the_five_of_a_transfer(void **)
{
    static const struct {
        const char *type;
        enum custody_act act;
    } acts[] = {{"case.transfer.accept", CUSTODY_ACCEPT},
                {"case.transfer.complete", CUSTODY_COMPLETE},
                {"case.transfer.offer", CUSTODY_OFFER},
                {"case.transfer.reject", CUSTODY_REJECT},
                {"case.transfer.withdraw", CUSTODY_WITHDRAW}};
    size_t count, found = 0;
    const struct message_type *types = catalogue_all(&count);

    for (size_t i = 0; i < LENGTH(acts); i++) {
        assert_int_equal(catalogue_find(acts[i].type)->custody, acts[i].act);
        assert_int_equal(catalogue_find(acts[i].type)->pattern, PATTERN_TRANSFER);
    }
    for (size_t i = 0; i < count; i++)
        found += types[i].custody != CUSTODY_NONE;
    assert_int_equal(found, LENGTH(acts));
}

/* Section by section as it came: what any answer may carry, a late answer has a field for. */
static void a_late_answer_can_carry_every_answer(void **)
{
    const struct message_type *late = catalogue_find("case.late_answer");
    size_t count;
    const struct message_type *types = catalogue_all(&count);

    for (size_t i = 0; i < count; i++)
        if (types[i].answered_by) {
            const struct message_type *answer = catalogue_find(types[i].answered_by);

            if (answer->allowed & ~late->allowed)
                print_error("%s: %x\n", answer->name, answer->allowed & ~late->allowed);
            assert_int_equal(answer->allowed & ~late->allowed, 0);
        }
}

/* What the types with this body may carry, together. */
static category_set allowed_for(const ProtobufCMessageDescriptor *body)
{
    size_t count;
    const struct message_type *types = catalogue_all(&count);
    category_set allowed = 0;

    for (size_t i = 0; i < count; i++)
        if (types[i].body == body)
            allowed |= types[i].allowed;
    return allowed;
}

static void a_type_is_replied_to_by_its_answer_and_its_acknowledgement(void **)
{
    const struct message_type asked = {.name = "x.referral",
                                       .acknowledged_by = "x.referral.ack",
                                       .answered_by = "x.referral.decision"};
    const struct message_type notice = {.name = "x.notice"};

    assert_true(catalogue_replies_to("x.referral.ack", &asked));
    assert_true(catalogue_replies_to("x.referral.decision", &asked));
    assert_false(catalogue_replies_to("x.referral", &asked));
    assert_false(catalogue_replies_to("x.referral.ack", &notice));
    assert_true(catalogue_replies_to("psr.report", catalogue_find("psr.request")));
    assert_true(catalogue_is_answer(catalogue_find("psr.report")));
    assert_false(catalogue_is_answer(catalogue_find("psr.request")));
}

static void every_field_of_every_body_has_a_permitted_category(void **)
{
    size_t count, fields = 0;
    const struct message_type *types = catalogue_all(&count);

    for (size_t i = 0; i < count; i++) {
        const ProtobufCMessageDescriptor *body = types[i].body;
        category_set seen = 0;
        assert_int_equal(types[i].required & ~types[i].allowed, 0);
        for (unsigned j = 0; j < body->n_fields; j++, fields++) {
            uint32_t category = category_of_field(body, body->fields[j].id);
            assert_in_range(category, 1, SECTIONS_MAX);
            /* a body that serves several types may have a field for only some of them */
            assert_true(allowed_for(body) >> category & 1);
            seen |= UINT32_C(1) << category;
            /* a required field cannot be of a category that may be missing */
            if (field_is_required(body, body->fields[j].id))
                assert_true(types[i].required >> category & 1);
        }
        assert_int_equal(types[i].allowed & ~seen, 0); /* nor a type promise what no field holds */
        assert_int_equal(category_of_field(body, 99), 0);
        assert_int_equal(category_of_field(body, 0), 0);
    }
    printf("%zu types, %zu fields\n", count, fields);
}

/* Words could say anything, and everybody who gets a message gets what lies under identity. The one
 * exception is written to go where nothing else may. */
static void no_statement_lies_under_identity(void **)
{
    size_t count, statements = 0, under = 0;
    const struct message_type *types = catalogue_all(&count);

    for (size_t i = 0; i < count; i++)
        for (unsigned j = 0; j < types[i].body->n_fields; j++) {
            const ProtobufCFieldDescriptor *field = &types[i].body->fields[j];

            if (field->descriptor != &concordat__body__statement__descriptor)
                continue;
            statements++;
            if (category_of_field(types[i].body, field->id)
                != CONCORDAT__DATA_CATEGORY__DC_IDENTITY)
                continue;
            under++;
            assert_string_equal(types[i].name, "safeguarding.update");
            assert_string_equal(field->name, "safe_working_advice");
        }
    assert_int_equal(under, 1); /* or this finds none because it sees none */
    printf("%zu statements, %zu under identity\n", statements, under);
}

static void what_counts_people_names_nobody(void **)
{
    const category_set aggregate = UINT32_C(1) << CONCORDAT__DATA_CATEGORY__DC_AGGREGATE;
    const category_set staff = UINT32_C(1) << CONCORDAT__DATA_CATEGORY__DC_STAFF;
    size_t count, found = 0;
    const struct message_type *types = catalogue_all(&count);

    for (size_t i = 0; i < count; i++) {
        bool counts = types[i].allowed & aggregate;

        found += counts;
        assert_true(strncmp(types[i].name, "stats.", 6) != 0 || counts);
        if (counts) {
            assert_int_equal(types[i].required, aggregate);
            assert_int_equal(types[i].allowed, aggregate | staff);
        }
    }
    assert_true(found >= 8);
}

static void rules_are_the_schema_s(void **)
{
    const ProtobufCMessageDescriptor *psr = &concordat__body__psr_request__descriptor;

    assert_int_equal(category_of_field(psr, 5), CONCORDAT__DATA_CATEGORY__DC_IDENTITY);
    assert_int_equal(category_of_field(psr, 100), CONCORDAT__DATA_CATEGORY__DC_STAFF);
    assert_true(field_is_required(psr, 3));
    assert_false(field_is_required(psr, 2));
    assert_int_equal(field_check(psr, 3), CONCORDAT__CHECK__CHECK_COURT_OU);
    assert_int_equal(field_check(&concordat__body__identifier__descriptor, 2),
                     CONCORDAT__CHECK__CHECK_TYPED);
    assert_int_equal(field_check(&concordat__body__offence__descriptor, 1),
                     CONCORDAT__CHECK__CHECK_CJS_OFFENCE);
    assert_true(field_is_required(&concordat__body__statement__descriptor, 1));
    assert_false(field_is_required(&concordat__body__name__descriptor, 4));
    assert_int_equal(field_check(&concordat__body__offence__descriptor, 2),
                     CONCORDAT__CHECK__CHECK_HO_OFFENCE);
    assert_int_equal(field_check(&concordat__body__offence__descriptor, 3), 0);
    assert_int_equal(category_of_field(&concordat__body__psr_report__check_state__descriptor, 1),
                     0);
}

static void categories_have_names_both_ways(void **)
{
    for (uint32_t category = 1; category <= SECTIONS_MAX; category++) {
        assert_non_null(category_name(category));
        assert_int_equal(category_parse(category_name(category)), category);
    }
    assert_string_equal(category_name(1), "DC_IDENTITY");
    assert_null(category_name(0));
    assert_null(category_name(SECTIONS_MAX + 1));
    assert_null(category_name(UINT32_MAX));
    assert_int_equal(category_parse("DC_NOTHING"), 0);
    assert_int_equal(category_parse("DATA_CATEGORY_UNSPECIFIED"), 0);
}

static void purposes_and_kinds_are_closed_lists(void **)
{
    static const char *const purposes[] = {"court_advice",
                                           "court_enforcement",
                                           "allocation",
                                           "supervise_sentence",
                                           "safeguard_child",
                                           "safeguard_adult",
                                           "mappa",
                                           "iom",
                                           "rso_management",
                                           "recall",
                                           "release_planning",
                                           "treatment",
                                           "housing",
                                           "resettlement_service",
                                           "victim_contact",
                                           "diversion",
                                           "family_support",
                                           "serious_further_offence",
                                           "partnership_statistics",
                                           "migration"};
    static const char *const kinds[] = {"COURT",
                                        "POLICE",
                                        "NPS",
                                        "CRC",
                                        "PRISON",
                                        "YOT",
                                        "LA_CHILDREN",
                                        "LA_ADULTS",
                                        "LA_HOUSING",
                                        "NHS_MENTAL_HEALTH",
                                        "NHS_OTHER",
                                        "TREATMENT_PROVIDER",
                                        "INTERVENTION_PROVIDER",
                                        "PPCS",
                                        "PAROLE_BOARD",
                                        "EM_PROVIDER",
                                        "VICTIM_SERVICE",
                                        "DWP",
                                        "CPS",
                                        "CSP",
                                        "OPCC",
                                        "MOJ_CONTRACT",
                                        "APPROVED_PREMISES",
                                        "FAMILIES_TEAM"};

    for (size_t i = 0; i < LENGTH(purposes); i++)
        assert_true(purpose_is_known(purposes[i]) && strlen(purposes[i]) <= PURPOSE_MAX);
    for (size_t i = 0; i < LENGTH(kinds); i++)
        assert_true(agency_kind_is_known(kinds[i]));
    assert_false(purpose_is_known(""));
    assert_false(purpose_is_known("curiosity"));
    assert_false(agency_kind_is_known("BROKER"));
    assert_false(agency_kind_is_known("nps"));
    printf("%zu purposes, %zu kinds\n", LENGTH(purposes), LENGTH(kinds));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types_are_in_order_and_found),
        cmocka_unit_test(answers_exist),
        cmocka_unit_test(who_asks_is_answered_and_only_a_referral_lives_on),
        cmocka_unit_test(acts_of_custody_are_the_five_of_a_transfer),
        cmocka_unit_test(a_late_answer_can_carry_every_answer),
        cmocka_unit_test(a_type_is_replied_to_by_its_answer_and_its_acknowledgement),
        cmocka_unit_test(every_field_of_every_body_has_a_permitted_category),
        cmocka_unit_test(no_statement_lies_under_identity),
        cmocka_unit_test(what_counts_people_names_nobody),
        cmocka_unit_test(rules_are_the_schema_s),
        cmocka_unit_test(categories_have_names_both_ways),
        cmocka_unit_test(purposes_and_kinds_are_closed_lists),
    };
    return cmocka_run_group_tests_name("catalogue", tests, NULL, NULL);
}
