/*
 * social_care.c - a council's social care: `--children` or `--adults`, two desks of one kind.
 *
 *     check.social_care.*.request  -> known or not known, and whom to ring (social_care_check.c)
 *     safeguarding.referral.*      -> acknowledged, safeguarding.referral.ack, then the decision
 *     safeguarding.update, .close  -> kept with the referral
 *     advise CASE [TEXT]              what the referrer's staff must know to work safely
 *
 * A real council's decision is a person's and takes a day; here a table stands for it, so that the
 * conversation can be followed. --data: docs/examples/story/children.json, adults.json.
 */
#include "agents/roles/social_care.h"

#include <stdio.h>
#include <string.h>

#include "agents/roles/day.h"
#include "agents/roles/event.h"
#include "agents/roles/service.h"
#include "agents/roles/store.h"
#include "agents/roles/wire.h"

#define UPDATE_DAYS 28 /* between updates, where we want them */
#define DESK_CLOSES 17 /* o'clock: the end of a working day */

static const char *const scope_of_children[] = {
    "child",           "son",        "daughter",
    "stepchild",       "stepson",    "stepdaughter",
    "partner's child", "grandchild", "child in household",
    "unborn child",    NULL};
static const char *const scope_of_adults[] = {
    "partner", "spouse", "mother",  "father", "parent",
    "brother", "sister", "sibling", "carer",  "adult in household",
    NULL};
static const struct desk children = {"children",        "children", "LA_CHILD_ID",
                                     scope_of_children, "CSC",      "childReasons"};
static const struct desk adults = {"adultsAtRisk",  "adults", "LA_ADULT_ID",
                                   scope_of_adults, "ASC",    "adultReasons"};

/* --- checks --- */

static void on_children_check(struct turn *turn, struct letter *letter)
{
    check(&children, turn, letter);
}

static void on_adults_check(struct turn *turn, struct letter *letter)
{
    check(&adults, turn, letter);
}

/* --- referrals --- */

/* What the council decides. */
struct decision {
    const char *level; /* of concern, as the referrer put it */
    const char *outcome, *reason;
    bool wants_updates;
};

static const struct decision child_decisions[] = {
    {"SIGNIFICANT_HARM", "S47_ENQUIRY",
     "Reasonable cause to suspect significant harm: section 47 enquiry opened.", true},
    {"CHILD_IN_NEED", "S17_ASSESSMENT", "Section 17 assessment; a social worker will visit.",
     false},
    {"EARLY_HELP", "NO_FURTHER_ACTION", "Below our threshold; early help is offered.", false},
    {"", "S17_ASSESSMENT", "No level of concern was stated: an assessment will say.", false},
};
static const struct decision adult_enquiry = {
    "", "S42_ENQUIRY", "The three tests of section 42 are met: enquiry opened.", true};
static const struct decision adult_other = {"", "NON_S42_RESPONSE",
                                            "Section 42 is not met; advice is offered.", false};

static const struct decision *decide_child(const json_t *referral)
{
    const struct decision *decision = child_decisions;

    while (*decision->level && strcmp(decision->level, wire_text(referral, "level")) != 0)
        decision++;
    return decision;
}

/* Care Act 2014 s.42(1): needs, at risk (the referral itself), unable to protect themselves. */
static const struct decision *decide_adult(const json_t *referral)
{
    return wire_true(referral, "hasCareAndSupportNeeds")
                && wire_true(referral, "unableToProtectSelf")
             ? &adult_enquiry
             : &adult_other;
}

static json_t *decision_body(const struct desk *desk, const struct turn *turn,
                             const struct letter *letter, const struct decision *decision)
{
    uint32_t next = day_next_working(day_of(turn->now_ms), wire_at(turn->data, "closedDays"));
    json_t *body = wire_made(json_pack(
        "{s:o, s:s, s:o, s:o, s:b}", "referralId", wire_id(letter->id), "outcome",
        decision->outcome, desk->reasons, wire_statement(decision->reason, "ASSESSMENT_OR_OPINION"),
        "nextStepDue", wire_day(next), "wantsUpdates", decision->wants_updates));

    wire_copy(body, "worker", turn->data, "worker");
    if (decision->wants_updates)
        (void)json_object_set_new(body, "updateIntervalDays", wire_made(json_integer(UPDATE_DAYS)));
    return body;
}

