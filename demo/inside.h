/*
 * inside.h - what a demo's program is before it begins: it starts in a demo's folder or not at all.
 *
 *     DIR/clock  CONCORDAT_DEMO_CLOCK names it: how far the clock is moved (moved_clock.c)
 *     DIR/demo   must lie beside it; `concordat demo` writes it into a new folder, and nobody else
 *
 * A broker that went by such a clock with real mail would breach deadlines that are not over, so
 * whatever `--config` and `--agent` name must lie below DIR.
 */
#ifndef DEMO_INSIDE_H
#define DEMO_INSIDE_H

int program_main(int argc, char **argv); /* of the daemon, or the command line */

#endif
