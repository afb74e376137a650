/* Our sealing keys come in epochs, survive a restart, and go for good when their time is over. */
#include "tests/unit/unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/ec.h>

#include "agents/crypto.h"
#include "agents/keyring.h"

#define DAY_MS INT64_C(86400000)
#define START_MS INT64_C(1624700000000)

struct scene {
    char folder[64], epochs[96];
    struct store *store;
    EVP_PKEY *signing_key;
    struct keyring_settings settings;
    struct keyring *keyring;
};

static void open_store(struct scene *scene)
{
    const char *const trees[] = {"other", "keys"};
    char path[96];
    struct reason why = {""};

    (void)snprintf(path, sizeof path, "%s/store", scene->folder);
    if (store_open(path, 1 << 20, trees, 2, &scene->store, &why) != ST_OK)
        fail_msg("%s", why.text);
}

static enum status try_open(struct scene *scene, struct reason *why)
{
    return keyring_open(&scene->settings, scene->store, &scene->keyring, why);
}

static void open_keyring(struct scene *scene)
{
    struct reason why = {""};

    if (try_open(scene, &why) != ST_OK)
        fail_msg("%s", why.text);
}

static void close_keyring(struct scene *scene)
{
    keyring_close(scene->keyring);
    scene->keyring = NULL;
}

/* As a restart does: everything closed and opened again. */
static void restart(struct scene *scene)
{
    close_keyring(scene);
    store_close(scene->store);
    open_store(scene);
    open_keyring(scene);
}

static int set_up(void **state)
{
    struct scene *scene = calloc(1, sizeof *scene);

    assert_non_null(scene);
    *state = scene;
    (void)strcpy(scene->folder, "/tmp/test_keyring.XXXXXX");
    assert_non_null(mkdtemp(scene->folder));
    (void)snprintf(scene->epochs, sizeof scene->epochs, "%s/epochs", scene->folder);
    open_store(scene);
    scene->signing_key = EVP_EC_gen("P-256");
    assert_non_null(scene->signing_key);
    scene->settings = (struct keyring_settings){
        .agency = "nps.cambs",
        .folder = scene->epochs,
        .tree = 1,
        .signing_key = scene->signing_key,
    };
    memset(scene->settings.community, 0xc0, DIGEST_SIZE);
    memset(scene->settings.signer.bytes, 0x51, DIGEST_SIZE);
    open_keyring(scene);
    return 0;
}

