/* The reference systems' store: whole after a crash, and two processes take turns. */
#include "tests/unit/unit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agents/roles/store.h"

/* The linker puts this in place of renameat(2): the moment before a new document is the document.
 */
static bool dies_before_rename;
int __real_renameat(int from, const char *old, int to, const char *new);
int __wrap_renameat(int from, const char *old, int to, const char *new);

int __wrap_renameat(int from, const char *old, int to, const char *new)
{
    if (dies_before_rename)
        (void)raise(SIGKILL);
    return __real_renameat(from, old, to, new);
}

static char folder[64];

static int make_folder(void **)
{
    (void)snprintf(folder, sizeof folder, "/tmp/roles-store-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **)
{
    static const char *const files[] = {"store.json", "store.json.new", "lock"};
    char path[96];

    for (size_t i = 0; i < LENGTH(files); i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        (void)unlink(path);
    }
    return rmdir(folder);
}

static json_int_t read_count(void)
{
    struct store *store = store_open(folder);
    json_int_t count = json_integer_value(json_object_get(store_begin(store), "count"));

    store_close(store);
    return count;
}

static bool add_one(struct store *store)
{
    json_t *book = store_begin(store);
    json_int_t count = json_integer_value(json_object_get(book, "count"));
    bool saved;

    (void)json_object_set_new(book, "count", json_integer(count + 1));
    saved = store_save(store);
    store_end(store);
    return saved;
}

static void what_was_saved_is_there_for_the_next(void **)
{
    struct store *store = store_open(folder);

    assert_int_equal(read_count(), 0);
    assert_true(add_one(store));
    assert_true(add_one(store));
    store_close(store);
    assert_int_equal(read_count(), 2);
}

static void what_was_not_saved_is_forgotten(void **)
{
    struct store *store = store_open(folder);
    json_t *book = store_begin(store);

    (void)json_object_set_new(book, "count", json_integer(7));
    store_end(store);
    assert_int_equal(json_integer_value(json_object_get(store_begin(store), "count")), 0);
    store_close(store);
}

static void a_crash_between_write_and_rename_leaves_the_old(void **)
{
    struct store *store = store_open(folder);
    int status;

    assert_true(add_one(store));
    store_close(store);
    pid_t child = fork();
    if (child == 0) {
        dies_before_rename = true;
        store = store_open(folder);
        (void)add_one(store);
        _exit(0); /* not reached */
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    assert_int_equal(read_count(), 1);
    store = store_open(folder); /* what the dead one left behind is in nobody's way */
    assert_true(add_one(store));
    store_close(store);
    assert_int_equal(read_count(), 2);
}

static void two_processes_lose_nothing_of_each_other(void **)
{
    enum {
        PROCESSES = 4,
        TIMES = 50
    };

    for (int i = 0; i < PROCESSES; i++) {
        if (fork() == 0) {
            struct store *store = store_open(folder);
            bool good = true;

            for (int n = 0; n < TIMES; n++)
                good = add_one(store) && good;
            store_close(store);
            _exit(good ? 0 : 1);
        }
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status;

        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    assert_int_equal(read_count(), PROCESSES * TIMES);
}

static void a_document_that_is_damaged_is_refused(void **)
{
    char path[96];
    FILE *file;
    struct store *store;

    (void)snprintf(path, sizeof path, "%s/store.json", folder);
    file = fopen(path, "we");
    (void)fputs("{\"count\": ", file);
    (void)fclose(file);
    store = store_open(folder);
    assert_null(store_begin(store)); /* and not taken for an empty one */
    store_close(store);
    assert_null(store_open("/proc/no/such/folder"));
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(what_was_saved_is_there_for_the_next),
        IN_FOLDER(what_was_not_saved_is_forgotten),
        IN_FOLDER(a_crash_between_write_and_rename_leaves_the_old),
        IN_FOLDER(two_processes_lose_nothing_of_each_other),
        IN_FOLDER(a_document_that_is_damaged_is_refused),
    };
    return cmocka_run_group_tests_name("roles_store", tests, NULL, NULL);
}
