/* What a person says of a case on the command line becomes the right message, or none. */
#include "tests/unit/stand_in.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agents/base64.h"
#include "agents/cli/command.h"
#include "agents/manifest.h"
#include "proto/bodies/record.pb-c.h"

#define HANDLE "ca000000-0000-0000-0000-00000000005e"

static const struct concordat_id handle = {{0xca, [15] = 0x5e}};
static const struct concordat_id transfer = {{0x7f, [15] = 0x01}};
static const struct concordat_id conversation = {{0x01, [15] = 0x77}};
static const struct concordat_id second_offer = {{0x01, [15] = 0x78}};

/* A case as the agent tells of it: four components offered to crc.bench, the second rejected, the
 * third accepted; two offers in its conversation. */
struct told {
    Concordat__Response response, done;
    Concordat__CustodyState custody;
    Concordat__Conversation talk;
    Concordat__Item first, second, other;
    Concordat__TransferPart parts[2];
    Concordat__Conversation *talks[1];
    Concordat__Item *items[3];
    Concordat__TransferPart *part_list[2];
    const Concordat__Response *script[3];
};

static void tell(struct told *t)
{
    *t = (struct told){.response = CONCORDAT__RESPONSE__INIT,
                       .done = CONCORDAT__RESPONSE__INIT,
                       .custody = CONCORDAT__CUSTODY_STATE__INIT,
                       .talk = CONCORDAT__CONVERSATION__INIT,
                       .first = CONCORDAT__ITEM__INIT,
                       .second = CONCORDAT__ITEM__INIT,
                       .other = CONCORDAT__ITEM__INIT,
                       .parts = {CONCORDAT__TRANSFER_PART__INIT, CONCORDAT__TRANSFER_PART__INIT}};
    t->custody.case_handle = unit_bytes(&handle, 16);
    t->custody.holder = unit_text("nps.cambs");
    t->custody.version = 2;
    t->custody.transfer_id = t->custody.manifest_id = unit_bytes(&transfer, 16);
    t->custody.offered_to = unit_text("crc.bench");
    t->custody.offered = 1 | 8;
    t->custody.rejected = 2;
    t->custody.accepted = 4;
    t->talk.conversation_id = unit_bytes(&conversation, 16);
    t->talk.type = unit_text("case.transfer.offer");
    t->talks[0] = &t->talk;
    t->custody.conversations = t->talks;
    t->custody.n_conversations = 1;
    t->first.type = t->second.type = t->other.type = unit_text("case.transfer.offer");
    t->first.to = t->second.to = t->other.to = unit_text("crc.bench");
    t->first.message_id = t->first.conversation_id = t->second.conversation_id =
        unit_bytes(&conversation, 16);
    t->second.message_id = unit_bytes(&second_offer, 16);
    t->other.message_id = t->other.conversation_id = unit_bytes(&handle, 16);
    t->items[0] = &t->first;
    t->items[1] = &t->second;
    t->items[2] = &t->other;
    t->response.custody = &t->custody;
    t->response.items = t->items;
    t->response.n_items = 3;
    t->part_list[0] = &t->parts[0];
    t->part_list[1] = &t->parts[1];
    t->script[0] = &t->response;
    t->script[1] = t->script[2] = &t->done;
}

/* Runs `concordat ARGV...`; its exit code, and what it printed in `printed`. */
static char printed[16384];

static int run(struct stand_in *s, const struct command *command, const char *const argv[])
{
    struct cli cli = {.agent = s->path};
    char path[] = "/tmp/concordat-out-XXXXXX";
    int fd = mkstemp(path), out, err, argc = 0;
    enum exit_code code;
    ssize_t got;

    assert_true(fd >= 0);
    while (argv[argc])
        argc++;
    (void)fflush(stdout);
    (void)fflush(stderr);
    out = dup(STDOUT_FILENO);
    err = dup(STDERR_FILENO);
    (void)dup2(fd, STDOUT_FILENO);
    (void)dup2(fd, STDERR_FILENO);
    code = command->run(&cli, command, argc, (char **)(uintptr_t)argv);
    (void)fflush(stdout);
    (void)dup2(out, STDOUT_FILENO);
    (void)dup2(err, STDERR_FILENO);
    (void)close(out);
    (void)close(err);
    got = pread(fd, printed, sizeof printed - 1, 0);
    printed[got > 0 ? got : 0] = '\0';
    (void)close(fd);
    (void)unlink(path);
    return (int)code;
}

