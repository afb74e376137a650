/* Two agents that follow the gazette, and the mail between them: what is signed flows, what is not
 * is refused by the one or the other, and a broker that withholds entries changes none of it. */
#include "tests/unit/unit.h"

#include <string.h>

#include "lib/text.h"
#include "proto/notice.h"
#include "tests/unit/parish.h"

static void what_is_signed_flows(void **)
{
    OWNED(parish) p = parish_new();
    const struct parish_text law = parish_text_of(p, &p->court, "ISA-TEST", 1, NULL);

    (void)parish_send(p, CONCORDAT__OUTCOME__REFUSED);
    parish_enact(p, &law, TO_BOTH);
    town_settle(p->town);
    const struct id id = parish_send(p, CONCORDAT__OUTCOME__DONE);
    town_settle(p->town);
    assert_string_equal(town_ladder(p->town, COURT, &id), "queued accepted delivered");
    town_restart(p->town, COURT);
    town_restart(p->town, NPS);
    const struct id next = parish_send(p, CONCORDAT__OUTCOME__DONE);
    town_settle(p->town);
    assert_string_equal(town_ladder(p->town, COURT, &next), "queued accepted delivered");
}

/* The sender believes in its key; the recipient has seen what was signed. */
static void a_header_by_a_key_that_is_not_pinned_is_refused_at_the_recipient(void **)
{
    OWNED(parish) p = parish_new();
    struct governor other = p->court;

    other.signing.bytes[0] ^= 1;
    const struct parish_text law = parish_text_of(p, &other, "ISA-TEST", 1, NULL);
    const char *texts[] = {law.text};
    town_agree(p->town, COURT, texts, 1);
    parish_enact(p, &law, TO_NPS);
    town_settle(p->town);
    const struct id id = parish_send(p, CONCORDAT__OUTCOME__DONE);
    town_settle(p->town);
    assert_string_equal(town_ladder(p->town, COURT, &id), "queued accepted rejected");
    assert_string_equal(town_detail(p->town, COURT, &id), "SIGNER_NOT_PINNED");
    assert_int_equal(town_inbox(p->town, NPS)->n_items, 0);
}

static void mail_under_a_version_is_taken_once_its_entry_has_come(void **)
{
    OWNED(parish) p = parish_new();
    const struct parish_text first = parish_text_of(p, &p->court, "ISA-TEST", 1, NULL);
    const struct parish_text second = parish_text_of(p, &p->court, "ISA-TEST", 2, &first.hash),
                             third = parish_text_of(p, &p->court, "ISA-TEST", 3, &second.hash);

    parish_enact(p, &first, TO_BOTH);
    parish_enact(p, &second, TO_COURT);
    town_settle(p->town);
    struct id id = parish_send(p, CONCORDAT__OUTCOME__DONE); /* the entry is withheld */
    town_settle(p->town);
    assert_string_equal(town_ladder(p->town, COURT, &id), "queued accepted rejected");
    assert_string_equal(town_detail(p->town, COURT, &id), "AGREEMENT_VERSION_STALE");
    p->sequence -= 2;
    parish_enact(p, &second, TO_NPS); /* in one batch with the mail, before it */
    id = parish_send(p, CONCORDAT__OUTCOME__DONE);
    town_settle(p->town);
    assert_string_equal(town_ladder(p->town, COURT, &id), "queued accepted delivered");
    town_disconnect(p->town, NPS);
    id = parish_send(p, CONCORDAT__OUTCOME__DONE); /* under the second, and then comes the third */
    town_connect(p->town, NPS);
    parish_enact(p, &third, TO_BOTH);
    town_settle(p->town);
    assert_string_equal(town_ladder(p->town, COURT, &id), "queued accepted delivered");
}

static void an_agent_asks_for_what_it_lacks(void **)
{
    OWNED(parish) p = parish_new();
    const struct parish_text law = parish_text_of(p, &p->court, "ISA-TEST", 1, NULL);
    uint64_t after = 99;

    assert_true(town_followed(p->town, NPS, &after));
    assert_int_equal(after, 0);
    parish_enact(p, &law, TO_NPS);
    town_settle(p->town);
    assert_false(town_followed(p->town, NPS, &after));
    town_restart(p->town, NPS);
    assert_true(town_followed(p->town, NPS, &after));
    assert_int_equal(after, 2);
}

