/* wires.c - an agency's session: what it has written and not sent, what it hears, and what is lost
 * with the connection. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/step.h"
#include "tests/sim/town.h"

#define SESSION_OF(agency, generation) ((session_id)(agency) + 1 + 16 * (session_id)(generation))

/* ---- sessions ---- */

static void publish_key(struct town *t, int agency)
{
    struct key_statement key = {.from_ms = START - DAY,
                                .seal_until_ms = START + 6 * DAY,
                                .open_until_ms = START + 59 * DAY};
    uint8_t bytes[STATEMENT_MAX];
    size_t size;

    (void)snprintf(key.agency, sizeof key.agency, "%s", t->agencies[agency].name);
    memset(key.key_id, agency + 1, sizeof key.key_id);
    memset(key.public_key, 8, sizeof key.public_key);
    MUST(key_statement_write(&key, bytes, sizeof bytes, &size));
    struct command_publish *publish = turn_command(
        hub_turn(t->hub), COMMAND_PUBLISH, t->agencies[agency].session, sizeof *publish + size);
    publish->head.member = t->agencies[agency].member;
    publish->key = key;
    publish->signer.bytes[0] = 1;
    publish->signature[0] = 1;
    publish->statement_size = (uint32_t)size;
    memcpy(publish->statement, bytes, size);
}

void agency_connect(struct town *t, int agency)
{
    struct agency *a = &t->agencies[agency];
    static const uint8_t der[] = "a certificate";

    if (a->session != 0)
        return;
    a->session = SESSION_OF(agency, ++a->generation);
    a->is_welcome = false;
    struct command_hello *hello =
        turn_command(hub_turn(t->hub), COMMAND_HELLO, a->session, sizeof *hello + sizeof der);
    (void)snprintf(hello->agency, sizeof hello->agency, "%s", a->name);
    hello->credit = 1 + (uint32_t)below(t, 40);
    hello->credit_size = 1 << 20;
    hello->der_size = sizeof der;
    memcpy(hello->der, der, sizeof der);
    hello->certificate = sha256(a->name, strlen(a->name));
}

/* What was on its way is lost, both ways; what is not answered is sent again in the next session.
 */
static void drop(struct agency *a)
{
    a->session = 0;
    a->is_welcome = false;
    a->frame_count = a->told_count = 0;
}

void agency_disconnect(struct town *t, int agency, bool lost)
{
    struct agency *a = &t->agencies[agency];

    if (!a->is_welcome) /* while joining the link waits for the welcome */
        return;
    struct command_gone *gone =
        turn_command(hub_turn(t->hub), COMMAND_GONE, a->session, sizeof *gone);
    gone->head.member = a->member;
    gone->lost = lost;
    drop(a);
    t->counts->disconnects++;
}

void town_died(struct town *t)
{
    for (int i = 0; i < AGENCIES; i++)
        drop(&t->agencies[i]);
    t->counts->deaths++;
    clockwork_died(t);
}

void agency_say(struct town *t, int agency, struct frame_out frame)
{
    struct agency *a = &t->agencies[agency];

    if (a->is_welcome && a->frame_count < FRAMES_MAX)
        a->frames[a->frame_count++] = frame;
}

static void welcomed(struct town *t, int agency, uint32_t member)
{
    struct agency *a = &t->agencies[agency];

    a->member = member;
    a->is_welcome = true;
    struct command_follow *follow =
        turn_command(hub_turn(t->hub), COMMAND_FOLLOW, a->session, sizeof *follow);
    follow->head.member = member;
    if (a->generation == 1)
        publish_key(t, agency);
    for (int i = 0; i < t->letter_count; i++) {
        struct letter *letter = &t->letters[i];
        if (letter->from == agency && !letter->answered)
            agency_say(t, agency, (struct frame_out){.kind = FRAME_SUBMIT, .place = i});
        if (letter->to == agency && letter->step_sent != 0)
            agency_say(
                t, agency,
                (struct frame_out){.kind = FRAME_STEP, .place = i, .step = letter->step_sent});
    }
    for (int i = 0; i < t->claim_count; i++)
        if (t->claims[i].agency == agency && !t->claims[i].answered)
            agency_say(t, agency, (struct frame_out){.kind = FRAME_CLAIM, .place = i});
    for (size_t i = a->frame_count; i > 1 && chance(t, 50); i--) { /* in any order */
        size_t other = below(t, i);
        struct frame_out frame = a->frames[i - 1];
        a->frames[i - 1] = a->frames[other];
        a->frames[other] = frame;
    }
}

/* ---- frames ---- */

