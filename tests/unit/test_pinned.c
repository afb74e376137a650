/* A certificate is one authority's word: whose sealing key is used and whose steps are believed is
 * what all parties have pinned. And what a version permitted it permits no longer than it stood. */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "agents/trees.h"
#include "tests/unit/parish.h"

#define RETRY_MS 31000 /* of messages without a key */

/* ISA-TEST v1 is in force. */
static struct parish *in_force(void)
{
    struct parish *p = parish_new();
    const struct parish_text text = parish_text_of(p, &p->court, "ISA-TEST", 1, NULL);

    parish_enact(p, &text, TO_BOTH);
    town_settle(p->town);
    return p;
}

static const char *ladder(struct parish *p, size_t agency, const struct id *id)
{
    return town_ladder(p->town, agency, id);
}

static void wait_for_key(struct parish *p)
{
    town_wait(p->town, RETRY_MS);
    town_settle(p->town);
}

/* ---- sealing keys ---- */

static void no_message_is_sealed_to_a_key_that_an_authority_alone_vouches_for(void **)
{
    OWNED(parish) p = in_force();
    struct id id;

    (void)town_impersonate(p->town, NPS);
    town_mischief(p->town)->false_keys = true;
    id = parish_send(p, CONCORDAT__OUTCOME__QUEUED);
    wait_for_key(p);
    assert_string_equal(ladder(p, COURT, &id), "queued");
    assert_int_equal(town_counts(p->town).submits, 0);
    assert_int_equal(town_entries(p->town, COURT, TREE_KEYLESS), 1);
    town_restart(p->town, COURT); /* from the store it is judged like from the broker */
    town_settle(p->town);
    assert_int_equal(town_counts(p->town).submits, 0);
    town_mischief(p->town)->false_keys = false;
    wait_for_key(p);
    assert_string_equal(ladder(p, COURT, &id), "queued accepted delivered");
}

/* The broker had given the right one before. */
static void nor_when_the_key_is_already_known_here(void **)
{
    OWNED(parish) p = in_force();
    struct id id = parish_send(p, CONCORDAT__OUTCOME__DONE);

    town_settle(p->town);
    assert_string_equal(ladder(p, COURT, &id), "queued accepted delivered");
    (void)town_impersonate(p->town, NPS);
    town_mischief(p->town)->false_keys = true;
    town_mischief(p->town)->refuse = CONCORDAT__REFUSAL_CODE__KEY_UNKNOWN; /* ask for another */
    id = parish_send(p, CONCORDAT__OUTCOME__REFUSED);
    town_mischief(p->town)->refuse = CONCORDAT__REFUSAL_CODE__REFUSAL_UNSPECIFIED;
    unsigned submits = town_counts(p->town).submits;
    id = parish_send(p, CONCORDAT__OUTCOME__QUEUED);
    wait_for_key(p);
    id = parish_send(p, CONCORDAT__OUTCOME__QUEUED); /* now the false one lies in the store */
    wait_for_key(p);
    assert_int_equal(town_counts(p->town).submits, submits);
    assert_string_equal(ladder(p, COURT, &id), "queued");
}

/* What was sent again under another version, too. */
static void nor_when_a_message_is_sent_again(void **)
{
    OWNED(parish) p = parish_new();
    const struct parish_text first = parish_text_of(p, &p->court, "ISA-TEST", 1, NULL);
    const struct parish_text second = parish_text_of(p, &p->court, "ISA-TEST", 2, &first.hash);
    struct id id;

    parish_enact(p, &first, TO_BOTH);
    town_settle(p->town);
    (void)parish_send(p, CONCORDAT__OUTCOME__DONE);
    town_mischief(p->town)->active_version = 2;
    id = parish_send(p, CONCORDAT__OUTCOME__QUEUED); /* stale, and waits for the gazette */
    (void)town_impersonate(p->town, NPS);
    town_mischief(p->town)->false_keys = true;
    town_restart(p->town, COURT);
    parish_change_key(p, &p->nps, CONCORDAT__ACT__RETIRE, &p->nps.signing);
    town_settle(p->town);
    parish_enact(p, &second, TO_BOTH);
    town_settle(p->town);
    unsigned submits = town_counts(p->town).submits;
    wait_for_key(p);
    assert_string_equal(town_state(p->town, COURT, &id), "refused");
    assert_int_equal(town_entries(p->town, COURT, TREE_KEYLESS), 1);
    assert_int_equal(town_counts(p->town).submits, submits);
}

