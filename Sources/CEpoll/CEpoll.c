#define _GNU_SOURCE
#include "CEpoll.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
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

const char *cepoll_signal_name(int signal_number) { return sigabbrev_np(signal_number); }

int cepoll_open(const char *path, int flags, unsigned mode) {
  return open(path, flags, (mode_t)mode);
}

int cepoll_pipe(int ends[2]) {
  if (pipe2(ends, O_CLOEXEC) != 0) return -1;
  // Cannot fail for a descriptor that is open.
  (void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return 0;
}

int cepoll_peer(int socket, uint32_t *user, uint32_t *group, int32_t *process) {
  struct ucred peer;
  socklen_t length = sizeof peer;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return -1;
  *user = peer.uid;
  *group = peer.gid;
  *process = peer.pid;
  return 0;
}

int cepoll_peer_groups(int socket, uint32_t *groups, int room) {
  _Static_assert(sizeof(gid_t) == sizeof(uint32_t), "groups are 32 bits wide");
  socklen_t length = (socklen_t)((size_t)room * sizeof(gid_t));
  // ERANGE: too little room, and `length` says how much it would take.
  if (getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups, &length) != 0 && errno != ERANGE)
    return errno == ENODATA || errno == ENOPROTOOPT ? 0 : -1;
  return (int)(length / sizeof(gid_t));
}

long cepoll_raise_open_files(long ceiling) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return -errno;
  rlim_t most = limit.rlim_max < (rlim_t)ceiling ? limit.rlim_max : (rlim_t)ceiling;
  if (limit.rlim_cur < most) {
    limit.rlim_cur = most;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) return -errno;
  }
  return (long)(limit.rlim_cur < (rlim_t)ceiling ? limit.rlim_cur : (rlim_t)ceiling);
}

int cepoll_open_process(int process) { return pidfd_open(process, 0); }

int cepoll_signal_process(int process_descriptor, int signal_number) {
  return pidfd_send_signal(process_descriptor, signal_number, 0, 0);
}

int cepoll_exit_code(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : -1; }

int cepoll_ending_signal(int status) { return WIFSIGNALED(status) ? WTERMSIG(status) : 0; }

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

int cepoll_give_back_blocks(int bytes) {
  return mallopt(M_MMAP_THRESHOLD, bytes) && mallopt(M_TRIM_THRESHOLD, bytes);
}

int cepoll_forbid_dumps(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 ? 0 : errno; }
