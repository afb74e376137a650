/* A batch takes what has come, as far as the journal's segment lets it: one sync for many. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "broker/batch_size.h"
#include "broker/config.h"
#include "broker/counters.h"
#include "broker/writer.h"
#include "lib/merkle.h"
#include "tests/unit/samples.h"

#define SMALL 256 /* bytes of a certificate: one block holds a dozen of the records */
#define LARGE 8192
#define DEPTH 4096
#define SEGMENTS 6

struct ends {
    struct pipe *ours, *writers;
};

struct fixture {
    char folder[SCRATCH_SIZE];
    void *zmq;
    struct ends link, state, admin, main;
    struct turn turn;
    uint64_t batches, batch_bytes; /* counted before */
};

static struct ends make_pipe(void *zmq, const char *name)
{
    struct pipe *ours = pipe_bind(zmq, name, DEPTH);
    struct pipe *writers = ours ? pipe_connect(zmq, name, DEPTH) : NULL;

    assert_non_null(writers);
    return (struct ends){ours, writers};
}

static int setup(void **state)
{
    static struct fixture f;

    f = (struct fixture){.zmq = zmq_ctx_new()};
    scratch_make(f.folder);
    f.link = make_pipe(f.zmq, "link");
    f.state = make_pipe(f.zmq, "state");
    f.admin = make_pipe(f.zmq, "admin");
    f.main = make_pipe(f.zmq, "main");
    f.batches = counted(&counters.batches);
    f.batch_bytes = counted(&counters.batch_bytes);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    turn_fini(&f->turn);
    pipe_free(f->link.ours);
    pipe_free(f->state.ours);
    pipe_free(f->admin.ours);
    pipe_free(f->main.ours);
    (void)zmq_ctx_term(f->zmq);
    scratch_remove(f->folder);
    return 0;
}

/* The smallest segments that the settings allow, and enough of them: nobody frees any. */
static struct journal *open_journal(const struct fixture *f)
{
    const struct journal_config config = {f->folder, SEGMENTS, JOURNAL_SEGMENT_LEAST};
    const struct journal_mark held = {0},
                              mark = journal_start(&config, &held, (uint8_t[DIGEST_SIZE]){1});
    struct journal *journal = NULL;
    struct reason why;

    if (journal_open(&disk_system, &config, &mark, &journal, &why) != ST_OK)
        fail_msg("%s", why.text);
    return journal;
}

static struct writer_thread *start(struct fixture *f)
{
    struct writer_config config = {.journal = open_journal(f),
                                   .links = {f->link.writers},
                                   .state = f->state.writers,
                                   .admin = f->admin.writers,
                                   .main = f->main.writers,
                                   .link_count = 1};
    struct writer_thread *writer = NULL;

    assert_int_equal(exchange_new(&(struct exchange_config){.links = 1}, &config.exchange), ST_OK);
    assert_int_equal(writer_start(&config, &writer), ST_OK);
    return writer;
}

/* An agency comes for the first time: one record, a little larger than its certificate. */
static void add_hello(struct fixture *f, unsigned number, uint32_t der_size)
{
    struct command_hello *hello =
        turn_command(&f->turn, COMMAND_HELLO, number, sizeof *hello + der_size);

    assert_non_null(hello);
    (void)snprintf(hello->agency, sizeof hello->agency, "court.n%u", number);
    hello->certificate = sha256(&number, sizeof number);
    hello->der_size = der_size;
    memset(hello->der, (int)number, der_size);
}

/* What a link has gathered in one turn, and then no more; waits for the writer's end. */
static void run_turn(struct fixture *f, unsigned count, uint32_t der_size)
{
    struct note *last = malloc(sizeof *last);
    size_t size;

    assert_non_null(last);
    *last = (struct note){NOTE_LAST, 0};
    for (unsigned i = 1; i <= count; i++)
        add_hello(f, i, der_size);
    uint8_t *turn = turn_give(&f->turn, &size);
    assert_int_equal(pipe_give(f->link.ours, turn, size), ST_OK);
    assert_int_equal(pipe_give(f->link.ours, last, sizeof *last), ST_OK);
    struct writer_thread *writer = start(f);
    writer_join(writer);
    /* Its last words are on their way in our pipes; nobody else uses these any more. */
    writer_free(writer);
}

static void many_small_commands_are_one_batch(void **state)
{
    struct fixture *f = *state;

    run_turn(f, 256, SMALL);
    assert_int_equal(counted(&counters.sequence), 256);
    assert_int_equal(counted(&counters.batches) - f->batches, 1);
}

/* A turn of twice what a segment holds: several batches, each of which fits, and few. */
static void a_batch_ends_before_the_segment_does(void **state)
{
    struct fixture *f = *state;
    const unsigned count = 2 * JOURNAL_SEGMENT_LEAST / LARGE;
    /* Each is closed when no more than the longest command would fit. */
    const uint64_t most = (uint64_t)count * LARGE / (JOURNAL_SEGMENT_LEAST - EXCHANGE_STEP_MAX) + 2;

    run_turn(f, count, LARGE);
    uint64_t batches = counted(&counters.batches) - f->batches;
    assert_int_equal(counted(&counters.sequence), count);
    assert_true(counted(&counters.batch_bytes) - f->batch_bytes > count * (uint64_t)LARGE);
    assert_true(batches >= 3 && batches <= most);
    assert_true(most < count / 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(many_small_commands_are_one_batch, setup, teardown),
        cmocka_unit_test_setup_teardown(a_batch_ends_before_the_segment_does, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
