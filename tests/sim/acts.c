/* acts.c - what the agencies of the simulation do: mostly what is right as far as they know, and
 * now and then what is stale, another's, or wrong. */
#include <stdio.h>
#include <string.h>

#include "proto/wire.h"
#include "tests/sim/town.h"

static int other_holder(struct town *t, int agency)
{
    return (agency + 1 + (int)below(t, HOLDERS - 1)) % HOLDERS;
}

/* ---- numbers ---- */

/* The side's next number, as its agency has it: mostly the next, now and then one past it, or one
 * that was used. */
static uint32_t number_of(struct town *t, struct talk *talk, int side)
{
    uint32_t said = side == 0 ? talk->said.next_of_asker : talk->said.next_of_other;
    uint32_t next = talk->assigned[side] + 1;

    if (talk->is_kept && (said > next || chance(t, 10)))
        next = said;
    if (chance(t, 7))
        next++;
    if (next > talk->assigned[side])
        talk->assigned[side] = next;
    return next;
}

static void say_in(struct town *t, struct letter *letter, struct talk *talk, int side)
{
    letter_in(t, letter, talk, number_of(t, talk, side));
    letter_post(t, letter);
}

/* ---- claims ---- */

static void claim(struct town *t, int agency, int case_number, Concordat__ClaimKind kind)
{
    if (t->claim_count == CLAIMS_MAX)
        return;
    bool closes = kind == CONCORDAT__CLAIM_KIND__CLAIM_CLOSE;
    t->claims[t->claim_count] =
        (struct said_claim){.agency = agency,
                            .case_number = case_number,
                            .kind = kind,
                            .version = closes ? t->files[case_number].version : 0};
    agency_say(t, agency, (struct frame_out){.kind = FRAME_CLAIM, .place = t->claim_count});
    t->claim_count++;
}

void town_answered(struct town *t, int agency, const struct effect_frame *frame)
{
    OWNED(arena) arena = arena_new(1024, HEAD_ARENA);
    const struct bytes head = {frame->bytes + FRAME_PREFIX, frame->bytes_size - FRAME_PREFIX};
    struct reason why = {""};
    struct wire wire;

    if (!arena || wire_read(head, arena, &wire, &why) != ST_OK) {
        town_fail(t, "a ready frame does not read: %s", why.text);
        return;
    }
    if (wire.kind != WIRE_CASE)
        return; /* a key published */
    uint64_t request = wire.case_frame.request;
    if (request == 0 || request > (uint64_t)t->claim_count
        || t->claims[request - 1].agency != agency)
        town_fail(t, "an answer to what nobody claimed");
    else
        t->claims[request - 1].answered = true;
}

/* ---- transfers ---- */

static uint32_t some_of(struct town *t, uint32_t bits)
{
    uint32_t some = bits & (uint32_t)random_next(&t->random);

    return some != 0 && chance(t, 50) ? some : bits;
}

static void list_talks(struct town *t, int case_number, struct custody_claim *custody)
{
    for (int i = 0; i < t->talk_count; i++) {
        const struct talk *talk = &t->talks[i];
        if (!talk_is_open(talk, case_number) || chance(t, 2)
            || custody->conversation_count == CONVERSATIONS_MAX)
            continue;
        uint32_t at = custody->conversation_count++;
        for (; at > 0 && memcmp(talk->id.bytes, custody->conversations[at - 1].bytes, ID_SIZE) < 0;
             at--)
            custody->conversations[at] = custody->conversations[at - 1];
        custody->conversations[at] = talk->id;
    }
}