/* A newer one that counts for nobody does not stand in the way. */
static void a_false_key_hides_no_true_one(void **)
{
    OWNED(parish) p = in_force();
    struct id id;

    (void)town_impersonate(p->town, NPS);
    town_mischief(p->town)->false_keys = town_mischief(p->town)->true_keys_too = true;
    id = parish_send(p, CONCORDAT__OUTCOME__DONE);
    town_settle(p->town);
    assert_string_equal(ladder(p, COURT, &id), "queued accepted delivered");
}

static void a_key_counts_once_the_agency_has_rolled_to_it(void **)
{
    OWNED(parish) p = in_force();
    const struct digest pin = town_impersonate(p->town, NPS);
    struct id id;

    town_mischief(p->town)->false_keys = true;
    id = parish_send(p, CONCORDAT__OUTCOME__QUEUED);
    wait_for_key(p);
    assert_string_equal(ladder(p, COURT, &id), "queued");
    parish_change_key(p, &p->nps, CONCORDAT__ACT__ROLL, &pin);
    town_settle(p->town);
    wait_for_key(p);
    assert_true(town_counts(p->town).submits > 0);
    assert_string_equal(ladder(p, COURT, &id), "queued accepted rejected"); /* it has it not */
    assert_string_equal(town_detail(p->town, COURT, &id), "CANNOT_OPEN");
}

/* ---- steps ---- */

static void no_step_is_believed_that_an_authority_alone_vouches_for(void **)
{
    OWNED(parish) p = in_force();
    struct id id;

    (void)town_impersonate(p->town, NPS);
    town_mischief(p->town)->false_steps = true;
    id = parish_send(p, CONCORDAT__OUTCOME__DONE);
    town_settle(p->town);
    assert_string_equal(ladder(p, COURT, &id), "queued accepted !delivered");
    assert_string_equal(town_state(p->town, COURT, &id), "accepted");
    assert_int_equal(town_status(p->town, COURT)->outbox, 1); /* it frees nothing */
}

static void a_step_counts_once_the_agency_has_rolled_to_its_key(void **)
{
    OWNED(parish) p = in_force();
    const struct digest pin = town_impersonate(p->town, NPS);
    struct id id;

    parish_change_key(p, &p->nps, CONCORDAT__ACT__ROLL, &pin);
    town_settle(p->town);
    town_mischief(p->town)->false_steps = true;
    id = parish_send(p, CONCORDAT__OUTCOME__DONE);
    town_settle(p->town);
    assert_string_equal(ladder(p, COURT, &id), "queued accepted delivered");
    assert_int_equal(town_status(p->town, COURT)->outbox, 0);
}

/* By the version that the message went under, whatever came since. */
static void a_step_is_judged_by_the_version_of_its_message(void **)
{
    OWNED(parish) p = parish_new();
    const struct parish_text first = parish_text_of(p, &p->court, "ISA-TEST", 1, NULL);
    const struct digest pin = town_impersonate(p->town, NPS), ours = p->nps.signing;
    struct parish_text second;
    struct id id;

    parish_enact(p, &first, TO_BOTH);
    town_settle(p->town);
    town_disconnect(p->town, NPS);
    id = parish_send(p, CONCORDAT__OUTCOME__DONE);
    p->nps.signing = pin;
    second = parish_text_of(p, &p->court, "ISA-TEST", 2, &first.hash);
    p->nps.signing = ours;
    parish_enact(p, &second, TO_COURT);
    town_settle(p->town);
    town_connect(p->town, NPS);
    town_settle(p->town);
    assert_string_equal(ladder(p, COURT, &id), "queued accepted delivered");
}

/* ---- versions ---- */

struct late {
    struct parish *p;
    struct parish_text first, second;
};

/* The recipient alone has heard of the second version; its mail under the first is accepted then.
 */
static struct late late_mail(void)
{
    struct late late = {.p = parish_new()};

    late.first = parish_text_of(late.p, &late.p->court, "ISA-TEST", 1, NULL);
    late.second = parish_text_of(late.p, &late.p->court, "ISA-TEST", 2, &late.first.hash);
    parish_enact(late.p, &late.first, TO_BOTH);
    town_settle(late.p->town);
    (void)parish_send(late.p, CONCORDAT__OUTCOME__DONE);
    town_settle(late.p->town);
    parish_enact(late.p, &late.second, TO_NPS);
    town_settle(late.p->town);
    town_wait(late.p->town, 1000);
    return late;
}

static void what_is_accepted_under_a_superseded_version_is_rejected(void **)
{
    struct late late = late_mail();
    OWNED(parish) p = late.p;
    struct id id = parish_send(p, CONCORDAT__OUTCOME__DONE);

    town_settle(p->town);
    assert_string_equal(ladder(p, COURT, &id), "queued accepted rejected");
    assert_string_equal(town_detail(p->town, COURT, &id), "AGREEMENT_VERSION_STALE");
}

