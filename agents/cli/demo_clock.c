#include "agents/cli/demo_clock.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "agents/cli/place.h"
#include "lib/clock.h"
#include "lib/reason.h"
#include "agents/cli/community.h"

#define SAME_MS 5000 /* between two looks at clocks that go alike: a busy machine */

static _Atomic int64_t *moved; /* the file, mapped for as long as the process lives */

static int64_t system_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool map(const char *path, int flags)
{
    int file = open(path, O_RDWR | O_CLOEXEC | flags, 0600);

    if (file < 0)
        return false;
    void *page = ftruncate(file, sizeof *moved) == 0
                   ? mmap(NULL, sizeof *moved, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0)
                   : MAP_FAILED;
    (void)close(file);
    if (page == MAP_FAILED)
        return false;
    moved = page;
    return true;
}

bool demo_clock_make(const char *folder, int64_t wall_ms)
{
    char mark[PATH_MAX], clock[PATH_MAX];
    struct reason why;

    if (!path_print(mark, "%s/demo", folder) || !path_print(clock, "%s/clock", folder)
        || community_write(mark, DEMO_MARK, &why) != ST_OK || !map(clock, O_CREAT | O_EXCL))
        return false;
    demo_clock_to(wall_ms);
    return setenv(DEMO_CLOCK, clock, 1) == 0;
}

bool demo_clock_open(void)
{
    const char *path = getenv(DEMO_CLOCK);

    return path && map(path, 0);
}

void demo_clock_to(int64_t wall_ms)
{
    atomic_store(moved, wall_ms - system_ms());
}

bool demo_clock_is_ours(void)
{
    int64_t ahead_ms = clock_wall_ms() - system_ms();

    return ahead_ms < -SAME_MS || ahead_ms > SAME_MS;
}
