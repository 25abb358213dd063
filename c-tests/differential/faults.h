/* Faults from outside: the program stands before libc's calls on sockets too, and lets some of them fail, or do less than
 * they were asked. Which, depends on the handle and on how many such calls there were for it, so it is the same for libraries
 * that make the same calls. */
#ifndef UVRING_DIFFERENTIAL_FAULTS_H
#define UVRING_DIFFERENTIAL_FAULTS_H

#include "world.h"

static void start_faults(uint64_t seed) { faults = seed % 4 == 1; }
static void stop_faults(void) { faults = false; }

#endif
