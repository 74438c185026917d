/* Loaded before the C library (LD_PRELOAD): breaks off what a process writes to files whose path begins with
 * NHI_FAULT_PATH, at the n-th write, sync, cut or removal.
 *
 *   NHI_FAULT=before:N   the process is killed before the N-th of them
 *   NHI_FAULT=after:N    after it
 *   NHI_FAULT=error:N:E  from the N-th on each of them fails with the errno E
 *   NHI_FAULT=count      nothing happens
 *
 * NHI_FAULT_TOLD names a file that is told, at the fault, what kind of call it was; at the end of a process without one,
 * how many calls there were. Room that a file has already is there on a full disk (ENOSPC, EDQUOT) as well. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static int calls;
static __thread int inside;

static void tell(const char *text) {
    const char *path = getenv("NHI_FAULT_TOLD");
    if (!path) return;
    inside = 1;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd >= 0) {
        if (write(fd, text, strlen(text)) < 0) { /* nobody to tell */ }
        close(fd);
    }
    inside = 0;
}

static int is_ours(const char *path) {
    const char *prefix = getenv("NHI_FAULT_PATH");
    return prefix && strncmp(path, prefix, strlen(prefix)) == 0;
}

static int is_ours_fd(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return is_ours(path);
}

/* 0: goes on; 1: errno is set, and it fails; 2: it is killed afterwards. */
static int reached(const char *call, int has_room) {
    const char *fault = getenv("NHI_FAULT");
    if (inside || !fault) return 0;
    int number = __sync_add_and_fetch(&calls, 1), at = 0, code = 0;
    if (sscanf(fault, "before:%d", &at) == 1 && number == at) {
        tell(call);
        kill(getpid(), SIGKILL);
    }
    if (sscanf(fault, "after:%d", &at) == 1 && number == at) {
        tell(call);
        return 2;
    }
    if (sscanf(fault, "error:%d:%d", &at, &code) == 2 && number >= at) {
        if (number == at) tell(call);
        if (has_room && (code == ENOSPC || code == EDQUOT)) return 0;
        errno = code;
        return 1;
    }
    return 0;
}

static int has_room(int fd, off_t end) {
    struct stat found;
    return fstat(fd, &found) == 0 && end <= found.st_size;
}

#define REAL(name) ((typeof(&name))dlsym(RTLD_NEXT, #name))
#define RUN(name, type, call, ours, room, ...)                       \
    do {                                                             \
        int saved = errno;                                           \
        int what = (ours) ? reached(call, room) : 0;                 \
        if (what == 1) return -1;                                    \
        errno = saved;                                               \
        type result = REAL(name)(__VA_ARGS__);                       \
        if (what == 2) kill(getpid(), SIGKILL);                      \
        return result;                                               \
    } while (0)

ssize_t write(int fd, const void *bytes, size_t count) {
    off_t at = lseek(fd, 0, SEEK_CUR);
    RUN(write, ssize_t, "write", is_ours_fd(fd), has_room(fd, at + (off_t)count), fd, bytes, count);
}
ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
    RUN(pwrite, ssize_t, "write", is_ours_fd(fd), has_room(fd, at + (off_t)count), fd, bytes, count, at);
}
ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
    RUN(pwrite64, ssize_t, "write", is_ours_fd(fd), has_room(fd, at + (off_t)count), fd, bytes, count, at);
}
int fsync(int fd) { RUN(fsync, int, "sync", is_ours_fd(fd), 1, fd); }
int fdatasync(int fd) { RUN(fdatasync, int, "sync", is_ours_fd(fd), 1, fd); }
int ftruncate(int fd, off_t size) { RUN(ftruncate, int, "cut", is_ours_fd(fd), has_room(fd, size), fd, size); }
int ftruncate64(int fd, off64_t size) { RUN(ftruncate64, int, "cut", is_ours_fd(fd), has_room(fd, size), fd, size); }
int unlink(const char *path) { RUN(unlink, int, "remove", is_ours(path), 1, path); }

/* A file that is opened to be read only is none of our business. */
#define OPEN(name)                                                              \
    do {                                                                        \
        mode_t mode = 0;                                                        \
        if (flags & (O_CREAT | __O_TMPFILE)) {                                  \
            va_list rest;                                                       \
            va_start(rest, flags);                                              \
            mode = va_arg(rest, mode_t);                                        \
            va_end(rest);                                                       \
        }                                                                       \
        int writes = (flags & O_ACCMODE) != O_RDONLY || (flags & O_CREAT);      \
        int is_there = access(path, F_OK) == 0;                                 \
        if (writes && is_there && (flags & O_EXCL)) { errno = EEXIST; return -1; } \
        RUN(name, int, "open", writes && is_ours(path), is_there, path, flags, mode); \
    } while (0)
int open(const char *path, int flags, ...) { OPEN(open); }
int open64(const char *path, int flags, ...) { OPEN(open64); }

__attribute__((destructor)) static void end(void) {
    const char *fault = getenv("NHI_FAULT");
    if (fault && strcmp(fault, "count") == 0) {
        char text[32];
        snprintf(text, sizeof text, "%d", calls);
        tell(text);
    }
}
