#include "tests/unit/handover_town.h"

#include <stdio.h>
#include <string.h>

#include "agents/base64.h"
#include "lib/text.h"

const char *const agencies[HANDOVER_AGENCIES] = {"nps.cambs", "crc.bench", "csc.cambs"};

const char referral[] = "{" KIT ", \"children\": [" ARI "], \"concern\": [\"NEGLECT\"], "
                        "\"consent\": \"NOT_SOUGHT_UNSAFE\", \"whatHappened\": {\"text\": "
                        "\"Left alone in the evening.\"}}";
const char check[] =
    "{" KIT ", \"why\": \"PRE_SENTENCE\", \"neededByMs\": \"1896983200000\", \"children\": "
    "[{\"person\": " ARI ", \"relationship\": \"child\"}]}";
const char checked[] = "{\"outcome\": \"NOT_KNOWN\"}";
struct told last_moved;

ProtobufCBinaryData field_of(const struct id *id)
{
    return (ProtobufCBinaryData){.len = id ? ID_SIZE : 0, .data = (uint8_t *)(uintptr_t)id};
}

static char *text_of(const char *text)
{
    return (char *)(uintptr_t)(text ? text : "");
}

const Concordat__Response *say(struct town *town, size_t agency, struct wish wish)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__SendRequest send = CONCORDAT__SEND_REQUEST__INIT;

    send.type = text_of(wish.type);
    send.to = text_of(wish.to);
    send.case_handle = field_of(wish.about);
    send.conversation_id = field_of(wish.conversation);
    send.in_reply_to = field_of(wish.reply_to);
    send.message_id = field_of(wish.message);
    send.body_case = CONCORDAT__SEND_REQUEST__BODY_JSON;
    send.json = text_of(wish.json);
    send.officer = text_of(wish.officer);
    send.wait_ms = 1000;
    request.kind_case = CONCORDAT__REQUEST__KIND_SEND;
    request.send = &send;
    return town_ask(town, agency, &request);
}

struct id said(const Concordat__Response *r)
{
    struct id id;

    if (r->outcome != CONCORDAT__OUTCOME__DONE)
        fail_msg("outcome %d: %s %s %s", (int)r->outcome,
                 r->n_problems ? r->problems[0]->where : "",
                 r->n_problems ? r->problems[0]->text : "", r->advice);
    memcpy(id.bytes, r->message_id.data, ID_SIZE);
    return id;
}

void refused(const Concordat__Response *r, Concordat__RefusalCode code)
{
    assert_int_equal(r->outcome, CONCORDAT__OUTCOME__REFUSED);
    assert_int_equal(r->refusal->code, code);
}

const Concordat__CustodyState *case_of(struct town *town, size_t agency, const struct id *handle)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__CaseRequest cases = CONCORDAT__CASE_REQUEST__INIT;

    cases.case_handle = field_of(handle);
    request.kind_case = CONCORDAT__REQUEST__KIND_CASES;
    request.cases = &cases;
    return town_ask(town, agency, &request)->custody;
}

const Concordat__Response *due_first(struct town *town, size_t agency, uint32_t limit)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__DueRequest due = CONCORDAT__DUE_REQUEST__INIT;

    due.limit = limit;
    request.kind_case = CONCORDAT__REQUEST__KIND_DUE;
    request.due = &due;
    return town_ask(town, agency, &request);
}

const Concordat__Response *due_of(struct town *town, size_t agency)
{
    return due_first(town, agency, 0);
}

const Concordat__Due *find_due(struct town *town, size_t agency, const char *what,
                               const char *expected)
{
    const Concordat__Response *r = due_of(town, agency);

    for (size_t i = 0; i < r->n_due; i++)
        if (strcmp(r->due[i]->what, what) == 0 && strcmp(r->due[i]->expected, expected) == 0)
            return r->due[i];
    return NULL;
}

void claim_later(struct town *town, size_t agency, const struct id *handle,
                 Concordat__ClaimKind kind)
{
    Concordat__Request request = CONCORDAT__REQUEST__INIT;
    Concordat__HoldRequest hold = CONCORDAT__HOLD_REQUEST__INIT;

    hold.kind = kind;
    hold.case_handle = field_of(handle);
    request.kind_case = CONCORDAT__REQUEST__KIND_HOLD;
    request.hold = &hold;
    town_ask_later(town, agency, &request);
    town_turns(town, 1);
}

void hold_later(struct town *town, size_t agency, const struct id *handle)
{
    claim_later(town, agency, handle, CONCORDAT__CLAIM_KIND__CLAIM_OPEN);
}

struct told news_of(const struct town *town, const struct id *handle,
                    Concordat__CustodyChange change, const char *holder, uint64_t version)
{
    struct told told = {.kind = TOLD_CUSTODY};

    told.custody.case_handle = *handle;
    told.custody.change = change;
    told.custody.version = version;
    told.custody.at_ms = town_now(town);
    TEXT_COPY(told.custody.holder, holder);
    return told;
}

struct id opened(struct town *town)
{
    struct id handle = id_random();
    struct told told =
        news_of(town, &handle, CONCORDAT__CUSTODY_CHANGE__CASE_OPENED, agencies[NPS], 1);

    town_tell(town, NPS, &told);
    town_settle(town);
    return handle;
}

void moved(struct town *town, const struct id *handle, const struct id *transfer,
           const struct told_conversation *conversations, uint32_t count, unsigned to)
{
    struct told told =
        news_of(town, handle, CONCORDAT__CUSTODY_CHANGE__CASE_TRANSFERRED, agencies[CRC], 3);

    TEXT_COPY(told.custody.former, agencies[NPS]);
    TEXT_COPY(told.custody.offered_to, agencies[CRC]);
    told.custody.transfer_id = *transfer;
    told.custody.conversation_count = count;
    if (count > 0)
        memcpy(told.custody.conversations, conversations, count * sizeof *conversations);
    last_moved = told;
    for (size_t agency = 0; agency < 3; agency++)
        if (to >> agency & 1)
            town_tell(town, agency, &told);
    town_settle(town);
}

struct told_conversation conversation_of(const struct id *id, const char *type, uint32_t next,
                                         uint32_t next_of_other)
{
    struct told_conversation t = {
        .id = *id, .next_of_holder = next, .next_of_other = next_of_other, .asked_by_holder = true};

    TEXT_COPY(t.type, type);
    TEXT_COPY(t.other, agencies[CSC]);
    TEXT_COPY(t.before, agencies[NPS]);
    return t;
}

uint32_t number_of(struct town *town, size_t agency, const struct id *id)
{
    return town_track(town, agency, id)->sequence;
}

const char *update_of(const struct id *first, unsigned number)
{
    static char json[256];
    char id[BASE64_SIZE(ID_SIZE)];

    base64_print(first->bytes, ID_SIZE, id);
    (void)snprintf(json, sizeof json,
                   "{\"referralId\": \"%s\", \"number\": %u, \"childChanges\": "
                   "[\"WORKER_CHANGED\"]}",
                   id, number);
    return json;
}

struct id updated(struct town *town, size_t by, const struct id *first, unsigned number)
{
    return said(say(town, by,
                    (struct wish){.type = "safeguarding.update",
                                  .conversation = first,
                                  .json = update_of(first, number)}));
}

struct id referred(struct town *town, const struct id *handle)
{
    return said(say(town, NPS,
                    (struct wish){.type = "safeguarding.referral.child",
                                  .to = agencies[CSC],
                                  .about = handle,
                                  .json = referral}));
}
