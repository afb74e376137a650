/* What was committed is there, what was not is not, and one process has the store. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/store.h"
#include "tests/unit/samples.h"

static const char *const trees[] = {"first", "second"};
#define MAP_SIZE ((size_t)4 << 20)

static struct bytes text(const char *s)
{
    return (struct bytes){(const uint8_t *)s, strlen(s)};
}

static int setup(void **state)
{
    static char folder[SCRATCH_SIZE];

    scratch_make(folder);
    *state = folder;
    return 0;
}

static int teardown(void **state)
{
    scratch_remove(*state);
    return 0;
}

static struct store *opened(const char *folder)
{
    struct store *store;
    struct reason why;

    assert_int_equal(store_open(folder, MAP_SIZE, trees, LENGTH(trees), &store, &why), ST_OK);
    return store;
}

static void put(struct store *store, int tree, const char *key, const char *value, bool lasting)
{
    struct txn *txn;

    assert_int_equal(store_begin(store, true, &txn), ST_OK);
    assert_int_equal(store_put(txn, tree, text(key), text(value)), ST_OK);
    if (lasting)
        assert_int_equal(store_commit(txn), ST_OK);
    else
        store_abort(txn);
}

static void assert_holds(struct store *store, int tree, const char *key, const char *value)
{
    struct bytes found;
    struct txn *txn;

    assert_int_equal(store_begin(store, false, &txn), ST_OK);
    if (value) {
        assert_int_equal(store_get(txn, tree, text(key), &found), ST_OK);
        assert_int_equal(found.size, strlen(value));
        assert_memory_equal(found.data, value, found.size);
    } else {
        assert_int_equal(store_get(txn, tree, text(key), &found), ST_MORE);
    }
    store_abort(txn);
}

static void a_commit_lasts_over_a_restart_and_an_abort_does_not(void **state)
{
    {
        OWNED(store) store = opened(*state);
        put(store, 0, "kept", "yes", true);
        put(store, 0, "dropped", "no", false);
    }
    OWNED(store) again = opened(*state);
    assert_holds(again, 0, "kept", "yes");
    assert_holds(again, 0, "dropped", NULL);
    assert_holds(again, 1, "kept", NULL);
}

static void a_reader_sees_its_snapshot(void **state)
{
    OWNED(store) store = opened(*state);
    struct txn *before;
    struct bytes value;

    assert_int_equal(store_begin(store, false, &before), ST_OK);
    put(store, 0, "later", "yes", true);
    assert_int_equal(store_get(before, 0, text("later"), &value), ST_MORE);
    store_abort(before);
    assert_holds(store, 0, "later", "yes");
}

static void a_walk_goes_in_order_from_where_it_is_asked(void **state)
{
    OWNED(store) store = opened(*state);
    static const char *const keys[] = {"c", "a", "d", "b"};
    struct bytes key, value;
    struct walk *walk;
    struct txn *txn;

    for (size_t i = 0; i < LENGTH(keys); i++)
        put(store, 1, keys[i], "", true);
    assert_int_equal(store_begin(store, false, &txn), ST_OK);
    assert_int_equal(store_entries(txn, 1), 4);
    assert_int_equal(walk_open(txn, 1, text("bb"), &walk), ST_OK);
    assert_int_equal(walk_next(walk, &key, &value), ST_OK);
    assert_memory_equal(key.data, "c", 1);
    assert_int_equal(value.size, 0);
    assert_int_equal(walk_next(walk, &key, &value), ST_OK);
    assert_int_equal(walk_next(walk, &key, &value), ST_MORE);
    assert_int_equal(walk_next(walk, &key, &value), ST_MORE);
    walk_close(walk);
    store_abort(txn);
}

static void deleting_what_is_not_there_is_fine(void **state)
{
    OWNED(store) store = opened(*state);
    struct txn *txn;

    put(store, 0, "key", "value", true);
    assert_int_equal(store_begin(store, true, &txn), ST_OK);
    assert_int_equal(store_delete(txn, 0, text("key")), ST_OK);
    assert_int_equal(store_delete(txn, 0, text("key")), ST_OK);
    assert_int_equal(store_commit(txn), ST_OK);
    assert_holds(store, 0, "key", NULL);
}

static void a_second_process_is_refused(void **state)
{
    OWNED(store) store = opened(*state);
    pid_t child = fork();
    int code;

    assert_non_null(store);
    if (child == 0) {
        struct store *second;
        struct reason why = {""};
        enum status status = store_open(*state, MAP_SIZE, trees, LENGTH(trees), &second, &why);
        _exit(status == ST_INVALID && strstr(why.text, "another process") ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &code, 0), child);
    assert_int_equal(code, 0);
}

static void a_foreign_file_is_refused(void **state)
{
    char path[SCRATCH_SIZE + 16];
    struct store *store;
    struct reason why;
    FILE *file;

    (void)snprintf(path, sizeof path, "%s/data.mdb", (const char *)*state);
    file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i < 10000; i++)
        (void)fputs("not a store ", file);
    (void)fclose(file);
    assert_int_equal(store_open(*state, MAP_SIZE, trees, LENGTH(trees), &store, &why), ST_INVALID);
}

static void nobody_else_may_read_it(void **state)
{
    static const char *const names[] = {"data.mdb", "lock.mdb", "lock"};
    char folder[SCRATCH_SIZE + 16], path[SCRATCH_SIZE + 32];
    struct stat info;

    (void)snprintf(folder, sizeof folder, "%s/store", (const char *)*state);
    OWNED(store) store = opened(folder);
    assert_non_null(store);
    assert_int_equal(stat(folder, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    for (size_t i = 0; i < LENGTH(names); i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        assert_int_equal(stat(path, &info), 0);
        assert_int_equal(info.st_mode & 0777, 0600);
    }
}

/* Until the map is full; what was committed before stays readable. */
static void a_full_store_pushes_back_and_stays_readable(void **state)
{
    OWNED(store) store = opened(*state);
    static char large[64 * 1024];
    enum status status = ST_OK;
    unsigned fullness, peak;
    int count = 0;

    memset(large, 'x', sizeof large - 1);
    put(store, 0, "first", "kept", true);
    while (status == ST_OK && count < 1000) {
        char key[16];
        struct txn *txn;
        (void)snprintf(key, sizeof key, "%d", count++);
        assert_int_equal(store_begin(store, true, &txn), ST_OK);
        status = store_put(txn, 1, text(key), text(large));
        if (status == ST_OK)
            status = store_commit(txn);
        else
            store_abort(txn);
    }
    assert_int_equal(status, ST_LIMIT);
    assert_holds(store, 0, "first", "kept");
    peak = store_fullness(store);
    assert_true(peak > 900);

    for (int i = 0; i < count; i++) {
        char key[16];
        struct txn *txn;
        (void)snprintf(key, sizeof key, "%d", i);
        assert_int_equal(store_begin(store, true, &txn), ST_OK);
        assert_int_equal(store_delete(txn, 1, text(key)), ST_OK);
        assert_int_equal(store_commit(txn), ST_OK);
    }
    fullness = store_fullness(store);
    assert_true(fullness < 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_commit_lasts_over_a_restart_and_an_abort_does_not, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_reader_sees_its_snapshot, setup, teardown),
        cmocka_unit_test_setup_teardown(a_walk_goes_in_order_from_where_it_is_asked, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(deleting_what_is_not_there_is_fine, setup, teardown),
        cmocka_unit_test_setup_teardown(a_second_process_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_foreign_file_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(nobody_else_may_read_it, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_store_pushes_back_and_stays_readable, setup,
                                        teardown),
    };
    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