/* Somebody has it, and by when it will be decided: the end of the next working day. */
static void send_ack(const struct turn *turn, const struct letter *letter, const char *reference)
{
    uint32_t next = day_next_working(day_of(turn->now_ms), wire_at(turn->data, "closedDays"));
    char id[CONCORDAT_ID_TEXT];
    json_t *body =
        wire_made(json_pack("{s:o, s:s, s:o, s:o}", "referralId", wire_id(letter->id), "localRef",
                            reference, "receivedMs", wire_time(letter->received_ms),
                            "decisionDueMs", wire_time(day_at(next, DESK_CLOSES))));

    wire_copy(body, "receivedBy", turn->data, "duty");
    post_parcel(turn->book,
                &(struct parcel){.type = "safeguarding.referral.ack",
                                 .to = letter->item->from,
                                 .in_reply_to = letter->id,
                                 .body = body,
                                 .event = "acknowledged",
                                 .text = "The referrer knows our number for it, and by when it "
                                         "will be decided."},
                id);
}

static void refer(const struct desk *desk, struct turn *turn, struct letter *letter,
                  const struct decision *decision)
{
    json_t *referrals = store_object(turn->book, "referrals");
    char reference[32], id[CONCORDAT_ID_TEXT];

    (void)snprintf(reference, sizeof reference, "%s-%05zu", desk->reference,
                   json_object_size(referrals) + 1);
    (void)json_object_set_new(
        referrals, letter->id,
        wire_made(json_pack("{s:s, s:s, s:s, s:s, s:i, s:{}}", "localRef", reference, "from",
                            letter->item->from, "case", letter->case_handle, "outcome",
                            decision->outcome, "sent", 0, "updates")));
    letter_say(letter, "A referral; ours is %s.", reference);
    letter_acknowledge(turn, letter);
    send_ack(turn, letter, reference);
    post_parcel(
        turn->book,
        &(struct parcel){.is_answer = true,
                         .in_reply_to = letter->id,
                         .body = decision_body(desk, turn, letter, decision),
                         .event = "decided",
                         .text = decision->reason,
                         .more = wire_made(json_pack("{s:s}", "outcome", decision->outcome))},
        id);
}

static void on_child(struct turn *turn, struct letter *letter)
{
    refer(&children, turn, letter, decide_child(letter->body));
}

static void on_adult(struct turn *turn, struct letter *letter)
{
    refer(&adults, turn, letter, decide_adult(letter->body));
}

/* --- while it is open --- */

/* Whoever referred; or, after a transfer, whoever now speaks under the handle of that case, which
 * only its agencies know. Knowing a referral's number is not enough. */
static bool is_from_holder(const struct letter *letter, const json_t *referral)
{
    const char *handle = wire_text(referral, "case");

    return strcmp(wire_text(referral, "from"), letter->item->from) == 0
        || (*handle && strcmp(handle, letter->case_handle) == 0);
}

/* The referral that an update or a close names; NULL, and declined, when we have none of theirs. */
static json_t *named_referral(struct turn *turn, const struct letter *letter)
{
    char id[CONCORDAT_ID_TEXT] = "";
    json_t *referral = NULL;

    if (wire_id_text(wire_at(letter->body, "referralId"), id))
        referral = json_object_get(store_object(turn->book, "referrals"), id);
    if (referral && is_from_holder(letter, referral))
        return referral;
    letter_decline(turn, letter, CONCORDAT_NOT_FOR_US, "It names no referral of theirs here.");
    return NULL;
}

static void record(struct turn *turn, const struct letter *letter, const char *text)
{
    letter_acknowledge(turn, letter);
    turn_tell(turn, letter_event(letter, "recorded", text));
}

