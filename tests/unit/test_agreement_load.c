/* A large community's agreements load fast and lie in little memory; a folder that does not load
 * says which file and why. */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/made_agreement.h"

#define EXAMPLES SOURCE_DIR "/agreements/examples"
#define AGREEMENTS 1000
#define CLAUSES 50 /* of each */

#define SECONDS_MAX 2.0        /* of processor time, in an optimised build */
#define RESIDENT_MAX 100000000 /* bytes */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__OPTIMIZE__)
#define MEASURED false /* figures of an instrumented or unoptimised build are no figures */
#else
#define MEASURED true
#endif

static double processor_seconds(void)
{
    struct timespec at;

    assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at), 0);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

/* Bytes of this process in memory. */
static size_t resident(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    size_t all = 0, pages = 0;

    assert_non_null(file);
    assert_int_equal(fscanf(file, "%zu %zu", &all, &pages), 2);
    (void)fclose(file);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static void write_file(const char *folder, const char *name, const char *text)
{
    char path[512];
    FILE *file;

    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_non_null(file = fopen(path, "w"));
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void remove_file(const char *folder, const char *name)
{
    char path[512];

    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(remove(path), 0);
}

/* Two to six parties and CLAUSES clauses, with keys. Few parties have not that many flows but
 * under a charter. */
static struct agreement *large_agreement(struct chance *chance,
                                         const struct agreement_set *examples, size_t number)
{
    for (size_t parties = 2 + number % 5;;) {
        const struct make make = {parties, CLAUSES, parties < 6};
        OWNED(agreement) a = agreement_make(chance, examples, &make);

        if (a->clause_count < CLAUSES)
            continue;
        (void)snprintf(a->id, sizeof a->id, "ISA-%04zu", number);
        return GIVE(a);
    }
}

static void write_community(const char *folder)
{
    OWNED(agreement_set) examples = examples_load();
    struct chance chance = {6};
    char *text = malloc(AGREEMENT_FILE_MAX), name[32];
    size_t size, total = 0;

    assert_non_null(text);
    for (size_t i = 0; i < AGREEMENTS; i++) {
        OWNED(agreement) a = large_agreement(&chance, examples, i);

        assert_int_equal(agreement_print(a, text, AGREEMENT_FILE_MAX, &size), ST_OK);
        (void)snprintf(name, sizeof name, "%04zu.yaml", i);
        write_file(folder, name, text);
        total += size;
    }
    print_message("%d agreements of %d clauses, %zu bytes\n", AGREEMENTS, CLAUSES, total);
    free(text);
}

static void a_large_community_loads_within_its_bounds(void **)
{
    char folder[] = "/tmp/test-agreement-load-XXXXXX", name[32];
    struct agreement_set *set = NULL;
    struct reason why = {""};
    size_t before, held;
    double start, seconds;

    assert_non_null(mkdtemp(folder));
    write_community(folder);
    (void)malloc_trim(0);
    before = resident();
    start = processor_seconds();
    enum status st = agreement_set_load(folder, &set, &why);
    seconds = processor_seconds() - start;
    held = resident() - before;
    if (st != ST_OK)
        fail_msg("%s", why.text);
    print_message("loaded in %.2f s of processor time, %zu bytes resident%s\n", seconds, held,
                  MEASURED ? "" : " (not measured: instrumented or not optimised)");
    assert_int_equal(agreement_set_count(set), AGREEMENTS);
    for (size_t i = 0; i < AGREEMENTS; i++)
        assert_int_equal(agreement_set_at(set, i)->clause_count, CLAUSES);
    if (MEASURED) {
        assert_true(seconds
                    < (getenv("STRICT") ? 1 : 4) * SECONDS_MAX); /* slow machines are no fault */
        assert_true(held < RESIDENT_MAX);
    }
    agreement_set_free(set);
    for (size_t i = 0; i < AGREEMENTS; i++) {
        (void)snprintf(name, sizeof name, "%04zu.yaml", i);
        remove_file(folder, name);
    }
    assert_int_equal(rmdir(folder), 0);
}

/* A folder with one good agreement, and another file that spoils it. */
static char folder[] = "/tmp/test-agreement-load-XXXXXX";
static char *good;

static int make_folder(void **)
{
    OWNED(agreement) court = NULL;
    struct reason why;

    if (!mkdtemp(folder) || agreement_load(EXAMPLES "/court.yaml", &court, &why) != ST_OK)
        return -1;
    good = strdup(court->text);
    write_file(folder, "a-good.yaml", good);
    return good ? 0 : -1;
}

static int remove_folder(void **)
{
    remove_file(folder, "a-good.yaml");
    free(good);
    return rmdir(folder);
}

static void expect_load(enum status expected, const char *name, const char *reason)
{
    struct agreement_set *set = NULL;
    struct reason why = {""};
    enum status st = agreement_set_load(folder, &set, &why);

    if (st != expected || !strstr(why.text, name) || !strstr(why.text, reason))
        fail_msg("expected `%s' `%s', got %s `%s'", name, reason, status_name(st), why.text);
    assert_null(set);
}

static void expect_good(void)
{
    OWNED(agreement_set) set = NULL;
    struct reason why = {""};

    if (agreement_set_load(folder, &set, &why) != ST_OK)
        fail_msg("%s", why.text);
    assert_int_equal(agreement_set_count(set), 1);
}

static void a_file_that_says_nothing_stops_the_folder(void **)
{
    static const struct {
        const char *text, *reason;
    } cases[] = {
        {"", ":1: nothing but blank lines and comments"},
        {"\n\n", ":1: nothing but blank lines and comments"},
        {"# later\n# or never\n", ":1: nothing but blank lines and comments"},
        {"---\n", ":2: an agreement must be written as"},
        {"agreement: ISA-A", ":1: the last line has no end"},
        {"agreement: ISA-A\n", ":1: an agreement has no `version'"},
    };

    expect_good();
    for (size_t i = 0; i < LENGTH(cases); i++) {
        write_file(folder, "b-bad.yaml", cases[i].text);
        expect_load(ST_INVALID, "/b-bad.yaml", cases[i].reason);
        remove_file(folder, "b-bad.yaml");
    }
    expect_good();
}

static void the_same_id_twice_stops_the_folder(void **)
{
    write_file(folder, "b-again.yaml", good);
    expect_load(ST_INVALID, "/a-good.yaml and ", "/b-again.yaml are both agreement ISA-COURT");
    remove_file(folder, "b-again.yaml");
    expect_good();
}

static void what_is_no_file_stops_the_folder(void **)
{
    char path[512];

    (void)snprintf(path, sizeof path, "%s/b-bad.yaml", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    expect_load(ST_IO, "/b-bad.yaml", "not a file");
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0); /* must not hang */
    expect_load(ST_IO, "/b-bad.yaml", "not a file");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("nowhere", path), 0);
    expect_load(ST_IO, "/b-bad.yaml", "No such file");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("b-bad.yaml", path), 0);
    expect_load(ST_IO, "/b-bad.yaml", "symbolic links");
    assert_int_equal(unlink(path), 0);
    expect_good();
}