static void offer(struct town *t, int case_number, struct talk *again)
{
    struct file *f = &t->files[case_number];
    int from = chance(t, 95) ? f->holder : (int)below(t, HOLDERS);
    struct letter *letter = letter_new(t, "case.transfer.offer", from,
                                       again ? f->to : other_holder(t, from), case_number);

    if (!letter)
        return;
    struct custody_claim *c = &letter->custody;
    c->transfer_id = again ? f->transfer : letter->id;
    c->transfer_id.bytes[0] = 0xf1;
    c->case_version = chance(t, 93) || f->version < 2 ? f->version : f->version - 1;
    c->component_count = again ? f->count : 1 + (uint32_t)below(t, 4);
    c->components = again ? some_of(t, f->rejected) : (1u << c->component_count) - 1;
    c->manifest = sha256(&letter->id, sizeof letter->id);
    c->reply_by_ms = chance(t, 40) ? letter->created_ms + (int64_t)below(t, 70) * HOUR + HOUR : 0;
    list_talks(t, case_number, c);
    if (again) {
        say_in(t, letter, again, 0);
    } else {
        letter_opens(t, letter);
        letter_post(t, letter);
    }
}

/* The conversation of the transfer that is open. */
static struct talk *transfer_talk(struct town *t, const struct file *f)
{
    for (int i = t->talk_count - 1; i >= 0; i--)
        if (id_equal(&t->letters[t->talks[i].opening].custody.transfer_id, &f->transfer))
            return &t->talks[i];
    return NULL;
}

static void answer_offer(struct town *t, int case_number, const char *type, uint32_t components)
{
    struct file *f = &t->files[case_number];
    struct talk *talk = transfer_talk(t, f);
    bool withdraws = strcmp(type, "case.transfer.withdraw") == 0;
    int from = withdraws ? f->holder : f->to, to = withdraws ? f->to : f->holder;

    if (chance(t, 3)) { /* who has no business in it */
        from = (from + 1) % HOLDERS;
        if (from == to)
            return;
    }
    struct letter *letter = talk ? letter_new(t, type, from, to, case_number) : NULL;
    if (!letter)
        return;
    letter->custody.transfer_id = f->transfer;
    if (chance(t, 2))
        letter->custody.transfer_id.bytes[1] ^= 1;
    letter->custody.case_version = f->version;
    letter->custody.components = components;
    if (strcmp(type, "case.transfer.complete") == 0)
        letter->custody.manifest = chance(t, 97) ? f->manifest : sha256("other", 5);
    say_in(t, letter, talk, withdraws ? 0 : 1);
}

static void act_on_transfer(struct town *t, int case_number)
{
    const struct file *f = &t->files[case_number];
    uint64_t choice = below(t, 100);

    if (choice < 4)
        answer_offer(t, case_number, "case.transfer.withdraw", 0);
    else if (choice < 8) /* a second at the same time */
        offer(t, case_number, NULL);
    else if (f->offered == 0 && f->rejected == 0)
        answer_offer(t, case_number, "case.transfer.complete", 0);
    else if (choice < 14) /* too early */
        answer_offer(t, case_number, "case.transfer.complete", 0);
    else if (f->offered == 0)
        offer(t, case_number, transfer_talk(t, f));
    else if (choice < 25)
        answer_offer(t, case_number, "case.transfer.reject", some_of(t, f->offered));
    else if (choice < 28)
        answer_offer(t, case_number, "case.transfer.accept", 1 + (uint32_t)below(t, 15));
    else
        answer_offer(t, case_number, "case.transfer.accept", some_of(t, f->offered));
}

/* ---- conversations ---- */

static void ask(struct town *t, int case_number)
{
    static const char *const types[] = {"safeguarding.referral.child",
                                        "check.social_care.children.request"};
    const struct file *f = &t->files[case_number];
    int from = f->holder != NONE && chance(t, 90) ? f->holder : (int)below(t, HOLDERS);
    struct letter *letter =
        letter_new(t, types[below(t, 2)], from, CSC, chance(t, 90) ? case_number : NONE);

    if (!letter)
        return;
    if (chance(t, 50))
        letter->needed_by_ms = letter->created_ms + (int64_t)below(t, 60) * HOUR;
    if (letter->type->watched_until && chance(t, 50))
        letter->watch_until_ms = letter->created_ms + (int64_t)below(t, 60) * HOUR;
    letter_opens(t, letter);
    letter_post(t, letter);
}

