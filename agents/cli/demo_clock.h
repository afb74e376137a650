/*
 * demo_clock.h - the clock of a demo whose weeks pass in seconds: a file that its programs read.
 *
 *     DIR/demo   says that DIR is a demo's; written by who makes the folder, never later
 *     DIR/clock  milliseconds by which its programs' clock is ahead of the system's, negative too
 *
 * Only the programs beside demo/CMakeLists.txt look at it: they are linked with a clock of their
 * own, and start in such a folder alone (demo/inside.c). In any other program this moves nothing.
 */
#ifndef AGENTS_CLI_DEMO_CLOCK_H
#define AGENTS_CLI_DEMO_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define DEMO_CLOCK "CONCORDAT_DEMO_CLOCK" /* the variable that names the file */
#define DEMO_MARK "A demo of Concordat: keys that are thrown away, and a clock that is moved.\n"

/* Makes both files in the folder, the clock standing at `wall_ms` and running, and tells the
 * programs that are started from now on. False: the system refuses, errno says why. */
bool demo_clock_make(const char *folder, int64_t wall_ms);
/* In a program that was started with such a clock: maps it. False: there is none. */
bool demo_clock_open(void);
/* The clock of all of them jumps there at once, and runs on. */
void demo_clock_to(int64_t wall_ms);
/* Does this very program go by it? */
bool demo_clock_is_ours(void);

#endif
