/* An add-on. With EARLY, one that calls libuv in its constructor. */
extern const char* uv_version_string(void);

const char* version_for_library(void) {
    return uv_version_string();
}

#ifdef EARLY
__attribute__((constructor)) static void early(void) {
    uv_version_string();
}
#endif