/* Any of what an agent may find in what it cannot take. */
static Concordat__RefusalCode why_rejected(const struct letter *letter)
{
    static const Concordat__RefusalCode codes[] = {
        CONCORDAT__REFUSAL_CODE__HEADER_MISMATCH, CONCORDAT__REFUSAL_CODE__BODY_CATEGORY_MISMATCH,
        CONCORDAT__REFUSAL_CODE__BAD_SIGNATURE, CONCORDAT__REFUSAL_CODE__CANNOT_OPEN};

    return codes[letter->sequence % (sizeof codes / sizeof *codes)];
}

static void send_step(struct town *t, int agency, struct letter *letter, int kind)
{
    struct step step = {.message_id = letter->id,
                        .header_digest = letter->digest,
                        .kind = (Concordat__StepKind)kind,
                        .previous = letter->last_step,
                        .at_ms = letter->created_ms + kind};
    const struct proof proof = {.count = 1};
    uint8_t bytes[STEP_MAX], packed[EVENT_PROOF_MAX];
    struct writer w = writer_of(packed, sizeof packed);
    size_t size;

    if (kind == CONCORDAT__STEP_KIND__REJECTED)
        step.rejected = why_rejected(letter);
    if (kind == CONCORDAT__STEP_KIND__DECLINED)
        step.declined = CONCORDAT__DECLINE_REASON__NOT_FOR_US;
    (void)snprintf(step.agency, sizeof step.agency, "%s", t->agencies[agency].name);
    MUST(step_write(&step, bytes, sizeof bytes, &size));
    event_pack_proof(&proof, &w);
    struct command_step *given = turn_command(
        hub_turn(t->hub), COMMAND_STEP, t->agencies[agency].session, sizeof *given + size + w.size);
    given->head.member = t->agencies[agency].member;
    given->sequence = (uint64_t)(letter - t->letters) * 16 + (uint64_t)kind;
    given->message_id = letter->id;
    given->header_digest = letter->digest;
    given->previous = letter->last_step;
    given->step_digest = letter->sent_step = sha256(bytes, size);
    given->kind = (uint32_t)kind;
    given->step_size = (uint32_t)size;
    given->proof_size = (uint32_t)w.size;
    memcpy(given->bytes, bytes, size);
    memcpy(given->bytes + size, packed, w.size);
}

static void send_settle(struct town *t, int agency, uint64_t sequence)
{
    struct command_settle *settle =
        turn_command(hub_turn(t->hub), COMMAND_SETTLE, t->agencies[agency].session,
                     sizeof *settle + sizeof sequence);

    settle->head.member = t->agencies[agency].member;
    settle->count = 1;
    settle->sequences[0] = sequence;
}

static void send_claim(struct town *t, int agency, int place)
{
    const struct said_claim *said = &t->claims[place];
    struct command_case *given =
        turn_command(hub_turn(t->hub), COMMAND_CASE, t->agencies[agency].session, sizeof *given);

    given->head.member = t->agencies[agency].member;
    given->request = (uint64_t)place + 1;
    given->handle = t->files[said->case_number].handle;
    given->is_claim = true;
    given->claim = (struct claim){.kind = said->kind,
                                  .case_handle = given->handle,
                                  .case_version = said->version,
                                  .at_ms = hub_exchange(t->hub)->now_ms};
    (void)snprintf(given->claim.agency, sizeof given->claim.agency, "%s", t->agencies[agency].name);
    given->signing_key.bytes[0] = 9;
}

static void send(struct town *t, int agency, const struct frame_out *frame)
{
    switch (frame->kind) {
    case FRAME_SUBMIT:
        letter_submit(t, &t->letters[frame->place]);
        break;
    case FRAME_STEP:
        send_step(t, agency, &t->letters[frame->place], frame->step);
        break;
    case FRAME_SETTLE:
        send_settle(t, agency, frame->sequence);
        break;
    case FRAME_CLAIM:
        send_claim(t, agency, frame->place);
        break;
    }
}

void agency_pump(struct town *t, int agency, size_t count)
{
    struct agency *a = &t->agencies[agency];
    size_t sent = count < a->frame_count ? count : a->frame_count;

    for (size_t i = 0; i < sent; i++) {
        send(t, agency, &a->frames[i]);
        if (chance(t, 5)) /* twice: an agent that does not know that it has sent it */
            send(t, agency, &a->frames[i]);
    }
    memmove(a->frames, a->frames + sent, (a->frame_count - sent) * sizeof *a->frames);
    a->frame_count -= sent;
}

/* ---- what is heard ---- */

