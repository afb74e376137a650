/* Bank holidays of the broker: those built in, or a file's; what is no such file changes nothing.
 */
#include "tests/unit/moment.h"

#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "broker/counters.h"
#include "broker/holidays.h"
#include "broker/stage.h"
#include "tests/unit/samples.h"

struct office {
    char folder[SCRATCH_SIZE], path[SCRATCH_SIZE + 16];
    void *zmq;
    struct pipe *exchange; /* the writer's end */
    struct holidays holidays;
};

static void write_days(const struct office *o, const char *text)
{
    FILE *file = fopen(o->path, "we");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void open_office(struct office *o)
{
    scratch_make(o->folder);
    (void)snprintf(o->path, sizeof o->path, "%s/days.txt", o->folder);
    o->zmq = zmq_ctx_new();
    o->exchange = pipe_bind(o->zmq, "calendar", 4);
    o->holidays = (struct holidays){.path = o->path, .writer = pipe_connect(o->zmq, "calendar", 4)};
    assert_non_null(o->exchange);
    assert_non_null(o->holidays.writer);
}

static void close_office(struct office *o)
{
    pipe_free(o->exchange);
    pipe_free(o->holidays.writer);
    (void)zmq_ctx_term(o->zmq);
    scratch_remove(o->folder);
}

/* What was given to the exchange; false: nothing was. */
static bool given(const struct office *o, struct calendar_days **days)
{
    zmq_msg_t msg;

    if (pipe_take(o->exchange, &msg) != ST_OK)
        return false;
    const void *data = zmq_msg_data(&msg);
    const struct note_calendar *note = data;
    assert_int_equal(note->note.kind, NOTE_CALENDAR);
    *days = note->days;
    (void)zmq_msg_close(&msg);
    return true;
}

static void without_a_file_those_built_in_count(void **)
{
    struct holidays holidays = {.path = ""};
    struct calendar_days *days = NULL;

    assert_int_equal(holidays_read(&holidays, &days, NULL), ST_OK);
    assert_null(days);
    assert_int_equal(holidays.ends_ms, calendar_ends_ms(calendar_built_in()));
}

static void a_file_is_read_again_and_given_to_the_exchange(void **)
{
    struct office o;
    struct calendar_days *days = NULL;
    struct reason why = {""};

    open_office(&o);
    write_days(&o, "2027-12-27  Christmas Day\n");
    assert_int_equal(holidays_read(&o.holidays, &days, &why), ST_OK);
    assert_moment(o.holidays.ends_ms, "2028-01-01 00:00", "at the start");
    calendar_free(days);
    write_days(&o, "2027-12-27  Christmas Day\n2028-12-25  Christmas Day\n");
    holidays_reload(&o.holidays);
    assert_true(given(&o, &days));
    assert_false(calendar_is_working_day(days, moment_of("2028-12-25 12:00")));
    assert_moment(o.holidays.ends_ms, "2029-01-01 00:00", "afterwards");
    calendar_free(days);
    close_office(&o);
}

static void what_is_no_such_file_keeps_the_old_days(void **)
{
    struct office o;
    struct calendar_days *days = NULL;
    struct reason why = {""};

    open_office(&o);
    write_days(&o, "2027-12-27  Christmas Day\n");
    assert_int_equal(holidays_read(&o.holidays, &days, &why), ST_OK);
    calendar_free(days);
    write_days(&o, "2027-12-27  Christmas Day\nBoxing Day\n");
    assert_int_equal(holidays_read(&o.holidays, &days, &why), ST_INVALID);
    assert_non_null(strstr(why.text, "days.txt:2:"));
    holidays_reload(&o.holidays);
    assert_false(given(&o, &days));
    assert_moment(o.holidays.ends_ms, "2028-01-01 00:00", "as before");
    close_office(&o);
}

static void the_gauge_falls_to_nothing(void **)
{
    struct holidays holidays = {.path = "", .ends_ms = moment_of("2029-01-01 00:00")};

    holidays_watch(&holidays, moment_of("2028-12-01 00:00"));
    assert_int_equal(counted(&counters.holidays_days_left), 31);
    holidays_watch(&holidays, moment_of("2029-02-01 00:00"));
    assert_int_equal(counted(&counters.holidays_days_left), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_file_those_built_in_count),
        cmocka_unit_test(a_file_is_read_again_and_given_to_the_exchange),
        cmocka_unit_test(what_is_no_such_file_keeps_the_old_days),
        cmocka_unit_test(the_gauge_falls_to_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