static void with_crls_out_of_date_an_agent_neither_follows_nor_sends(void **)
{
    OWNED(parish) p = parish_new();
    const struct parish_text law = parish_text_of(p, &p->court, "ISA-TEST", 1, NULL);
    struct reason why;
    uint64_t after;

    parish_enact(p, &law, TO_BOTH);
    town_settle(p->town);
    (void)parish_send(p, CONCORDAT__OUTCOME__DONE);
    town_settle(p->town);
    (void)town_followed(p->town, COURT, &after);
    assert_false(town_dropped(p->town, COURT, &why));
    const unsigned submits = town_counts(p->town).submits, steps = town_counts(p->town).steps;
    town_wait(p->town, (TOWN_CRL_DAYS + 1) * TOWN_DAY_MS);
    assert_true(town_dropped(p->town, COURT, &why));
    assert_non_null(strstr(why.text, "CRLs are out of date"));
    (void)town_dropped(p->town, NPS, &why);
    town_connect(p->town, COURT); /* the uplink tries again, and again it is of no use */
    town_settle(p->town);
    assert_false(town_followed(p->town, COURT, &after));
    (void)town_send(p->town, COURT, "psr.request", PARISH_NPS, "psr.request.json", NULL);
    town_settle(p->town);
    assert_true(town_dropped(p->town, COURT, &why));
    assert_int_equal(town_counts(p->town).submits, submits);
    assert_int_equal(town_counts(p->town).steps, steps);
    town_renew_crls(p->town, COURT);
    town_connect(p->town, COURT);
    town_settle(p->town);
    assert_false(town_dropped(p->town, COURT, &why));
    assert_true(town_followed(p->town, COURT, &after));
    assert_int_equal(after, 2);
}

/* The first agreement in order pins another key of ours; the second one the right one. */
static void another_agreement_is_tried_when_our_key_does_not_count(void **)
{
    OWNED(parish) p = parish_new();
    const struct parish_text first = parish_text_of(p, &p->court, "ISA-A", 1, NULL);
    struct governor other = governor_new(town_mint(p->town), PARISH_COURT, ".2");
    char hex[2 * DIGEST_SIZE + 1];

    parish_enact(p, &first, TO_BOTH);
    other.signing = p->court.signing;
    const struct parish_text own = parish_text_of(p, &other, "ISA-B", 1, NULL);
    parish_act(p, &other, CONCORDAT__ACT__PROPOSE, &own, TO_BOTH);
    parish_act(p, &p->nps, CONCORDAT__ACT__ACCEPT, &own, TO_BOTH);
    parish_change_key(p, &p->court, CONCORDAT__ACT__RETIRE, &p->court.signing);
    town_settle(p->town);
    const struct id id = parish_send(p, CONCORDAT__OUTCOME__DONE);
    assert_string_equal(town_track(p->town, COURT, &id)->agreement_id, "ISA-B");
    town_settle(p->town);
    assert_string_equal(town_ladder(p->town, COURT, &id), "queued accepted delivered");

    /* Under the first alone it is refused, with both keys' names. */
    parish_act(p, &p->nps, CONCORDAT__ACT__SUSPEND, &own, TO_BOTH);
    town_settle(p->town);
    const Concordat__Response *r =
        town_send(p->town, COURT, "psr.request", PARISH_NPS, "psr.request.json", NULL);
    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__REFUSED);
    assert_int_equal(r->refusal->code, CONCORDAT__REFUSAL_CODE__SIGNER_NOT_PINNED);
    hex_print(p->court.signing.bytes, DIGEST_SIZE, hex);
    if (!strstr(r->advice, "ISA-A v1") || !strstr(r->advice, hex))
        fail_msg("%s", r->advice);
    governor_fini(&other);
}

static void a_publisher_gets_the_broker_s_verdict_or_is_told_of_none(void **)
{
    OWNED(parish) p = parish_new();
    const struct parish_text law = parish_text_of(p, &p->court, "ISA-TEST", 1, NULL);
    uint8_t proposal[SIGNED_INSTRUMENT_MAX];
    const struct bytes bytes = parish_sign(p, &p->court, CONCORDAT__ACT__PROPOSE, &law, proposal);
    const Concordat__Response *r = town_publish(p->town, COURT, bytes, law.text);

    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__DONE);
    assert_int_equal(r->sequence, 1);
    town_mischief(p->town)->verdict = "not this one";
    r = town_publish(p->town, COURT, bytes, law.text);
    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__REFUSED);
    assert_string_equal(r->problems[0]->text, "not this one");
    town_mischief(p->town)->no_verdict = true;
    r = town_publish(p->town, COURT, bytes, law.text);
    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__FAILED);
    assert_non_null(strstr(r->problems[0]->text, "no verdict"));
    town_disconnect(p->town, COURT);
    r = town_publish(p->town, COURT, bytes, law.text);
    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__FAILED);
    r = town_publish(p->town, COURT, (struct bytes){bytes.data, bytes.size - 1}, law.text);
    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__BAD_INPUT);
    assert_string_equal(r->problems[0]->where, "instrument");
    /* A verdict is no entry: only what the gazette shows counts. */
    r = town_send(p->town, COURT, "psr.request", PARISH_NPS, "psr.request.json", NULL);
    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__REFUSED);
}