static void heard_item(struct town *t, int agency, const struct effect_item *item)
{
    struct agency *a = &t->agencies[agency];
    struct reader r = reader_of(item->record, item->record_size);
    struct event event;

    MUST(event_read(&r, &event));
    if (event.kind == EVENT_ACCEPTED) {
        struct letter *letter = letter_of(t, &event.message_id);
        if (!letter || letter->to != agency || !digest_equal(&event.header_digest, &letter->digest))
            town_fail(t, "a message for another, or that nobody wrote, is delivered");
        else
            watch_shown(t, letter, item);
    } else if (a->told_count < FRAMES_MAX) {
        a->told[a->told_count++] = item->sequence;
    }
}

static void heard_settle(struct town *t, int agency, uint64_t number)
{
    struct letter *letter = &t->letters[number / 16];
    int kind = (int)(number % 16);

    if (letter->step_sent != kind || letter->to != agency)
        return; /* the answer to one sent twice */
    letter->steps |= 1u << kind;
    letter->last_step = letter->sent_step;
    letter->step_sent = 0;
}

void agency_hear(struct town *t, const struct effect *effect)
{
    const void *whole = effect;
    int agency = (int)((effect->session - 1) % 16);
    struct agency *a = &t->agencies[agency];
    struct letter *letter = NULL;

    if (effect->kind == EFFECT_REFUSAL) { /* also when nobody hears it: the broker knows it */
        const struct refusal *refusal = &((const struct effect_refusal *)whole)->refusal;
        letter = letter_of(t, &refusal->message_id);
        if (letter)
            letter->refused = true;
    }
    if (a->session != effect->session)
        return;
    switch (effect->kind) {
    case EFFECT_WELCOME:
        welcomed(t, agency, ((const struct effect_welcome *)whole)->member);
        break;
    case EFFECT_RECEIPT:
        letter = letter_of(t, &((const struct effect_receipt *)whole)->receipt.message_id);
        if (!letter || letter->accepted != ((const struct effect_receipt *)whole)->receipt.sequence)
            town_fail(t, "a receipt of what is not accepted, or of another sequence");
        else
            letter->answered = true;
        break;
    case EFFECT_REFUSAL:
        if (letter && letter->accepted != 0)
            town_fail(t, "what was accepted is refused");
        else if (letter)
            letter->answered = true;
        break;
    case EFFECT_DELIVER:
    case EFFECT_STEP:
        heard_item(t, agency, whole);
        break;
    case EFFECT_SETTLE:
        heard_settle(t, agency, ((const struct effect_settle *)whole)->sequence);
        break;
    case EFFECT_FRAME: /* to a claim, or to a key published */
        town_answered(t, agency, whole);
        break;
    case EFFECT_CLOSE:
        drop(a);
        break;
    case EFFECT_GAZETTE:
    case EFFECT_VERDICT:
    case EFFECT_RELEASE:
        break;
    }
}

/* ---- what it does with what it has ---- */

static void take_step(struct town *t, int agency, struct letter *letter)
{
    const uint32_t delivered = 1u << CONCORDAT__STEP_KIND__DELIVERED;
    int kind = CONCORDAT__STEP_KIND__DELIVERED;

    if (letter->steps & 1u << CONCORDAT__STEP_KIND__REJECTED)
        return;
    if (!(letter->steps & delivered)) {
        if (chance(t, t->rejects))
            kind = CONCORDAT__STEP_KIND__REJECTED;
    } else if (letter->type->pattern == PATTERN_REFERRAL && chance(t, 30)
               && letter->steps == delivered) {
        kind = chance(t, 10) ? CONCORDAT__STEP_KIND__DECLINED
             : chance(t, 50) ? CONCORDAT__STEP_KIND__ACKNOWLEDGED
                             : CONCORDAT__STEP_KIND__OPENED;
    } else {
        return;
    }
    letter->step_sent = kind;
    agency_say(
        t, agency,
        (struct frame_out){.kind = FRAME_STEP, .place = (int)(letter - t->letters), .step = kind});
}

void agency_read(struct town *t, int agency, bool everything)
{
    struct agency *a = &t->agencies[agency];

    if (!a->is_welcome)
        return;
    for (int i = 0; i < t->letter_count; i++) {
        struct letter *letter = &t->letters[i];
        if (letter->to == agency && letter->shown > 0 && letter->step_sent == 0
            && (everything || chance(t, 70)))
            take_step(t, agency, letter);
    }
    size_t left = 0;
    for (size_t i = 0; i < a->told_count; i++)
        if (a->frame_count < FRAMES_MAX && (everything || chance(t, 80)))
            agency_say(t, agency, (struct frame_out){.kind = FRAME_SETTLE, .sequence = a->told[i]});
        else
            a->told[left++] = a->told[i];
    a->told_count = left;
}
