/* What differs between the architectures Linux runs on. */
#ifndef UV_LINUX_H
#define UV_LINUX_H

/* O_DIRECT's number, spelled out because <fcntl.h> shows the name only with _GNU_SOURCE. */
#if defined(__arm__) || defined(__aarch64__) || defined(__m68k__)
# define UV_FS_O_DIRECT 0x10000
#elif defined(__powerpc__)
# define UV_FS_O_DIRECT 0x20000
#elif defined(__sparc__)
# define UV_FS_O_DIRECT 0x100000
#elif defined(__mips__)
# define UV_FS_O_DIRECT 0x08000
#else
# define UV_FS_O_DIRECT 0x04000
#endif

#endif /* UV_LINUX_H */