/* Removes a folder that holds only files. */
static void remove_folder(const char *path)
{
    DIR *dir = opendir(path);

    if (!dir)
        return;
    for (struct dirent *entry; (entry = readdir(dir));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            (void)unlinkat(dirfd(dir), entry->d_name, 0);
    (void)closedir(dir);
    (void)rmdir(path);
}

static int tear_down(void **state)
{
    struct scene *scene = *state;
    char path[96];

    keyring_close(scene->keyring);
    store_close(scene->store);
    EVP_PKEY_free(scene->signing_key);
    remove_folder(scene->epochs);
    (void)snprintf(path, sizeof path, "%s/store", scene->folder);
    remove_folder(path);
    remove_folder(scene->folder);
    free(scene);
    return 0;
}

/* The current key at a time, copied, since the next call may move it. */
static struct epoch current(struct scene *scene, int64_t now_ms, bool made)
{
    const struct epoch *epoch = NULL;
    bool really = !made;

    assert_int_equal(keyring_current(scene->keyring, now_ms, &epoch, &really), ST_OK);
    assert_int_equal(really, made);
    return *epoch;
}

static size_t expire(struct scene *scene, int64_t now_ms)
{
    size_t erased = 99;

    assert_int_equal(keyring_expire(scene->keyring, now_ms, &erased), ST_OK);
    return erased;
}

static void file_of(const struct scene *scene, const struct epoch *epoch, char out[static 160])
{
    char hex[2 * KEY_ID_SIZE + 1];

    hex_print(epoch->key_id, KEY_ID_SIZE, hex);
    (void)snprintf(out, 160, "%s/%s", scene->epochs, hex);
}

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

static size_t records(struct scene *scene)
{
    struct txn *txn;

    assert_int_equal(store_begin(scene->store, false, &txn), ST_OK);
    size_t count = store_entries(txn, scene->settings.tree);
    store_abort(txn);
    return count;
}

static void a_key_serves_a_day_and_then_another_is_made(void **state)
{
    struct scene *scene = *state;
    struct epoch first = current(scene, START_MS, true);

    assert_int_equal(first.from_ms, START_MS);
    assert_int_equal(first.seal_until_ms, START_MS + 7 * DAY_MS);
    assert_int_equal(first.open_until_ms, START_MS + 60 * DAY_MS);
    struct epoch same = current(scene, START_MS + DAY_MS - 1, false);
    assert_memory_equal(first.key_id, same.key_id, KEY_ID_SIZE);
    struct epoch second = current(scene, START_MS + DAY_MS, true);
    assert_memory_not_equal(first.key_id, second.key_id, KEY_ID_SIZE);
    assert_memory_not_equal(first.public_key, second.public_key, SEALING_KEY_SIZE);
    assert_memory_equal(keyring_statement(scene->keyring, 0)->key_id, second.key_id, KEY_ID_SIZE);
    assert_memory_equal(keyring_statement(scene->keyring, 1)->key_id, first.key_id, KEY_ID_SIZE);
    assert_null(keyring_statement(scene->keyring, 2));
}

static void a_private_half_is_found_by_its_id_and_fits_its_public_one(void **state)
{
    struct scene *scene = *state;
    struct epoch epoch = current(scene, START_MS, true);
    uint8_t public_key[SEALING_KEY_SIZE];

    const uint8_t *private_key = keyring_find(scene->keyring, epoch.key_id);
    assert_non_null(private_key);
    assert_int_equal(x25519_public(private_key, public_key), ST_OK);
    assert_memory_equal(public_key, epoch.public_key, SEALING_KEY_SIZE);
    epoch.key_id[3] ^= 1;
    assert_null(keyring_find(scene->keyring, epoch.key_id));
}

static void a_statement_is_signed_and_says_what_the_epoch_says(void **state)
{
    struct scene *scene = *state;
    struct epoch epoch = current(scene, START_MS, true);
    const struct signed_statement *s = &keyring_statement(scene->keyring, 0)->statement;
    OWNED(arena) arena = arena_new(4096, 65536);
    struct key_statement read;

    assert_int_equal(key_statement_verify(scene->signing_key, scene->settings.community, s), ST_OK);
    assert_true(digest_equal(&s->signer, &scene->settings.signer));
    assert_int_equal(key_statement_read(s->statement, arena, &read, NULL), ST_OK);
    assert_string_equal(read.agency, "nps.cambs");
    assert_memory_equal(read.key_id, epoch.key_id, KEY_ID_SIZE);
    assert_memory_equal(read.public_key, epoch.public_key, SEALING_KEY_SIZE);
    assert_int_equal(read.from_ms, epoch.from_ms);
    assert_int_equal(read.seal_until_ms, epoch.seal_until_ms);
    assert_int_equal(read.open_until_ms, epoch.open_until_ms);
}

static void keys_and_statements_survive_a_restart(void **state)
{
    struct scene *scene = *state;
    uint8_t private_keys[3][SEALING_KEY_SIZE];
    struct epoch epochs[3];

    for (size_t i = 0; i < 3; i++) {
        epochs[i] = current(scene, START_MS + (int64_t)i * DAY_MS, true);
        memcpy(private_keys[i], keyring_find(scene->keyring, epochs[i].key_id), SEALING_KEY_SIZE);
    }
    restart(scene);
    for (size_t i = 0; i < 3; i++) {
        const struct epoch *epoch = keyring_statement(scene->keyring, 2 - i);
        assert_memory_equal(epoch->key_id, epochs[i].key_id, KEY_ID_SIZE);
        assert_int_equal(epoch->open_until_ms, epochs[i].open_until_ms);
        assert_memory_equal(keyring_find(scene->keyring, epoch->key_id), private_keys[i],
                            SEALING_KEY_SIZE);
        assert_int_equal(
            key_statement_verify(scene->signing_key, scene->settings.community, &epoch->statement),
            ST_OK);
    }
    assert_int_equal(keyring_lost(scene->keyring), 0);
    (void)current(scene, START_MS + 3 * DAY_MS - 1, false);
}

static void the_store_alone_opens_nothing(void **state)
{
    struct scene *scene = *state;
    struct epoch epoch = current(scene, START_MS, true);
    const uint8_t *private_key = keyring_find(scene->keyring, epoch.key_id);
    struct bytes record;
    struct txn *txn;
    char path[160];
    uint8_t file[64];

    assert_int_equal(store_begin(scene->store, false, &txn), ST_OK);
    assert_int_equal(store_get(txn, 1, (struct bytes){epoch.key_id, KEY_ID_SIZE}, &record), ST_OK);
    assert_null(memmem(record.data, record.size, private_key, SEALING_KEY_SIZE));
    file_of(scene, &epoch, path);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    assert_int_equal(fread(file, 1, sizeof file, f), 32);
    (void)fclose(f);
    assert_memory_not_equal(file, private_key, SEALING_KEY_SIZE);
    assert_null(memmem(record.data, record.size, file, 32));
    store_abort(txn);

    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(stat(scene->epochs, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
}

static void at_open_until_a_key_is_overwritten_and_gone(void **state)
{
    struct scene *scene = *state;
    struct epoch first = current(scene, START_MS, true);
    struct epoch second = current(scene, START_MS + DAY_MS, true);
    char path[160], link_path[160];
    uint8_t file[32] = {1};
    static const uint8_t zeroes[32];

    file_of(scene, &first, path);
    (void)snprintf(link_path, sizeof link_path, "%s/kept", scene->folder);
    assert_int_equal(link(path, link_path), 0); /* the file's blocks, whatever its name */
    assert_int_equal(expire(scene, first.open_until_ms - 1), 0);
    assert_non_null(keyring_find(scene->keyring, first.key_id));
    assert_int_equal(expire(scene, first.open_until_ms), 1);
    assert_null(keyring_find(scene->keyring, first.key_id));
    assert_false(exists(path));
    FILE *f = fopen(link_path, "rb");
    assert_int_equal(fread(file, 1, sizeof file, f), 32);
    (void)fclose(f);
    assert_memory_equal(file, zeroes, sizeof file);
    assert_int_equal(records(scene), 1);

    restart(scene);
    assert_null(keyring_find(scene->keyring, first.key_id));
    assert_non_null(keyring_find(scene->keyring, second.key_id));
    assert_null(keyring_statement(scene->keyring, 1));
    assert_int_equal(expire(scene, START_MS + 1000 * DAY_MS), 1);
    assert_null(keyring_statement(scene->keyring, 0));
    assert_int_equal(records(scene), 0);
}

static void a_missing_epoch_file_is_a_lost_key(void **state)
{
    struct scene *scene = *state;
    struct epoch first = current(scene, START_MS, true);
    char path[160];

    file_of(scene, &first, path);
    assert_int_equal(unlink(path), 0);
    restart(scene);
    assert_int_equal(keyring_lost(scene->keyring), 1);
    assert_null(keyring_find(scene->keyring, first.key_id));
    assert_null(keyring_statement(scene->keyring, 0)); /* nobody is told to seal to it */
    struct epoch second = current(scene, START_MS + 1, true);
    assert_memory_not_equal(first.key_id, second.key_id, KEY_ID_SIZE);
    assert_int_equal(expire(scene, first.open_until_ms), 1);
    assert_int_equal(keyring_lost(scene->keyring), 0);
    assert_int_equal(records(scene), 1);
}

static void a_file_that_a_crash_left_without_a_record_is_erased(void **state)
{
    struct scene *scene = *state;
    struct epoch epoch = current(scene, START_MS, true);
    char path[160], orphan[160], foreign[160];

    file_of(scene, &epoch, path);
    (void)snprintf(orphan, sizeof orphan, "%s/%032d", scene->epochs, 7);
    (void)snprintf(foreign, sizeof foreign, "%s/README", scene->epochs);
    for (int i = 0; i < 2; i++) {
        int fd = open(i ? orphan : foreign, O_WRONLY | O_CREAT, 0600);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, "torn", 4), 4);
        (void)close(fd);
    }
    restart(scene);
    assert_false(exists(orphan));
    assert_true(exists(foreign));
    assert_true(exists(path));
    assert_non_null(keyring_find(scene->keyring, epoch.key_id));
}

static void overwrite(const char *path, off_t at, const void *data, size_t size)
{
    int fd = open(path, O_WRONLY);

    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, data, size, at), (ssize_t)size);
    (void)close(fd);
}