#define RUN(s, command, ...) run(s, &(command), (const char *const[]){__VA_ARGS__, NULL})

static void said(const char *text)
{
    if (!strstr(printed, text))
        fail_msg("no '%s' in:\n%s", text, printed);
}

/* The body of request `index`, which is a message of `type` in the transfer's conversation. The
 * caller's to release. */
static json_t *body_of(struct stand_in *s, size_t index, const char *type)
{
    const Concordat__Request *request = stand_in_asked(s, index);
    json_t *body;

    assert_int_equal(request->kind_case, CONCORDAT__REQUEST__KIND_SEND);
    assert_string_equal(request->send->type, type);
    assert_int_equal(request->send->case_handle.len, 16);
    assert_memory_equal(request->send->case_handle.data, &handle, 16);
    assert_int_equal(request->send->message_id.len, 16);
    body = json_loads(request->send->json, 0, NULL);
    assert_non_null(body);
    return body;
}

static void assert_id(const json_t *value, const struct concordat_id *id)
{
    char text[BASE64_SIZE(16)];

    base64_print(id->bytes, sizeof id->bytes, text);
    assert_string_equal(json_string_value(value), text);
}

/* "1,4" of the replies' components. */
static void assert_replies(const json_t *body, const char *expected)
{
    const json_t *reply;
    char text[64] = "";
    size_t i;

    json_array_foreach(json_object_get(body, "replies"), i, reply)
    {
        size_t at = strlen(text);

        (void)snprintf(text + at, sizeof text - at, "%s%d", i ? "," : "",
                       (int)json_integer_value(json_object_get(reply, "component")));
    }
    assert_string_equal(text, expected);
}

static void accepting_means_all_that_is_open_to_it(void **state)
{
    struct stand_in *s = *state;
    const Concordat__SendRequest *send;
    struct told t;
    json_t *body;

    tell(&t);
    stand_in_says(s, t.script, 2);
    assert_int_equal(RUN(s, case_command, "case", "accept", HANDLE, "--officer", "K. Example"), 0);
    body = body_of(s, 1, "case.transfer.accept");
    assert_replies(body, "1,4");
    assert_id(json_object_get(body, "transferId"), &transfer);
    json_decref(body);
    send = stand_in_asked(s, 1)->send;
    assert_string_equal(send->to, "nps.cambs");
    assert_string_equal(send->officer, "K. Example");
    assert_memory_equal(send->transfer_id.data, &transfer, 16);
    assert_memory_equal(send->conversation_id.data, &conversation, 16);
    assert_memory_equal(send->in_reply_to.data, &second_offer, 16); /* the newest in it */
    said("not every component is accepted; the case stays with nps.cambs");
}

static void the_last_acceptance_says_what_comes_next(void **state)
{
    struct stand_in *s = *state;
    struct told t;

    tell(&t);
    t.custody.rejected = 0;
    stand_in_says(s, t.script, 2);
    assert_int_equal(RUN(s, case_command, "case", "accept", HANDLE), 0);
    said("concordat case complete " HANDLE);
}

static void a_component_that_is_not_open_is_not_accepted(void **state)
{
    struct stand_in *s = *state;
    struct told t;

    tell(&t);
    stand_in_says(s, t.script, 2);
    assert_int_equal(RUN(s, case_command, "case", "accept", HANDLE, "--component", "1,2"), 2);
    said("--component 2 is not open to acceptance");
    assert_int_equal(s->count, 1); /* nothing was sent */
}

static void a_rejection_carries_reason_and_words(void **state)
{
    struct stand_in *s = *state;
    const json_t *reply;
    struct told t;
    json_t *body;

    tell(&t);
    stand_in_says(s, t.script, 2);
    assert_int_equal(RUN(s, case_command, "case", "reject", HANDLE, "--component", "4", "--reason",
                         "address-not-verified", "--detail", "no such flat"),
                     0);
    body = body_of(s, 1, "case.transfer.reject");
    assert_replies(body, "4");
    reply = json_array_get(json_object_get(body, "replies"), 0);
    assert_string_equal(json_string_value(json_object_get(reply, "reject")),
                        "ADDRESS_NOT_VERIFIED");
    assert_string_equal(json_string_value(json_object_get(reply, "detail")), "no such flat");
    json_decref(body);
}

