/* What load.c does, without the library. */
#define LIMIT 1
#include "load.c"