/* As a power cut leaves it between the overwriting and the unlinking. */
static void an_erasure_that_was_cut_short_is_finished(void **state)
{
    static const uint8_t zeroes[32];
    struct scene *scene = *state;
    struct epoch first = current(scene, START_MS, true);
    struct epoch second = current(scene, START_MS + DAY_MS, true);
    char path[160];

    file_of(scene, &first, path);
    overwrite(path, 0, zeroes, sizeof zeroes);
    restart(scene);
    assert_int_equal(keyring_lost(scene->keyring), 1);
    assert_null(keyring_find(scene->keyring, first.key_id));
    assert_non_null(keyring_find(scene->keyring, second.key_id));
    assert_int_equal(expire(scene, first.open_until_ms), 1);
    assert_false(exists(path));
    assert_int_equal(records(scene), 1);
}

static void what_is_damaged_or_open_to_others_is_refused(void **state)
{
    struct scene *scene = *state;
    struct epoch epoch = current(scene, START_MS, true);
    struct reason why;
    char path[160], hex[2 * KEY_ID_SIZE + 1], moved[160];
    uint8_t first;

    hex_print(epoch.key_id, KEY_ID_SIZE, hex);
    file_of(scene, &epoch, path);
    close_keyring(scene);
    FILE *f = fopen(path, "rb");
    assert_int_equal(fread(&first, 1, 1, f), 1);
    (void)fclose(f);

    first ^= 1;
    overwrite(path, 0, &first, 1); /* a flipped bit */
    assert_int_equal(try_open(scene, &why), ST_INVALID);
    assert_non_null(strstr(why.text, hex));
    first ^= 1;
    overwrite(path, 0, &first, 1);

    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(try_open(scene, &why), ST_INVALID);
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(truncate(path, 31), 0);
    assert_int_equal(try_open(scene, &why), ST_INVALID);

    (void)snprintf(moved, sizeof moved, "%s/moved", scene->folder);
    assert_int_equal(rename(path, moved), 0);
    assert_int_equal(symlink(moved, path), 0);
    assert_int_equal(try_open(scene, &why), ST_INVALID);
    assert_int_equal(unlink(path), 0);

    assert_int_equal(chmod(scene->epochs, 0755), 0);
    assert_int_equal(try_open(scene, &why), ST_INVALID);
    assert_non_null(strstr(why.text, "chmod 700"));
    assert_int_equal(chmod(scene->epochs, 0700), 0);
    assert_int_equal(try_open(scene, &why), ST_OK);
}

