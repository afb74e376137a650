/*
 * padme.h - how far a section is padded, so that its size says little of its content.
 *
 * Padmé keeps only the highest bits of a length: at most 12 % more bytes, and every length leaks
 * O(log log) bits. Source: "Reducing Metadata Leakage from Encrypted Files and Communication with
 * PURBs" (Nikitin et al., PETS 2019), §4.
 */
#ifndef AGENTS_PADME_H
#define AGENTS_PADME_H

#include <stddef.h>

/* The padded size of `size` bytes: never less, and a fixed point of itself. */
size_t padme(size_t size);

#endif