/* Suspending the old version and resuming it gives it no new time. */
static void nor_does_it_come_back_by_being_suspended_and_resumed(void **)
{
    struct late late = late_mail();
    OWNED(parish) p = late.p;

    parish_act(p, &p->nps, CONCORDAT__ACT__SUSPEND, &late.first, TO_NPS);
    town_settle(p->town);
    town_wait(p->town, 1000);
    struct id id = parish_send(p, CONCORDAT__OUTCOME__DONE);
    town_settle(p->town);
    assert_string_equal(town_detail(p->town, COURT, &id), "AGREEMENT_SUSPENDED");
    town_disconnect(p->town, NPS);
    id = parish_send(p, CONCORDAT__OUTCOME__DONE);
    town_wait(p->town, 1000);
    town_connect(p->town, NPS);
    p->sequence++;
    parish_act(p, &p->nps, CONCORDAT__ACT__RESUME, &late.first, TO_NPS);
    town_settle(p->town);
    id = parish_send(p, CONCORDAT__OUTCOME__DONE);
    town_settle(p->town);
    assert_string_equal(ladder(p, COURT, &id), "queued accepted rejected");
    assert_string_equal(town_detail(p->town, COURT, &id), "AGREEMENT_VERSION_STALE");
}

static void what_was_accepted_before_is_delivered_after(void **)
{
    OWNED(parish) p = parish_new();
    const struct parish_text first = parish_text_of(p, &p->court, "ISA-TEST", 1, NULL);
    const struct parish_text second = parish_text_of(p, &p->court, "ISA-TEST", 2, &first.hash);
    struct id id;

    parish_enact(p, &first, TO_BOTH);
    town_settle(p->town);
    (void)parish_send(p, CONCORDAT__OUTCOME__DONE);
    town_settle(p->town);
    town_mischief(p->town)->hold = true;
    id = parish_send(p, CONCORDAT__OUTCOME__DONE);
    town_wait(p->town, 1000);
    parish_enact(p, &second, TO_BOTH);
    town_settle(p->town);
    town_mischief(p->town)->hold = false;
    town_disconnect(p->town, NPS);
    town_connect(p->town, NPS);
    town_settle(p->town);
    assert_string_equal(ladder(p, COURT, &id), "queued accepted delivered");
    assert_string_equal(town_track(p->town, NPS, &id)->lapse, "superseded");
}

static void what_is_revoked_is_rejected_whenever_it_was_accepted(void **)
{
    OWNED(parish) p = parish_new();
    const struct parish_text first = parish_text_of(p, &p->court, "ISA-TEST", 1, NULL);
    struct id id;

    parish_enact(p, &first, TO_BOTH);
    town_settle(p->town);
    (void)parish_send(p, CONCORDAT__OUTCOME__DONE);
    town_settle(p->town);
    town_mischief(p->town)->hold = true;
    id = parish_send(p, CONCORDAT__OUTCOME__DONE);
    parish_act(p, &p->court, CONCORDAT__ACT__REVOKE, &first, TO_BOTH);
    town_settle(p->town);
    town_mischief(p->town)->hold = false;
    town_disconnect(p->town, NPS);
    town_connect(p->town, NPS); /* a broker that hands it over all the same */
    town_settle(p->town);
    assert_string_equal(ladder(p, COURT, &id), "queued accepted rejected");
    assert_string_equal(town_detail(p->town, COURT, &id), "AGREEMENT_REVOKED");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_message_is_sealed_to_a_key_that_an_authority_alone_vouches_for),
        cmocka_unit_test(nor_when_the_key_is_already_known_here),
        cmocka_unit_test(nor_when_a_message_is_sent_again),
        cmocka_unit_test(a_false_key_hides_no_true_one),
        cmocka_unit_test(a_key_counts_once_the_agency_has_rolled_to_it),
        cmocka_unit_test(no_step_is_believed_that_an_authority_alone_vouches_for),
        cmocka_unit_test(a_step_counts_once_the_agency_has_rolled_to_its_key),
        cmocka_unit_test(a_step_is_judged_by_the_version_of_its_message),
        cmocka_unit_test(what_is_accepted_under_a_superseded_version_is_rejected),
        cmocka_unit_test(nor_does_it_come_back_by_being_suspended_and_resumed),
        cmocka_unit_test(what_was_accepted_before_is_delivered_after),
        cmocka_unit_test(what_is_revoked_is_rejected_whenever_it_was_accepted),
    };
    return cmocka_run_group_tests_name("pinned", tests, NULL, NULL);
}