static void two_files_that_changed_places_are_refused(void **state)
{
    struct scene *scene = *state;
    struct epoch a = current(scene, START_MS, true);
    struct epoch b = current(scene, START_MS + DAY_MS, true);
    char path_a[160], path_b[160], between[160];
    struct reason why;

    file_of(scene, &a, path_a);
    file_of(scene, &b, path_b);
    (void)snprintf(between, sizeof between, "%s/between", scene->epochs);
    close_keyring(scene);
    assert_int_equal(rename(path_a, between), 0);
    assert_int_equal(rename(path_b, path_a), 0);
    assert_int_equal(rename(between, path_b), 0);
    assert_int_equal(try_open(scene, &why), ST_INVALID);
}

static void another_signing_certificate_wants_another_key(void **state)
{
    struct scene *scene = *state;
    struct epoch first = current(scene, START_MS, true);

    close_keyring(scene);
    scene->settings.signer.bytes[0] ^= 1;
    open_keyring(scene);
    struct epoch second = current(scene, START_MS + 1, true);
    assert_true(digest_equal(&second.statement.signer, &scene->settings.signer));
    assert_non_null(keyring_find(scene->keyring, first.key_id)); /* still opens mail */
    (void)current(scene, START_MS + 2, false);
}

static void a_clock_that_was_ahead_does_not_hold_us_to_its_key(void **state)
{
    struct scene *scene = *state;
    struct epoch ahead = current(scene, START_MS + 365 * DAY_MS, true);
    struct epoch now = current(scene, START_MS, true);

    assert_memory_not_equal(ahead.key_id, now.key_id, KEY_ID_SIZE);
    struct epoch same = current(scene, START_MS + 1, false);
    assert_memory_equal(now.key_id, same.key_id, KEY_ID_SIZE);
    same = current(scene, START_MS - 1000, false); /* a little back is no reason */
    assert_memory_equal(now.key_id, same.key_id, KEY_ID_SIZE);
}