static void a_slip_in_a_reason_is_told_before_anything_is_asked(void **state)
{
    struct stand_in *s = *state;
    struct told t;

    tell(&t);
    stand_in_says(s, t.script, 2);
    assert_int_equal(RUN(s, case_command, "case", "reject", HANDLE, "--reason", "WRONG_AERA"), 2);
    said("did you mean 'WRONG_AREA'?");
    assert_int_equal(RUN(s, case_command, "case", "withdraw", HANDLE), 2);
    said("OFFERED_IN_ERROR");
    assert_int_equal(s->count, 0);
}

static void what_no_message_takes_back_a_claim_does(void **state)
{
    struct stand_in *s = *state;
    const Concordat__Request *asked;
    Concordat__Response refused = CONCORDAT__RESPONSE__INIT;
    struct told t;

    tell(&t);
    t.talk.asked_by_us = true;
    refused.outcome = CONCORDAT__OUTCOME__REFUSED;
    t.script[1] = &refused;
    stand_in_says(s, t.script, 3);
    assert_int_equal(
        RUN(s, case_command, "case", "withdraw", HANDLE, "--reason", "OFFERED_IN_ERROR"), 3);
    said("concordat case withdraw " HANDLE " --unsent");
    assert_int_equal(RUN(s, case_command, "case", "withdraw", HANDLE, "--unsent"), 0);
    said("offered to nobody");
    assert_int_equal(s->count, 3);
    asked = stand_in_asked(s, 2);
    assert_int_equal(asked->kind_case, CONCORDAT__REQUEST__KIND_HOLD);
    assert_int_equal(asked->hold->kind, CONCORDAT__CLAIM_KIND__CLAIM_WITHDRAW);
    assert_memory_equal(asked->hold->case_handle.data, &handle, 16);
}

static void a_case_is_not_taken_while_a_part_is_missing(void **state)
{
    struct stand_in *s = *state;
    struct told t;

    tell(&t);
    t.custody.accepted = 15;
    t.custody.offered = t.custody.rejected = 0;
    t.custody.parts = t.part_list;
    t.custody.n_parts = 2;
    t.parts[0].number = 1;
    t.parts[0].state = unit_text("here");
    t.parts[1].number = 6;
    t.parts[1].kind = unit_text("assessment");
    t.parts[1].state = unit_text("differs");
    stand_in_says(s, t.script, 2);
    assert_int_equal(RUN(s, case_command, "case", "complete", HANDLE), 2);
    said("part 6 (assessment): differs from the manifest");
    said("concordat case query " HANDLE " --missing N");
    assert_int_equal(s->count, 1);
}

static void completion_names_the_manifest(void **state)
{
    struct stand_in *s = *state;
    uint8_t digest[32] = {0xd1, [31] = 0x9e};
    char expected[BASE64_SIZE(sizeof digest)];
    struct told t;
    json_t *body;

    tell(&t);
    t.custody.manifest_sha256 = unit_bytes(digest, sizeof digest);
    stand_in_says(s, t.script, 2);
    assert_int_equal(RUN(s, case_command, "case", "complete", HANDLE), 0);
    body = body_of(s, 1, "case.transfer.complete");
    base64_print(digest, sizeof digest, expected);
    assert_string_equal(json_string_value(json_object_get(body, "manifestSha256")), expected);
    json_decref(body);
    said("the case is ours from now on");
}

static void a_query_names_manifest_and_parts(void **state)
{
    struct stand_in *s = *state;
    const Concordat__SendRequest *send;
    struct told t;
    json_t *body;

    tell(&t);
    t.parts[0].number = 6;
    t.parts[1].number = 9;
    t.custody.parts = t.part_list;
    t.custody.n_parts = 2;
    stand_in_says(s, t.script, 2);
    assert_int_equal(RUN(s, case_command, "case", "query", HANDLE, "--missing", "6", "--missing",
                         "9", "--query", "the plan is of another person"),
                     0);
    body = body_of(s, 1, "case.record.query");
    assert_id(json_object_get(body, "manifestId"), &transfer);
    assert_int_equal(json_array_size(json_object_get(body, "missing")), 2);
    assert_int_equal(json_integer_value(json_array_get(json_object_get(body, "missing"), 1)), 9);
    json_decref(body);
    send = stand_in_asked(s, 1)->send;
    assert_int_equal(send->transfer_id.len, 0); /* it is no act of custody */
    assert_memory_equal(send->conversation_id.data, &conversation, 16);
}

