/* The system's own headers, and the macros that are made from them. Included by uv.h. */
#ifndef UV_UNIX_H
#define UV_UNIX_H

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <pwd.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/param.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <termios.h>

#include "uv/linux.h"
#include "uv/threadpool.h"

/* Strict C (-std=c99 without a feature macro) hides what is newer than itself. The rest of uv.h does without, but these
 * two have to have their sizes. */
#if !defined(__GLIBC__) || defined(__USE_XOPEN2K)
typedef pthread_rwlock_t uv_rwlock_t;
typedef pthread_barrier_t uv_barrier_t;
#else
typedef union {
  char size[__SIZEOF_PTHREAD_RWLOCK_T];
  long align;
} uv_rwlock_t;
typedef union {
  char size[__SIZEOF_PTHREAD_BARRIER_T];
  long align;
} uv_barrier_t;
#endif

struct addrinfo;

#ifndef NI_MAXHOST
# define NI_MAXHOST 1025
#endif
#ifndef NI_MAXSERV
# define NI_MAXSERV 32
#endif

#define UV_ONCE_INIT PTHREAD_ONCE_INIT

#ifndef UV_PLATFORM_SEM_T
# define UV_PLATFORM_SEM_T sem_t
#endif

/* Goes before functions of a library that is loaded with uv_dlopen. Needed on Windows only. */
#define UV_DYNAMIC /* nothing */

/* Types of directory entries as readdir(3) gives them. */
typedef struct dirent uv__dirent_t;
#ifdef DT_UNKNOWN
# define HAVE_DIRENT_TYPES
# define UV__DT_FILE DT_REG
# define UV__DT_DIR DT_DIR
# define UV__DT_LINK DT_LNK
# define UV__DT_FIFO DT_FIFO
# define UV__DT_SOCKET DT_SOCK
# define UV__DT_CHAR DT_CHR
# define UV__DT_BLOCK DT_BLK
#endif

/* Flags of uv_fs_open. A flag the system lacks, or does not show in strict C, is 0. */
#define UV_FS_O_APPEND O_APPEND
#define UV_FS_O_CREAT O_CREAT
#define UV_FS_O_EXCL O_EXCL
#define UV_FS_O_NOCTTY O_NOCTTY
#define UV_FS_O_NONBLOCK O_NONBLOCK
#define UV_FS_O_RDONLY O_RDONLY
#define UV_FS_O_RDWR O_RDWR
#define UV_FS_O_SYNC O_SYNC
#define UV_FS_O_TRUNC O_TRUNC
#define UV_FS_O_WRONLY O_WRONLY
#ifdef O_DIRECTORY
# define UV_FS_O_DIRECTORY O_DIRECTORY
#else
# define UV_FS_O_DIRECTORY 0
#endif
#ifdef O_DSYNC
# define UV_FS_O_DSYNC O_DSYNC
#else
# define UV_FS_O_DSYNC 0
#endif
#ifdef O_NOATIME
# define UV_FS_O_NOATIME O_NOATIME
#else
# define UV_FS_O_NOATIME 0
#endif
#ifdef O_NOFOLLOW
# define UV_FS_O_NOFOLLOW O_NOFOLLOW
#else
# define UV_FS_O_NOFOLLOW 0
#endif

/* Flags of other systems. */
#define UV_FS_O_EXLOCK 0
#define UV_FS_O_FILEMAP 0
#define UV_FS_O_RANDOM 0
#define UV_FS_O_SEQUENTIAL 0
#define UV_FS_O_SHORT_LIVED 0
#define UV_FS_O_SYMLINK 0
#define UV_FS_O_TEMPORARY 0

#endif /* UV_UNIX_H */
