/*
 * track.c - `concordat track`: how far a message has come, rung by rung.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "agents/cli/arguments.h"
#include "agents/cli/items.h"
#include "agents/cli/show.h"
#include "agents/cli/when.h"
#include "agents/client.h"
#include "lib/nearest.h"

#define ALARMS_LIMIT 1000   /* as many as an agent gives at once */
#define UNTIL_WAIT_MS 30000 /* --until without --wait */

static const char *const rung_names[] = {"queued",   "accepted", "refused",      "delivered",
                                         "opened",   "rejected", "acknowledged", "declined",
                                         "answered", "withheld"};

static bool rung_is_known(const char *name)
{
    struct nearest nearest = nearest_to(name);
    char suggestion[SUGGESTION_SIZE];

    for (size_t i = 0; i < LENGTH_OF(rung_names); i++) {
        if (strcmp(name, rung_names[i]) == 0)
            return true;
        nearest_offer(&nearest, rung_names[i]);
    }
    complain("--until: '%s' is not a rung%s", name, suggest(&nearest, suggestion));
    return false;
}

static bool has_rung(const struct concordat_item *item, const char *name)
{
    for (size_t i = 0; i < item->rung_count; i++) {
        if (strcmp(item->rungs[i].name, name) == 0)
            return true;
    }
    return false;
}

static enum tone tone_of(const char *rung)
{
    if (strcmp(rung, "refused") == 0 || strcmp(rung, "rejected") == 0
        || strcmp(rung, "declined") == 0)
        return TONE_BAD;
    return strcmp(rung, "queued") == 0 ? TONE_WARN : TONE_GOOD;
}

/* Only the recipient's steps are signed; queued is our agent's word, a verdict the broker's. */
static const char *proof_of(const struct concordat_rung *rung)
{
    bool signed_step = strcmp(rung->name, "queued") != 0 && strcmp(rung->name, "accepted") != 0
                    && strcmp(rung->name, "refused") != 0;

    if (!signed_step)
        return "";
    return rung->verified ? " (signature verified)" : " (SIGNATURE NOT VERIFIED)";
}

static void show_link(const struct cli *cli, const char *name, const struct concordat_id *id)
{
    char text[CONCORDAT_ID_TEXT];

    if (concordat_id_is_none(id))
        return;
    concordat_id_print(id, text);
    printf("  %s%-13s%s %s\n", tone_start(cli, TONE_FAINT), name, tone_end(cli), text);
}

/* Its number there, of those that its sender has sent. */
static void show_number(const struct cli *cli, const struct concordat_item *item)
{
    if (item->sequence == 0)
        return;
    printf("  %s%-13s%s %" PRIu32 " of ", tone_start(cli, TONE_FAINT), "number", tone_end(cli),
           item->sequence);
    show_clean(stdout, item->from);
    printf("\n");
}

/* What the message belongs to, and by when it is needed. */
static void show_surroundings(const struct cli *cli, const struct concordat_item *item)
{
    char text[WHEN_SIZE];

    show_link(cli, "case", &item->case_handle);
    show_link(cli, "conversation", &item->conversation_id);
    show_number(cli, item);
    show_link(cli, "in reply to", &item->in_reply_to);
    show_link(cli, "sent again for", &item->sent_again_for);
    if (!has_rung(item, "answered")) /* which names it; the answer may be here before its step */
        show_link(cli, "answer", &item->answer);
    if (item->break_glass) {
        printf("  %s%-13s%s under ", tone_start(cli, TONE_BAD), "BREAK-GLASS", tone_end(cli));
        show_clean(stdout, item->agreement_id);
        printf("\n");
    }
    when_print(item->needed_by_ms, text);
    if (*text)
        printf("  %s%-13s%s %s\n", tone_start(cli, TONE_FAINT), "needed by", tone_end(cli), text);
}

