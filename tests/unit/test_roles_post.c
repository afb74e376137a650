/* Of the reference systems: what waits goes out in the order of its case. */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "agents/roles/event.h"
#include "agents/roles/post.h"
#include "agents/roles/wire.h"

/* The agent: fails what `full` names; notes what went. */
static const char *full;
static char went[256];

static struct concordat_answer *answer(enum concordat_outcome outcome)
{
    static const struct concordat_problem problem = {.where = "outbox", .text = "full"};
    struct concordat_answer *made = calloc(1, sizeof *made);

    assert_non_null(made);
    made->outcome = outcome;
    if (outcome == CONCORDAT_FAILED) {
        made->problem_count = 1;
        made->problems = &problem;
    }
    return made;
}

/* NOLINTBEGIN: the linker asks for these names */
struct concordat_answer *__wrap_concordat_send(struct concordat *,
                                               const struct concordat_message *message);
struct concordat_answer *__wrap_concordat_track(struct concordat *, const struct concordat_id *,
                                                uint32_t, const char *, uint32_t);

struct concordat_answer *__wrap_concordat_send(struct concordat *,
                                               const struct concordat_message *message)
{
    if (full && strcmp(message->type, full) == 0)
        return answer(CONCORDAT_FAILED);
    strncat(went, message->type, sizeof went - strlen(went) - 1);
    strncat(went, " ", sizeof went - strlen(went) - 1);
    return answer(CONCORDAT_DONE);
}

struct concordat_answer *__wrap_concordat_track(struct concordat *, const struct concordat_id *,
                                                uint32_t, const char *, uint32_t)
{
    return answer(CONCORDAT_DONE);
}
void __wrap_concordat_answer_free(struct concordat_answer *answer);

void __wrap_concordat_answer_free(struct concordat_answer *answer)
{
    free(answer);
}
/* NOLINTEND */

static void put(json_t *book, const char *type, const char *handle, const char *in_reply_to)
{
    char id[CONCORDAT_ID_TEXT];

    post_parcel(book,
                &(struct parcel){.type = type,
                                 .to = "crc.bench",
                                 .case_handle = handle,
                                 .in_reply_to = in_reply_to,
                                 .body = json_object(),
                                 .event = "sent",
                                 .text = ""},
                id);
}

static void what_fails_holds_up_its_case_and_nothing_else(void **)
{
    static const char one[] = "11111111-2222-4333-8444-555555555555";
    static const char other[] = "11111111-2222-4333-8444-666666666666";
    json_t *book = json_object();

    full = "rsr";
    went[0] = '\0';
    put(book, "rsr", one, NULL);
    put(book, "allocation", one, NULL);
    put(book, "elsewhere", other, NULL);
    put(book, "caseless", NULL, NULL);
    assert_false(post_deliver(book, NULL));
    assert_string_equal(went, "elsewhere caseless ");
    full = NULL;
    assert_true(post_deliver(book, NULL));
    assert_string_equal(went, "elsewhere caseless rsr allocation ");
    json_decref(book);
}

static void what_answers_one_message_keeps_its_order_too(void **)
{
    static const char referral[] = "01929639-0000-7000-8000-0000000000ff";
    json_t *book = json_object();

    full = "ack";
    went[0] = '\0';
    put(book, "ack", NULL, referral);
    put(book, "decision", NULL, referral);
    put(book, "caseless", NULL, NULL);
    assert_false(post_deliver(book, NULL));
    assert_string_equal(went, "caseless ");
    json_decref(book);
}

static void what_came_to_nothing_is_no_longer_under_way(void **)
{
    json_t *book =
        json_loads("{\"sent\": {\"a\": {\"outcome\": \"QUEUED\", \"case\": \"c\"}}}", 0, NULL);

    assert_true(post_is_under_way(book, "a"));
    assert_true(post_is_under_way(book, "waits"));
    post_settle(book, "a", "REFUSED");
    assert_false(post_is_under_way(book, "a"));
    assert_string_equal(post_outcome(book, "a"), "REFUSED");
    assert_string_equal(post_case(book, "a"), "c");
    json_decref(book);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_fails_holds_up_its_case_and_nothing_else),
        cmocka_unit_test(what_answers_one_message_keeps_its_order_too),
        cmocka_unit_test(what_came_to_nothing_is_no_longer_under_way),
    };
    event_setup(true);
    return cmocka_run_group_tests_name("roles_post", tests, NULL, NULL);
}