static void without_a_transfer_there_is_nothing_to_say(void **state)
{
    struct stand_in *s = *state;
    struct told t;

    tell(&t);
    t.custody.transfer_id.len = 0;
    stand_in_says(s, t.script, 2);
    assert_int_equal(RUN(s, case_command, "case", "accept", HANDLE), 2);
    said("no transfer of case " HANDLE " is open");
    assert_int_equal(s->count, 1);
}

/* --- the holder's side --- */

static char files[3][64];

static const char *file_of(size_t index, const char *content)
{
    int fd;

    (void)snprintf(files[index], sizeof files[index], "/tmp/concordat-case-XXXXXX");
    fd = mkstemp(files[index]);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, strlen(content)), (ssize_t)strlen(content));
    (void)close(fd);
    return files[index];
}

static int stop(void **state)
{
    for (size_t i = 0; i < LENGTH(files); i++) {
        (void)unlink(files[i]);
        files[i][0] = '\0';
    }
    return stand_in_stop(state);
}

static void an_offer_makes_transfer_and_manifest(void **state)
{
    struct stand_in *s = *state;
    const char *body_path = file_of(0, "{\"reason\": \"INITIAL_ALLOCATION\"}");
    const char *log = file_of(1, "{\"identity\": {\"kind\": \"contact log\"}}");
    const char *plan = file_of(2, "{\"riskScore\": {\"kind\": \"plan\"}}");
    const json_t *manifest, *part;
    struct told t;
    json_t *body;

    tell(&t);
    t.custody.transfer_id.len = 0;
    stand_in_says(s, t.script, 2);
    assert_int_equal(RUN(s, case_command, "case", "offer", HANDLE, "--to", "crc.bench", body_path,
                         "--part", log, "--part", plan, "--reply-by", "2026-12-01"),
                     0);
    body = body_of(s, 1, "case.transfer.offer");
    assert_string_equal(json_string_value(json_object_get(body, "reason")), "INITIAL_ALLOCATION");
    assert_int_equal(json_integer_value(json_object_get(body, "replyByMs")), 1796083200000);
    assert_null(json_object_get(body, "offered")); /* all of them */
    manifest = json_object_get(body, "manifest");
    assert_string_equal(json_string_value(json_object_get(manifest, "manifestId")),
                        json_string_value(json_object_get(body, "transferId")));
    assert_int_equal(json_array_size(json_object_get(manifest, "parts")), 2);
    part = json_array_get(json_object_get(manifest, "parts"), 1);
    assert_int_equal(json_integer_value(json_object_get(part, "number")), 2);
    assert_string_equal(json_string_value(json_object_get(part, "kind")), "plan");
    assert_int_equal(stand_in_asked(s, 1)->send->transfer_id.len, 16);
    json_decref(body);
    said("offered to crc.bench, with 2 parts; the case is ours until they complete");
}

static void offered_again_are_the_rejected_components_with_the_same_record(void **state)
{
    struct stand_in *s = *state;
    const char *body_path = file_of(0, "{\"reason\": \"INITIAL_ALLOCATION\"}");
    uint8_t digest[32] = {0xd1, [31] = 0x9e};
    struct told t;
    json_t *body;

    tell(&t);
    t.talk.asked_by_us = true;
    t.custody.parts = t.part_list;
    t.custody.n_parts = 1;
    t.parts[0].number = 1;
    t.parts[0].size = 99;
    t.parts[0].sha256 = unit_bytes(digest, sizeof digest);
    stand_in_says(s, t.script, 2);
    assert_int_equal(RUN(s, case_command, "case", "offer", HANDLE, "--to", "crc.bench", body_path),
                     0);
    body = body_of(s, 1, "case.transfer.offer");
    assert_id(json_object_get(body, "transferId"), &transfer);
    assert_int_equal(json_array_size(json_object_get(body, "offered")), 1);
    assert_int_equal(json_integer_value(json_array_get(json_object_get(body, "offered"), 0)), 2);
    assert_int_equal(json_array_size(json_object_get(json_object_get(body, "manifest"), "parts")),
                     1);
    json_decref(body);
    said("offered again to crc.bench");
}

