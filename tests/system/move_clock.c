/* move_clock FILE MS: sets the milliseconds that moved clocks are ahead; makes the file at first.
 * move_clock FILE: prints them. One store of eight bytes, so that no reader sees half of it. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    int file = argc > 1 ? open(argv[1], O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;

    if (file < 0 || ftruncate(file, sizeof(int64_t)) != 0) {
        fprintf(stderr, "usage: move_clock FILE [MS]\n");
        return 2;
    }
    _Atomic int64_t *moved =
        mmap(NULL, sizeof(int64_t), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (moved == MAP_FAILED)
        return 1;
    if (argc > 2)
        atomic_store(moved, strtoll(argv[2], NULL, 10));
    else
        printf("%" PRId64 "\n", atomic_load(moved));
    return 0;
}
