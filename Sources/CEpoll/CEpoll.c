#define _GNU_SOURCE

#include "CEpoll.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

_Thread_local void *cepoll_loop = 0;

enum { signal_limit = 65 };
/// Descriptor + 1, so that the zero of static storage means "none". Never closed.
static atomic_int counters[signal_limit];
static atomic_int caught[signal_limit];
static struct sigaction found[signal_limit];

static void count_up(int signal_number) {
  int saved = errno;
  uint64_t one = 1;
  // An eventfd refuses only at 2^64 - 2 unread signals.
  ssize_t written = write(atomic_load(&counters[signal_number]) - 1, &one, sizeof one);
  (void)written;
  errno = saved;
}

int cepoll_catch_signal(int signal_number) {
  if (signal_number <= 0 || signal_number >= signal_limit) return -EINVAL;
  if (atomic_exchange(&caught[signal_number], 1)) return -EBUSY;
  int descriptor = atomic_load(&counters[signal_number]) - 1;
  if (descriptor < 0) {
    descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (descriptor < 0) goto failed;
    atomic_store(&counters[signal_number], descriptor + 1);
  }
  // What is left from the catcher before is not for this one.
  eventfd_t old;
  (void)eventfd_read(descriptor, &old);
  struct sigaction action = {0};
  action.sa_handler = count_up;
  action.sa_flags = SA_RESTART;
  sigfillset(&action.sa_mask);
  if (sigaction(signal_number, &action, &found[signal_number]) != 0) goto failed;
  return descriptor;

failed:;
  int code = errno;
  atomic_store(&caught[signal_number], 0);
  return -code;
}

void cepoll_release_signal(int signal_number) {
  if (signal_number <= 0 || signal_number >= signal_limit) return;
  if (!atomic_load(&caught[signal_number])) return;
  // Cannot fail: the same number was accepted before.
  (void)sigaction(signal_number, &found[signal_number], 0);
  atomic_store(&caught[signal_number], 0);
}

int cepoll_ignore_broken_pipes(void) {
  struct sigaction action = {0};
  action.sa_handler = SIG_IGN;
  return sigaction(SIGPIPE, &action, 0) == 0 ? 0 : errno;
}

int cepoll_keep_exit_codes(void) {
  struct sigaction action;
  if (sigaction(SIGCHLD, 0, &action) != 0) return errno;
  if (action.sa_handler != SIG_IGN && !(action.sa_flags & SA_NOCLDWAIT)) return 0;
  if (action.sa_handler == SIG_IGN) action.sa_handler = SIG_DFL;
  action.sa_flags &= ~SA_NOCLDWAIT;
  return sigaction(SIGCHLD, &action, 0) == 0 ? 0 : errno;
}

int cepoll_open(const char *path, int flags, mode_t mode) { return open(path, flags, mode); }

int cepoll_spawn_close_from(posix_spawn_file_actions_t *actions, int first) {
  return posix_spawn_file_actions_addclosefrom_np(actions, first);
}

int cepoll_spawn_change_directory(posix_spawn_file_actions_t *actions, const char *path) {
  return posix_spawn_file_actions_addchdir_np(actions, path);
}

int cepoll_accept(int listening) { return accept4(listening, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC); }

int cepoll_available_cores(void) {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
  long online = sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 ? (int)online : 1;
}

void cepoll_name_thread(const char *name) {
  char cut[16] = {0};
  strncpy(cut, name, sizeof cut - 1);
  pthread_setname_np(pthread_self(), cut);
}

char **cepoll_environment(void) { return environ; }

int cepoll_forbid_dumps(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 ? 0 : errno; }

int cepoll_peer_credentials(int descriptor, struct cepoll_credentials *credentials) {
  struct ucred found;
  socklen_t length = sizeof found;
  if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &found, &length) != 0) return errno;
  *credentials = (struct cepoll_credentials){found.uid, found.gid, found.pid};
  return 0;
}

int cepoll_pipe(int descriptors[2], int flags) { return pipe2(descriptors, flags); }

const char *cepoll_signal_name(int signal_number) { return sigabbrev_np(signal_number); }
