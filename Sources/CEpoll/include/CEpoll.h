#ifndef CEPOLL_H
#define CEPOLL_H

/// What Swift cannot reach by itself: thread-local storage, an async-signal-safe handler, a variadic
/// or two, macros with arguments, and headers that its Glibc module leaves out. Nothing else.

// No _GNU_SOURCE here: Swift's own Glibc and Dispatch modules are compiled without it, and one
// struct with two definitions (fd_set) makes every import fail. What needs it is wrapped.

#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/un.h>
#include <sys/wait.h>

/// The loop whose thread this is; null on every other thread.
extern _Thread_local void *cepoll_loop;

static inline void *cepoll_current_loop(void) { return cepoll_loop; }
static inline void cepoll_set_current_loop(void *loop) { cepoll_loop = loop; }

/// From now on `signal_number` counts up an eventfd, which this returns (sigaction, SA_RESTART); it
/// belongs to the signal for the life of the process. Negative: an errno value, EBUSY when the
/// signal is caught already.
int cepoll_catch_signal(int signal_number);
/// Puts back the disposition that the last cepoll_catch_signal found.
void cepoll_release_signal(int signal_number);

/// Ignores SIGPIPE in the whole process; returns 0, or an errno value.
int cepoll_ignore_broken_pipes(void);

/// Gives SIGCHLD its default action where it is ignored (which is inherited across exec), because
/// then the kernel would throw the exit codes of children away. Returns 0, or an errno value.
int cepoll_keep_exit_codes(void);

/// open(2), which is variadic.
int cepoll_open(const char *path, int flags, mode_t mode);

/// posix_spawn file action closing every descriptor from `first` up, and chdir.
int cepoll_spawn_close_from(posix_spawn_file_actions_t *actions, int first);
int cepoll_spawn_change_directory(posix_spawn_file_actions_t *actions, const char *path);

/// accept4(2) of a non-blocking descriptor that is closed on exec, without the peer's address.
int cepoll_accept(int listening);

/// What Swift's Glibc module hides because it is not POSIX, or is ambiguous there.
int cepoll_available_cores(void);
void cepoll_name_thread(const char *name);
char **cepoll_environment(void);

/// SO_PEERCRED, unix(7). Returns 0, or an errno value.
struct cepoll_credentials {
  uint32_t user;
  uint32_t group;
  int32_t process;
};
int cepoll_peer_credentials(int descriptor, struct cepoll_credentials *credentials);

/// pipe2(2).
int cepoll_pipe(int descriptors[2], int flags);

/// sigabbrev_np(3): `TERM`, or null.
const char *cepoll_signal_name(int signal_number);

/// prctl(2) PR_SET_DUMPABLE 0, which is variadic; returns 0, or an errno value.
int cepoll_forbid_dumps(void);

/// The exit code in a wait status, or -1 when a signal ended the process.
static inline int cepoll_exit_code(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
/// The signal that ended the process, or 0.
static inline int cepoll_ending_signal(int status) {
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

#endif
