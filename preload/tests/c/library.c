/* An add-on. With EARLY, a library that calls libuv in its constructor, and says so. */
#include <stdio.h>

extern const char* uv_version_string(void);

const char* version_for_library(void) {
    return uv_version_string();
}

#ifdef EARLY
__attribute__((constructor)) static void early(void) {
    printf("early %s, ", uv_version_string());
}
#endif
