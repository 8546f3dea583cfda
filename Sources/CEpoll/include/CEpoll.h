#ifndef CEPOLL_H
#define CEPOLL_H

/// What Swift cannot reach by itself: thread-local storage, an async-signal-safe handler, variadic
/// functions, macros with arguments, and what glibc declares only under _GNU_SOURCE, which Swift's
/// Glibc module is built without. This header must not define it: the same structures would then
/// look different in the two modules. Nothing else belongs here.

#include <spawn.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

/// The loop whose thread this is; null on every other thread.
extern _Thread_local void *cepoll_loop;

static inline void *cepoll_current_loop(void) { return cepoll_loop; }
static inline void cepoll_set_current_loop(void *loop) { cepoll_loop = loop; }

// MARK: Signals

/// From now on `signal_number` counts up an eventfd, which this returns (sigaction, SA_RESTART); it
/// belongs to the signal for the life of the process. Negative: an errno value, EBUSY when the
/// signal is caught already.
int cepoll_catch_signal(int signal_number);
/// Puts back the disposition that the last cepoll_catch_signal found.
void cepoll_release_signal(int signal_number);
/// Ignores SIGPIPE in the whole process; returns 0, or an errno value.
int cepoll_ignore_broken_pipes(void);
/// "TERM" for SIGTERM; null for a number without a name.
const char *cepoll_signal_name(int signal_number);

// MARK: Descriptors

/// open(2), which is variadic.
int cepoll_open(const char *path, int flags, unsigned mode);
/// pipe2(2) with O_CLOEXEC, the reading end non-blocking; -1 and errno.
int cepoll_pipe(int ends[2]);
/// accept4(2) of a non-blocking descriptor that is closed on exec, without the peer's address.
int cepoll_accept(int listening);
/// SO_PEERCRED; -1 and errno.
int cepoll_peer(int socket, uint32_t *user, uint32_t *group, int32_t *process);
/// SO_PEERGROUPS: how many groups, of which `room` are stored; -1 and errno. No groups where the
/// kernel (before Linux 4.13) or the socket has none recorded.
int cepoll_peer_groups(int socket, uint32_t *groups, int room);
/// Raises the soft RLIMIT_NOFILE to the hard one, at most to `ceiling`. Returns what holds now, or
/// a negative errno value.
long cepoll_raise_open_files(long ceiling);

// MARK: Processes and threads

/// Gives SIGCHLD its default action where it is ignored (which is inherited across exec), because
/// then the kernel would throw the exit codes of children away. Returns 0, or an errno value.
int cepoll_keep_exit_codes(void);
/// posix_spawn file action closing every descriptor from `first` up, and chdir.
int cepoll_spawn_close_from(posix_spawn_file_actions_t *actions, int first);
int cepoll_spawn_change_directory(posix_spawn_file_actions_t *actions, const char *path);
/// pidfd_open(2) and pidfd_send_signal(2).
int cepoll_open_process(int process);
int cepoll_signal_process(int process_descriptor, int signal_number);
/// The exit code in a wait status, or -1 when a signal ended the process.
int cepoll_exit_code(int status);
/// The signal that ended the process, or 0.
int cepoll_ending_signal(int status);
char **cepoll_environment(void);
/// The cores in this thread's affinity mask.
int cepoll_available_cores(void);
/// Names this thread; cut to 15 bytes.
void cepoll_name_thread(const char *name);
/// mallopt(3), whose header is not in the Glibc module: blocks of `bytes` and more are mapped and go
/// back to the system when they are freed, and so does what is free beyond as much at the end of a heap.
/// Returns 0 when refused.
int cepoll_give_back_blocks(int bytes);
/// prctl(2) PR_SET_DUMPABLE 0, which is variadic; returns 0, or an errno value.
int cepoll_forbid_dumps(void);

#endif