static void a_case_is_not_offered_to_two(void **state)
{
    struct stand_in *s = *state;
    struct told t;

    tell(&t);
    t.talk.asked_by_us = true;
    stand_in_says(s, t.script, 2);
    assert_int_equal(
        RUN(s, case_command, "case", "offer", HANDLE, "--to", "crc.kent", file_of(0, "{}")), 2);
    said("is offered to crc.bench already");
    assert_int_equal(s->count, 1);
}

/* The hash that a file has as part `number` of the transfer's manifest. */
static struct digest hash_of(const char *kind, uint32_t number)
{
    Concordat__Body__RecordPart part = CONCORDAT__BODY__RECORD_PART__INIT;
    Concordat__Body__RecordPart__Content content = CONCORDAT__BODY__RECORD_PART__CONTENT__INIT;
    uint8_t bytes[256];

    part.has_manifest_id = part.has_number = true;
    part.manifest_id = unit_bytes(&transfer, 16);
    part.number = number;
    part.identity = &content;
    content.kind = unit_text(kind);
    return manifest_measure((struct bytes){bytes, concordat__body__record_part__pack(&part, bytes)})
        .sha256;
}

static void parts_are_known_by_their_hash_in_any_order(void **state)
{
    struct stand_in *s = *state;
    const char *log = file_of(0, "{\"identity\": {\"kind\": \"contact log\"}}");
    const char *plan = file_of(1, "{\"identity\": {\"kind\": \"plan\"}}");
    struct digest first = hash_of("contact log", 1), second = hash_of("plan", 2);
    struct told t;
    json_t *body;

    tell(&t);
    t.talk.asked_by_us = true;
    t.custody.parts = t.part_list;
    t.custody.n_parts = 2;
    t.parts[0].number = 1;
    t.parts[0].sha256 = unit_bytes(&first, sizeof first);
    t.parts[1].number = 2;
    t.parts[1].sha256 = unit_bytes(&second, sizeof second);
    stand_in_says(s, t.script, 3);
    assert_int_equal(RUN(s, case_command, "case", "send-parts", HANDLE, plan, log), 0);
    body = body_of(s, 1, "case.record.part");
    assert_int_equal(json_integer_value(json_object_get(body, "number")), 2);
    assert_id(json_object_get(body, "manifestId"), &transfer);
    json_decref(body);
    body = body_of(s, 2, "case.record.part");
    assert_int_equal(json_integer_value(json_object_get(body, "number")), 1);
    json_decref(body);
    assert_string_equal(stand_in_asked(s, 2)->send->to, "crc.bench");
    assert_memory_equal(stand_in_asked(s, 2)->send->conversation_id.data, &conversation, 16);
}

static void a_part_that_has_changed_is_not_sent(void **state)
{
    struct stand_in *s = *state;
    struct digest first = hash_of("contact log", 1);
    struct told t;

    tell(&t);
    t.talk.asked_by_us = true;
    t.custody.parts = t.part_list;
    t.custody.n_parts = 1;
    t.parts[0].number = 1;
    t.parts[0].sha256 = unit_bytes(&first, sizeof first);
    stand_in_says(s, t.script, 2);
    assert_int_equal(RUN(s, case_command, "case", "send-parts", HANDLE,
                         file_of(0, "{\"identity\": {\"kind\": \"contact lag\"}}")),
                     2);
    said("its hash is not in the manifest");
    assert_int_equal(s->count, 1);
}

/* --- claims, due, alarms, inbox --- */