static void notify(struct parish *p, const struct notice *notice)
{
    uint8_t bytes[NOTICE_MAX];
    size_t size;

    assert_int_equal(notice_write(notice, bytes, sizeof bytes, &size), ST_OK);
    const struct gazette_entry entry = {
        .sequence = ++p->sequence, .at_ms = town_now(p->town), .notice = {bytes, size}};
    town_entry(p->town, NPS, &entry);
    town_settle(p->town);
}

static void notices_are_kept_for_those_they_name_and_change_nothing(void **)
{
    OWNED(parish) p = parish_new();
    const struct parish_text law = parish_text_of(p, &p->court, "ISA-TEST", 1, NULL);
    struct notice notice = {.kind = CONCORDAT__NOTICE_KIND__NOTICE_REVIEW_DUE,
                            .agreement_version = 1,
                            .due_ms = 86400000,
                            .to_count = 1};

    parish_enact(p, &law, TO_BOTH);
    TEXT_COPY(notice.agreement_id, "ISA-TEST");
    TEXT_COPY(notice.to[0], PARISH_NPS);
    notify(p, &notice);
    TEXT_COPY(notice.to[0], "csc.cambs"); /* somebody else's: a broker that errs */
    notify(p, &notice);
    TEXT_COPY(notice.to[0], PARISH_NPS);
    TEXT_COPY(notice.agency, PARISH_COURT);
    notice.kind = CONCORDAT__NOTICE_KIND__NOTICE_REFUSALS_OVER_QUOTA;
    notice.count = 20;
    notify(p, &notice);
    town_restart(p->town, NPS);
    town_settle(p->town);
    const Concordat__Response *r = town_notices(p->town, NPS, 0);
    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__DONE);
    assert_int_equal(r->n_notices, 2);
    assert_string_equal(r->notices[0]->kind, "review-due");
    assert_string_equal(r->notices[0]->agreement_id, "ISA-TEST");
    assert_int_equal(r->notices[0]->sequence, 3);
    assert_string_equal(r->notices[1]->kind, "refusals-over-quota");
    assert_string_equal(r->notices[1]->agency, PARISH_COURT);
    assert_int_equal(r->notices[1]->count, 20);
    r = town_notices(p->town, NPS, 3);
    assert_int_equal(r->n_notices, 1);
    assert_int_equal(r->notices[0]->sequence, 5);
    assert_int_equal(town_notices(p->town, NPS, 5)->n_notices, 0);
    assert_int_equal(town_notices(p->town, NPS, UINT64_MAX)->n_notices, 0);
    const struct id id = parish_send(p, CONCORDAT__OUTCOME__DONE);
    town_settle(p->town);
    assert_string_equal(town_ladder(p->town, COURT, &id), "queued accepted delivered");
}

static void a_proposal_says_whose_signature_it_waits_for(void **)
{
    OWNED(parish) p = parish_new();
    const struct parish_text law = parish_text_of(p, &p->court, "ISA-TEST", 1, NULL);
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__AgreementsRequest all = CONCORDAT__AGREEMENTS_REQUEST__INIT;

    request.kind_case = CONCORDAT__REQUEST__KIND_AGREEMENTS;
    request.agreements = &all;
    parish_act(p, &p->court, CONCORDAT__ACT__PROPOSE, &law, TO_BOTH);
    town_settle(p->town);
    assert_false(town_ask(p->town, COURT, &request)->agreements[0]->waits_for_us);
    assert_true(town_ask(p->town, NPS, &request)->agreements[0]->waits_for_us);
    parish_act(p, &p->nps, CONCORDAT__ACT__ACCEPT, &law, TO_BOTH);
    town_settle(p->town);
    assert_false(town_ask(p->town, NPS, &request)->agreements[0]->waits_for_us);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_signed_flows),
        cmocka_unit_test(a_header_by_a_key_that_is_not_pinned_is_refused_at_the_recipient),
        cmocka_unit_test(mail_under_a_version_is_taken_once_its_entry_has_come),
        cmocka_unit_test(an_agent_asks_for_what_it_lacks),
        cmocka_unit_test(with_crls_out_of_date_an_agent_neither_follows_nor_sends),
        cmocka_unit_test(another_agreement_is_tried_when_our_key_does_not_count),
        cmocka_unit_test(a_publisher_gets_the_broker_s_verdict_or_is_told_of_none),
        cmocka_unit_test(notices_are_kept_for_those_they_name_and_change_nothing),
        cmocka_unit_test(a_proposal_says_whose_signature_it_waits_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