/* Somebody asks who holds the case. */
static void ask_holder(struct town *t, int case_number)
{
    static const char *const types[] = {"service.referral.family_support", "mappa.info.request"};
    const struct file *f = &t->files[case_number];
    struct letter *letter =
        letter_new(t, types[below(t, 2)], CSC, f->holder != NONE ? f->holder : 0, case_number);

    if (!letter)
        return;
    letter_opens(t, letter);
    letter_post(t, letter);
}

/* From one side to the other; an answer now and then to who was the side before. */
static void talk_on(struct town *t, struct talk *talk)
{
    const struct message_type *opened = talk->opened;
    int side = chance(t, 65);
    uint64_t choice = below(t, 100);
    const char *type = side == 1 && choice < 50 ? opened->answered_by
                     : side == 1 && choice < 65 ? opened->acknowledged_by
                     : choice < 90              ? opened->updated_by
                                                : opened->closed_by;
    int to = talk->sides[1 - side];

    if (!type)
        type = side == 1 ? opened->answered_by : NULL;
    if (!type)
        return;
    if (side == 1 && talk->former != NONE && type == opened->answered_by && chance(t, 50))
        to = talk->former;
    struct letter *letter = letter_new(t, type, talk->sides[side], to, talk->case_number);
    if (letter)
        say_in(t, letter, talk, side);
}

static void converse(struct town *t, int case_number)
{
    for (unsigned tries = 0; tries < 8 && t->talk_count > 0; tries++) {
        struct talk *talk = &t->talks[below(t, (uint64_t)t->talk_count)];
        if (talk->opened->pattern != PATTERN_TRANSFER && (!talk->is_over || chance(t, 5))) {
            talk_on(t, talk);
            return;
        }
    }
    ask(t, case_number);
}

void town_pass_on(struct town *t, struct letter *answer)
{
    struct talk *talk = &t->talks[answer->talk];
    const struct file *f = talk->case_number != NONE ? &t->files[talk->case_number] : NULL;
    struct letter *last = answer->passed_on != NONE ? &t->letters[answer->passed_on] : NULL;

    if (!f || answer->rejected || f->holder == NONE || f->holder == answer->to
        || f->holder == answer->from)
        return;
    if (last && (last->to == f->holder || !last->answered))
        return; /* it is on its way, or nothing permits it: it waits */
    struct letter *letter = letter_new(t, LATE_ANSWER, answer->to, f->holder, talk->case_number);
    if (!letter)
        return;
    letter_in(t, letter, talk, 1);
    letter->reply_to = (int)(answer - t->letters);
    answer->passed_on = (int)(letter - t->letters);
    letter_post(t, letter);
}

/* ---- all of it ---- */

static void notice(struct town *t, int case_number)
{
    const struct file *f = &t->files[case_number];
    struct letter *letter =
        letter_new(t, "case.first_contact", f->holder, other_holder(t, f->holder), case_number);

    if (letter)
        letter_post(t, letter);
}

void town_act(struct town *t)
{
    int case_number = (int)below(t, CASES);
    const struct file *f = &t->files[case_number];
    uint64_t choice = below(t, 100);

    if (f->holder == NONE) {
        if (choice < 80)
            claim(t, (int)below(t, choice < 4 ? AGENCIES : HOLDERS), case_number,
                  CONCORDAT__CLAIM_KIND__CLAIM_OPEN);
        else
            converse(t, case_number);
    } else if (choice < 3) {
        claim(t, chance(t, 80) ? f->holder : (int)below(t, HOLDERS), case_number,
              chance(t, 80) ? CONCORDAT__CLAIM_KIND__CLAIM_CLOSE
                            : CONCORDAT__CLAIM_KIND__CLAIM_OPEN);
    } else if (choice < 8) {
        notice(t, case_number);
    } else if (choice < 55) {
        if (f->is_open)
            act_on_transfer(t, case_number);
        else
            offer(t, case_number, NULL);
    } else if (choice < 59) {
        ask_holder(t, case_number);
    } else if (choice < 70) {
        ask(t, case_number);
    } else {
        converse(t, case_number);
    }
}