static void who_holds_a_case_is_said_in_words(void **state)
{
    struct stand_in *s = *state;
    struct told t;

    tell(&t);
    t.custody.from_broker = true;
    t.custody.since_ms = 1795773600000;
    stand_in_says(s, t.script, 1);
    assert_int_equal(RUN(s, case_command, "case", "holder", HANDLE), 0);
    assert_int_equal(stand_in_asked(s, 0)->kind_case, CONCORDAT__REQUEST__KIND_HOLDER);
    said("holder       nps.cambs, since 2026-11-27T10:00:00Z");
    said("version      2 (the broker's answer)");
    said("components   1 accepted, 1 rejected, 2 not yet spoken of");
}

static void a_claim_that_waits_is_queued(void **state)
{
    struct stand_in *s = *state;
    Concordat__Response queued = CONCORDAT__RESPONSE__INIT;
    const Concordat__Response *script[] = {&queued};

    queued.outcome = CONCORDAT__OUTCOME__QUEUED;
    stand_in_says(s, script, 1);
    assert_int_equal(RUN(s, case_command, "case", "open", "--case", HANDLE), 4);
    assert_int_equal(stand_in_asked(s, 0)->hold->kind, CONCORDAT__CLAIM_KIND__CLAIM_OPEN);
    said("queued  " HANDLE);
}

static void what_is_due_is_said_with_whose_it_is(void **state)
{
    struct stand_in *s = *state;
    Concordat__Response r = CONCORDAT__RESPONSE__INIT;
    Concordat__Due ours = CONCORDAT__DUE__INIT, theirs = CONCORDAT__DUE__INIT,
                   *due[] = {&ours, &theirs};
    const Concordat__Response *script[] = {&r};

    ours.due_ms = 1577836800000; /* long ago */
    ours.by_us = true;
    ours.what = unit_text("forward");
    ours.type = unit_text("check.police.callouts.response");
    ours.message_id = unit_bytes(&handle, 16);
    ours.note = unit_text("no clause permits it");
    theirs.due_ms = INT64_C(3786912000000); /* 2090 */
    theirs.what = unit_text("decide");
    theirs.type = unit_text("safeguarding.referral.child");
    theirs.other = unit_text("csc.cambs");
    theirs.role = unit_text("team manager");
    r.due = due;
    r.n_due = 2;
    stand_in_says(s, script, 1);
    assert_int_equal(RUN(s, due_command, "due"), 0);
    said("Wed 01 Jan 2020 00:00 GMT  overdue by ");
    said("pass on check.police.callouts.response");
    said(HANDLE "  waits: no clause permits it");
    said("to us  csc.cambs  decide safeguarding.referral.child");
    said("team manager");
}

static void alarms_stand_above_the_inbox(void **state)
{
    struct stand_in *s = *state;
    Concordat__Response r = CONCORDAT__RESPONSE__INIT;
    Concordat__Alarm alarm = CONCORDAT__ALARM__INIT, *alarms[] = {&alarm};
    const Concordat__Response *script[] = {&r};
    const char *above, *below;

    alarm.number = 41;
    alarm.kind = unit_text("open");
    alarm.stage = unit_text("escalated");
    alarm.type = unit_text("safeguarding.referral.child");
    alarm.role = unit_text("emergency duty team");
    alarm.count = 2;
    r.alarms = alarms;
    r.n_alarms = 1;
    stand_in_says(s, script, 1);
    assert_int_equal(RUN(s, inbox_command, "inbox"), 0);
    said("1 alarm that nobody has seen");
    said("safeguarding.referral.child is not opened");
    above = strstr(printed, "emergency duty team");
    below = strstr(printed, "nothing new");
    assert_true(above && below && above < below);
}