static void on_update(struct turn *turn, struct letter *letter)
{
    json_t *referral = named_referral(turn, letter), *updates;
    int64_t number = wire_number(letter->body, "number");
    char key[24], text[128];

    letter_say(letter, "Update %d of a referral.", (int)number);
    if (!referral)
        return;
    updates = json_object_get(referral, "updates");
    (void)snprintf(key, sizeof key, "%d", (int)number);
    if (json_object_get(updates, key)) {
        letter_decline(turn, letter, CONCORDAT_DUPLICATE_OF_EARLIER,
                       "An update of this number is here already.");
        return;
    }
    (void)json_object_set_new(updates, key, wire_made(json_deep_copy(letter->body)));
    (void)snprintf(
        text, sizeof text, "Update %d is with %s%s.", (int)number, wire_text(referral, "localRef"),
        (int64_t)json_object_size(updates) < number ? "; an earlier one is missing" : "");
    record(turn, letter, text);
}

static void on_close(struct turn *turn, struct letter *letter)
{
    json_t *referral = named_referral(turn, letter);

    letter_say(letter, "A referral is closed.");
    if (!referral)
        return;
    (void)json_object_set_new(referral, "closed", wire_made(json_deep_copy(letter->body)));
    record(turn, letter, "No more updates are expected.");
}

/* The id of the newest referral about this case, or of the one so called; NULL when there is none.
 */
static const char *find_referral(json_t *referrals, const char *name)
{
    const char *found = NULL, *id;
    json_t *referral;

    json_object_foreach(referrals, id, referral)
    {
        if (strcmp(id, name) == 0 || strcmp(wire_text(referral, "case"), name) == 0)
            found = id;
    }
    return found;
}

static int advise(struct turn *turn, int argc, char **argv)
{
    json_t *referrals = store_object(turn->book, "referrals"), *referral;
    const char *id = argc > 0 ? find_referral(referrals, argv[0]) : NULL;
    const char *advice = argc > 1 ? argv[1] : wire_text(turn->data, "advice");
    char update[CONCORDAT_ID_TEXT];
    int64_t number;

    if (!id || !*advice || argc > 2) {
        (void)fprintf(stderr, "advise CASE [TEXT]: %s\n",
                      !id ? "we have no referral about that case" : "one text, in quotes");
        return 2;
    }
    referral = json_object_get(referrals, id);
    number = wire_number(referral, "sent") + 1;
    (void)json_object_set_new(referral, "sent", wire_made(json_integer(number)));
    post_parcel(turn->book,
                &(struct parcel){
                    .type = "safeguarding.update",
                    .to = wire_text(referral, "from"),
                    .in_reply_to = id,
                    .body = wire_made(json_pack("{s:o, s:I, s:o}", "referralId", wire_id(id),
                                                "number", (json_int_t)number, "safeWorkingAdvice",
                                                wire_statement(advice, "ASSESSMENT_OR_OPINION"))),
                    .event = "updated",
                    .text = "What the referrer's staff must know to work safely is on its way."},
                update);
    return 0;
}

/* --- the two programs --- */

static const struct act acts[] = {
    {"advise", "CASE [TEXT]", "safe working advice to whoever referred; CASE: its handle", advise},
    {0},
};

/* Takes the word out of the arguments, wherever it stands. */
static bool take_word(int *argc, char **argv, const char *word)
{
    for (int i = 1; i < *argc; i++) {
        if (strcmp(argv[i], word) != 0)
            continue;
        for (*argc -= 1; i < *argc; i++)
            argv[i] = argv[i + 1];
        return true;
    }
    return false;
}

int main(int argc, char **argv)
{
    static const struct reaction for_children[] = {
        {"check.social_care.children.request", on_children_check},
        {"safeguarding.referral.child", on_child},
        {"safeguarding.update", on_update},
        {"safeguarding.close", on_close},
        {0},
    };
    static const struct reaction for_adults[] = {
        {"check.social_care.adults.request", on_adults_check},
        {"safeguarding.referral.adult", on_adult},
        {"safeguarding.update", on_update},
        {"safeguarding.close", on_close},
        {0},
    };
    struct service service = {
        .name = "social_care --children",
        .about = "A council's social care: answers checks, takes referrals.",
        .needs_data = true,
        .reactions = for_children,
        .acts = acts,
    };
    bool is_children = take_word(&argc, argv, "--children");
    bool is_adults = take_word(&argc, argv, "--adults");

    if (is_children == is_adults) {
        (void)fputs("social_care: either --children or --adults\n", stderr);
        return 2;
    }
    if (is_adults) {
        service.name = "social_care --adults";
        service.reactions = for_adults;
    }
    return service_main(&service, argc, argv);
}