/* The deadline's last word, unless the rung `answered` has said it. */
static void show_deadline(const struct cli *cli, const struct concordat_item *item)
{
    char text[DEADLINE_SIZE];

    for (size_t i = 0; i < item->rung_count; i++)
        if (item->rungs[i].late)
            return;
    deadline_print(item, text);
    if (*text)
        printf("  %s%s%s\n", tone_start(cli, TONE_BAD), text, tone_end(cli));
}

static void show_lapse(const struct cli *cli, const struct concordat_item *item)
{
    char text[LAPSE_SIZE];

    lapse_print(item, text);
    if (!*text)
        return;
    printf("  %s", tone_start(cli, TONE_WARN));
    show_clean(stdout, text);
    printf("%s\n", tone_end(cli));
}

/* Beside the refusal that made the agent send it again. */
static void show_sent_again(const struct concordat_item *item, const struct concordat_rung *rung)
{
    char id[CONCORDAT_ID_TEXT];

    if (concordat_id_is_none(&item->sent_again_as) || strcmp(rung->name, "refused") != 0)
        return;
    concordat_id_print(&item->sent_again_as, id);
    printf("; sent again as %s", id);
    if (!*item->sent_again_agreement)
        return;
    printf(" under ");
    show_clean(stdout, item->sent_again_agreement);
    printf(" v%" PRIu32, item->sent_again_version);
}

static void show_ladder(const struct cli *cli, const struct concordat_item *item)
{
    char id[CONCORDAT_ID_TEXT];

    concordat_id_print(&item->message_id, id);
    printf("%s  ", id);
    show_clean(stdout, item->type);
    printf("  ");
    show_clean(stdout, item->from);
    printf(" -> ");
    show_clean(stdout, item->to);
    printf("\n");
    show_surroundings(cli, item);
    for (size_t i = 0; i < item->rung_count; i++) {
        const struct concordat_rung *rung = &item->rungs[i];
        char when[WHEN_SIZE], late[DEADLINE_SIZE] = "";

        when_print(rung->at_ms, when);
        printf("  %s%-13s%s %s  ", tone_start(cli, tone_of(rung->name)), rung->name, tone_end(cli),
               when);
        show_clean(stdout, rung->by);
        printf("%s%s", proof_of(rung), *rung->detail ? "  " : "");
        show_clean(stdout, rung->detail);
        show_sent_again(item, rung);
        if (rung->late)
            deadline_print(item, late);
        printf("%s%s%s%s\n", *late ? "  " : "", tone_start(cli, TONE_BAD), late, tone_end(cli));
    }
    show_deadline(cli, item);
    show_lapse(cli, item);
}

/* What the broker has said is missing in the message's conversation; an agent that knows of no
 * alarms has none. */
static void show_gaps(const struct cli *cli, struct concordat *agent,
                      const struct concordat_item *item)
{
    OWNED_ANSWER answer = concordat_alarms(agent, ALARMS_LIMIT, true);

    for (size_t i = 0; answer->outcome == CONCORDAT_DONE && i < answer->alarm_count; i++) {
        const struct concordat_alarm *alarm = &answer->alarms[i];
        char when[WHEN_SIZE];

        if (strcmp(alarm->kind, "gap") != 0
            || memcmp(&alarm->conversation_id, &item->conversation_id, sizeof item->conversation_id)
                   != 0)
            continue;
        when_print(alarm->at_ms, when);
        printf("  %s%-13s%s %s  number %" PRIu32 " of ", tone_start(cli, TONE_BAD), "missing",
               tone_end(cli), when, alarm->count);
        show_clean(stdout, alarm->owed_by);
        printf(" had not come; what was held behind it was handed over\n");
    }
}

static enum exit_code show_list(const struct cli *cli, const struct concordat_answer *answer)
{
    static const enum item_column columns[] = {ITEM_MESSAGE, ITEM_FROM,    ITEM_TO,  ITEM_TYPE,
                                               ITEM_STATE,   ITEM_CREATED, ITEM_MARK};

    if (answer->item_count == 0) {
        printf("no messages yet\n");
        return EXIT_DONE;
    }
    return items_print(cli, answer->items, answer->item_count, columns, LENGTH_OF(columns));
}