static void an_alarm_says_what_has_not_come_or_has_come_late(void **state)
{
    static const struct {
        const char *kind, *stage, *words;
    } cases[] = {
        {"answer", "breached", "psr.request is not answered"},
        {"answer", "late", "psr.request is answered, late"},
        {"expected", "breached", "psr.report has not come"},
        {"volume", "breached", "psr.report came too seldom: 3"},
        {"gap", "breached", "psr.request lacks a message before it: number 3"},
        {"open", "escalated", "psr.request is not opened, alarm 3"},
        {"another", "breached", "psr.request another"}, /* of an agent that knows more */
    };
    struct stand_in *s = *state;
    Concordat__Response r = CONCORDAT__RESPONSE__INIT;
    Concordat__Alarm alarms[LENGTH(cases)], *list[LENGTH(cases)];
    const Concordat__Response *script[] = {&r};

    for (size_t i = 0; i < LENGTH(cases); i++) {
        alarms[i] = (Concordat__Alarm)CONCORDAT__ALARM__INIT;
        alarms[i].kind = unit_text(cases[i].kind);
        alarms[i].stage = unit_text(cases[i].stage);
        alarms[i].type = unit_text("psr.request");
        if (strcmp(cases[i].kind, "expected") == 0 || strcmp(cases[i].kind, "volume") == 0)
            alarms[i].expected = unit_text("psr.report");
        alarms[i].count = 3;
        list[i] = &alarms[i];
    }
    r.alarms = list;
    r.n_alarms = LENGTH(cases);
    stand_in_says(s, script, 1);
    assert_int_equal(RUN(s, alarms_command, "alarms"), 0);
    for (size_t i = 0; i < LENGTH(cases); i++)
        said(cases[i].words);
}

static void a_gap_is_shown_beside_the_message(void **state)
{
    struct stand_in *s = *state;
    Concordat__Response tracked = CONCORDAT__RESPONSE__INIT, told = CONCORDAT__RESPONSE__INIT;
    Concordat__Item item = CONCORDAT__ITEM__INIT, *items[] = {&item};
    Concordat__Alarm gap = CONCORDAT__ALARM__INIT, other = CONCORDAT__ALARM__INIT,
                     *alarms[] = {&gap, &other};
    const Concordat__Response *script[] = {&tracked, &told};

    item.message_id = item.conversation_id = unit_bytes(&conversation, 16);
    item.type = unit_text("safeguarding.update");
    item.from = unit_text("nps.cambs");
    item.sequence = 3;
    tracked.items = items;
    tracked.n_items = 1;
    gap.kind = other.kind = unit_text("gap");
    gap.conversation_id = unit_bytes(&conversation, 16);
    gap.owed_by = unit_text("nps.cambs");
    gap.count = 2;
    other.conversation_id = unit_bytes(&handle, 16);
    other.count = 77;
    told.alarms = alarms;
    told.n_alarms = 2;
    stand_in_says(s, script, 2);
    assert_int_equal(RUN(s, track_command, "track", HANDLE), 0);
    said("number        3 of nps.cambs");
    said("number 2 of nps.cambs had not come");
    assert_null(strstr(printed, "number 77"));
}

static void an_alarm_is_seen_by_its_number(void **state)
{
    struct stand_in *s = *state;
    Concordat__Response r = CONCORDAT__RESPONSE__INIT;
    const Concordat__Response *script[] = {&r};

    stand_in_says(s, script, 1);
    assert_int_equal(RUN(s, alarms_command, "alarms", "--seen", "41"), 0);
    assert_int_equal(stand_in_asked(s, 0)->alarms->seen, 41);
    said("seen  alarm 41");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, stand_in_start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(accepting_means_all_that_is_open_to_it),
        TEST(the_last_acceptance_says_what_comes_next),
        TEST(a_component_that_is_not_open_is_not_accepted),
        TEST(a_rejection_carries_reason_and_words),
        TEST(a_slip_in_a_reason_is_told_before_anything_is_asked),
        TEST(what_no_message_takes_back_a_claim_does),
        TEST(a_case_is_not_taken_while_a_part_is_missing),
        TEST(completion_names_the_manifest),
        TEST(a_query_names_manifest_and_parts),
        TEST(without_a_transfer_there_is_nothing_to_say),
        TEST(an_offer_makes_transfer_and_manifest),
        TEST(offered_again_are_the_rejected_components_with_the_same_record),
        TEST(a_case_is_not_offered_to_two),
        TEST(parts_are_known_by_their_hash_in_any_order),
        TEST(a_part_that_has_changed_is_not_sent),
        TEST(who_holds_a_case_is_said_in_words),
        TEST(a_claim_that_waits_is_queued),
        TEST(what_is_due_is_said_with_whose_it_is),
        TEST(alarms_stand_above_the_inbox),
        TEST(an_alarm_says_what_has_not_come_or_has_come_late),
        TEST(a_gap_is_shown_beside_the_message),
        TEST(an_alarm_is_seen_by_its_number),
    };
    return cmocka_run_group_tests_name("case", tests, NULL, NULL);
}