static void settings_that_contradict_each_other_are_refused(void **state)
{
    struct scene *scene = *state;
    static const struct {
        int64_t epoch_ms, seal_ms, open_ms;
    } cases[] = {
        {8 * DAY_MS, 7 * DAY_MS, 60 * DAY_MS},
        {DAY_MS, 61 * DAY_MS, 60 * DAY_MS},
        {1000, 7 * DAY_MS, 60 * DAY_MS}, /* more keys than are held */
        {-1, 7 * DAY_MS, 60 * DAY_MS},
    };
    struct reason why;

    close_keyring(scene);
    for (size_t i = 0; i < LENGTH(cases); i++) {
        scene->settings.epoch_ms = cases[i].epoch_ms;
        scene->settings.seal_ms = cases[i].seal_ms;
        scene->settings.open_ms = cases[i].open_ms;
        assert_int_equal(try_open(scene, &why), ST_INVALID);
    }
    scene->settings.epoch_ms = 1000;
    scene->settings.seal_ms = 2000;
    scene->settings.open_ms = 10000;
    assert_int_equal(try_open(scene, &why), ST_OK);
    struct epoch epoch = current(scene, START_MS, true);
    assert_int_equal(epoch.open_until_ms, START_MS + 10000);
    (void)current(scene, START_MS + 1000, true);
}

static void a_full_store_makes_no_key_and_leaves_no_file(void **state)
{
    struct scene *scene = *state;
    static const uint8_t filler[3000];
    struct epoch epoch = current(scene, START_MS, true);
    const struct epoch *next;
    bool made;
    enum status status = ST_OK;

    for (uint32_t i = 0; status == ST_OK; i++) {
        struct txn *txn;
        assert_int_equal(store_begin(scene->store, true, &txn), ST_OK);
        status = store_put(txn, 0, (struct bytes){(const uint8_t *)&i, sizeof i},
                           (struct bytes){filler, sizeof filler});
        if (status == ST_OK)
            status = store_commit(txn);
        else
            store_abort(txn);
    }
    assert_int_equal(status, ST_LIMIT);
    status = ST_OK;
    for (int64_t day = 1; status == ST_OK && day < 200; day++) /* what was left over */
        status = keyring_current(scene->keyring, START_MS + day * DAY_MS / 4, &next, &made);
    assert_int_equal(status, ST_LIMIT);
    size_t files = 0;
    DIR *dir = opendir(scene->epochs);
    for (struct dirent *entry; (entry = readdir(dir));)
        files += entry->d_name[0] != '.';
    (void)closedir(dir);
    assert_int_equal(files, records(scene));
    assert_non_null(keyring_find(scene->keyring, epoch.key_id));
}

int main(void)
{
#define SCENE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        SCENE(a_key_serves_a_day_and_then_another_is_made),
        SCENE(a_private_half_is_found_by_its_id_and_fits_its_public_one),
        SCENE(a_statement_is_signed_and_says_what_the_epoch_says),
        SCENE(keys_and_statements_survive_a_restart),
        SCENE(the_store_alone_opens_nothing),
        SCENE(at_open_until_a_key_is_overwritten_and_gone),
        SCENE(a_missing_epoch_file_is_a_lost_key),
        SCENE(a_file_that_a_crash_left_without_a_record_is_erased),
        SCENE(an_erasure_that_was_cut_short_is_finished),
        SCENE(what_is_damaged_or_open_to_others_is_refused),
        SCENE(two_files_that_changed_places_are_refused),
        SCENE(another_signing_certificate_wants_another_key),
        SCENE(a_clock_that_was_ahead_does_not_hold_us_to_its_key),
        SCENE(settings_that_contradict_each_other_are_refused),
        SCENE(a_full_store_makes_no_key_and_leaves_no_file),
    };
    return cmocka_run_group_tests_name("keyring", tests, NULL, NULL);
}