static enum exit_code show_tracked(const struct cli *cli, struct concordat *agent,
                                   const struct concordat_answer *answer, bool one)
{
    if (cli->json && one && answer->item_count > 0)
        return show_json(json_of_item(&answer->items[0]));
    if (cli->json)
        return items_show_json(answer);
    if (!one)
        return show_list(cli, answer);
    for (size_t i = 0; i < answer->item_count; i++)
        show_ladder(cli, &answer->items[i]);
    if (answer->item_count > 0)
        show_gaps(cli, agent, &answer->items[0]);
    return EXIT_DONE;
}

/* Was what the user waited for reached? */
static enum exit_code judge(const struct concordat_answer *answer, const char *until)
{
    const struct concordat_item *item;

    if (!until)
        return EXIT_DONE;
    if (answer->item_count == 0)
        return EXIT_FAILED;
    item = &answer->items[0];
    if (has_rung(item, until))
        return EXIT_DONE;
    complain("not %s; it is %s", until, item->state);
    if (has_rung(item, "refused"))
        return EXIT_REFUSED;
    return strcmp(item->state, "queued") == 0 ? EXIT_QUEUED : EXIT_FAILED;
}

static enum exit_code run_track(struct cli *cli, const struct command *self, int argc, char **argv)
{
    uint32_t wait_ms = 0, limit = 0;
    const char *until = NULL;
    const struct option_spec specs[] = {
        {"until", OPTION_TEXT, &until, "RUNG", "wait for accepted, delivered, opened, ..."},
        {"wait", OPTION_SECONDS, &wait_ms, "S", "at most so long; default 30 with --until"},
        {"limit", OPTION_NUMBER, &limit, "N", "without ID: the newest N; default 20"},
    };
    struct arguments arguments;
    struct concordat_id id;
    OWNED_AGENT agent = NULL;
    OWNED_ANSWER answer = NULL;
    bool one;
    enum exit_code code;
    enum parsed parsed =
        arguments_parse(cli, self, specs, LENGTH_OF(specs), argc, argv, &arguments);

    if (parsed != PARSED_OK)
        return arguments_exit(parsed);
    one = arguments.count == 1;
    if (one && !concordat_id_parse(arguments.items[0], &id)) {
        complain("'%s' is not a message id", arguments.items[0]);
        return EXIT_BAD_INPUT;
    }
    if (until && !one) {
        complain("--until wants the ID of one message");
        return EXIT_BAD_INPUT;
    }
    if (until && !rung_is_known(until))
        return EXIT_BAD_INPUT;
    if (until && wait_ms == 0)
        wait_ms = UNTIL_WAIT_MS;
    agent = agent_open(cli);
    if (!agent)
        return EXIT_FAILED;
    answer = concordat_track(agent, one ? &id : NULL, limit, until, wait_ms);
    show_trouble(cli, answer);
    if (answer->outcome == CONCORDAT_FAILED || answer->outcome == CONCORDAT_BAD_INPUT)
        return (enum exit_code)answer->outcome;
    code = show_tracked(cli, agent, answer, one);
    return code == EXIT_DONE ? judge(answer, until) : code;
}

const struct command track_command = {
    .name = "track",
    .arguments = "[ID]",
    .summary = "how far a message has come, sent or received",
    .about = "With ID every rung: queued, accepted or refused (the broker), delivered or\n"
             "rejected, opened, acknowledged or declined, answered (the recipient, signed).\n"
             "LATE: the broker accepted the answer after it was needed. OVERDUE: that time has\n"
             "passed, and there is no answer yet.\n"
             "A message that was refused because a newer version of its agreement had come into\n"
             "force is sent again, once, under a new id: each of the two names the other, and\n"
             "--until other than refused follows to the new one.\n"
             "Without ID the newest messages. With --until the exit code says whether the rung\n"
             "was reached: 0 yes, 1 not in time, 3 the message was refused, 4 it is still\n"
             "queued at the agent.\n",
    .most = 1,
    .run = run_track,
};