static void a_file_that_may_not_be_read_stops_the_folder(void **)
{
    char path[512];

    if (geteuid() == 0) { /* root may read everything; files of /proc/self/mem it cannot either */
        (void)snprintf(path, sizeof path, "%s/b-bad.yaml", folder);
        assert_int_equal(symlink("/proc/self/mem", path), 0);
        expect_load(ST_IO, "/b-bad.yaml", "Input/output error");
        assert_int_equal(unlink(path), 0);
    } else {
        write_file(folder, "b-bad.yaml", good);
        (void)snprintf(path, sizeof path, "%s/b-bad.yaml", folder);
        assert_int_equal(chmod(path, 0), 0);
        expect_load(ST_IO, "/b-bad.yaml", "Permission denied");
        assert_int_equal(unlink(path), 0);
    }
    expect_good();
}

/* For every number of descriptors too few. */
static void out_of_descriptors_nothing_loads(void **)
{
    struct rlimit before, now;
    int lowest = open("/dev/null", O_RDONLY | O_CLOEXEC);

    assert_true(lowest >= 0);
    (void)close(lowest);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    now = before;
    now.rlim_cur = (rlim_t)lowest; /* none for the folder */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &now), 0);
    expect_load(ST_IO, folder, "Too many open files");
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);

    /* Nor for a file, when the folder has been read: the file's is the only one by then. */
    struct agreement *a = NULL;
    struct reason why = {""};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &now), 0);
    assert_int_equal(agreement_load(EXAMPLES "/court.yaml", &a, &why), ST_IO);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_non_null(strstr(why.text, "court.yaml: Too many open files"));
    assert_null(a);
    expect_good();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_that_says_nothing_stops_the_folder),
        cmocka_unit_test(the_same_id_twice_stops_the_folder),
        cmocka_unit_test(what_is_no_file_stops_the_folder),
        cmocka_unit_test(a_file_that_may_not_be_read_stops_the_folder),
        cmocka_unit_test(out_of_descriptors_nothing_loads),
        cmocka_unit_test(a_large_community_loads_within_its_bounds),
    };
    return cmocka_run_group_tests_name("agreement load", tests, make_folder, remove_folder);
}
