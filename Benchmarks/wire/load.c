// The load generator: one thread, any number of connections, each with a window of calls in flight.
//
//   load SOCKET CONNECTIONS WINDOW SECONDS SERVICE METHOD REQUEST-FILE [echo] [each=N] [idle=N]
//
// REQUEST-FILE holds the request message, or with `each=N` any number of N bytes each, sent in turn.
// With `echo` every answer must be the request again; in any
// case it must be a Response with status OK. Prints calls, calls/s, p50 and p99 in microseconds. A
// latency ends when the answer has been read, and begins when its request was handed to the kernel.
// `idle=N` opens N more connections first, and leaves them alone.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { HEADER = 10, READ = 1 << 18, SUB_BITS = 7, SUB = 1 << SUB_BITS };

struct connection {
  int fd;
  uint32_t next;       // The stream id to use next: odd, and only ever higher.
  uint64_t *started;   // By stream id; 0: free.
  uint32_t mask;
  uint8_t *in;
  size_t in_count;
  uint8_t *out;
  size_t out_count, out_sent;
  int wants_write;
};

static uint8_t *frame;           // A whole request frame, with the stream id to fill in.
static size_t frame_size;
static uint8_t *payloads;        // The requests one behind the other.
static size_t payload_size, payload_count, payload_next;
static uint8_t *answer;          // What the data of each answer must be; NULL: any success.
static size_t answer_size;
static uint64_t histogram[64 << SUB_BITS];  // Log-linear: an error below 1 %.
static uint64_t calls;
static int measuring;

static void fail(const char *what) {
  fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
  exit(1);
}

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void put32(uint8_t *to, uint32_t value) {
  to[0] = (uint8_t)(value >> 24), to[1] = (uint8_t)(value >> 16);
  to[2] = (uint8_t)(value >> 8), to[3] = (uint8_t)value;
}

static uint32_t get32(const uint8_t *from) {
  return (uint32_t)from[0] << 24 | (uint32_t)from[1] << 16 | (uint32_t)from[2] << 8 | from[3];
}

static void note(uint64_t nanoseconds) {
  int top = 63 - __builtin_clzll(nanoseconds | 1);
  int shift = top > SUB_BITS ? top - SUB_BITS : 0;
  histogram[((unsigned)shift << SUB_BITS) + (nanoseconds >> shift)]++;
}

static double percentile(double share) {
  uint64_t total = 0, seen = 0;
  size_t count = sizeof histogram / sizeof *histogram;
  for (size_t i = 0; i < count; i++) total += histogram[i];
  for (size_t i = 0; i < count; i++) {
    seen += histogram[i];
    if (total && (double)seen >= share * (double)total) {
      size_t shift = i < 2 * SUB ? 0 : (i >> SUB_BITS) - 1;
      return (double)((uint64_t)(i - (shift << SUB_BITS)) << shift) / 1000;
    }
  }
  return 0;
}

static uint8_t *field(uint8_t *to, int number, const void *bytes, size_t count) {
  *to++ = (uint8_t)(number << 3 | 2);
  size_t rest = count;
  for (; rest >= 0x80; rest >>= 7) *to++ = (uint8_t)(rest | 0x80);
  *to++ = (uint8_t)rest;
  memcpy(to, bytes, count);
  return to + count;
}

static void build(
    const char *service, const char *method, const char *path, size_t each, int echo) {
  FILE *file = fopen(path, "rb");
  if (!file) fail(path);
  payloads = malloc(4 << 20);
  size_t all = fread(payloads, 1, 4 << 20, file), count = each ? each : all;
  fclose(file);
  if (each && (!all || all % each)) errno = EINVAL, fail(path);
  payload_size = count, payload_count = each ? all / each : 1;
  frame = malloc(HEADER + count + 1024);
  uint8_t *end = field(frame + HEADER, 1, service, strlen(service));
  end = field(end, 2, method, strlen(method));
  if (count) end = field(end, 3, payloads, count);
  frame_size = (size_t)(end - frame);
  put32(frame, (uint32_t)(frame_size - HEADER));
  frame[8] = 1, frame[9] = 0;
  if (echo) {
    answer = malloc(count + 16);
    answer_size = (size_t)(field(answer, 2, payloads, count) - answer);
  }
}

static int open_socket(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  for (int tries = 0;; tries++) {
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) fail("socket");
    if (!connect(fd, (struct sockaddr *)&address, sizeof address)) {
      fcntl(fd, F_SETFL, O_NONBLOCK);
      return fd;
    }
    close(fd);
    if (tries == 1000) fail(path);
    usleep(1000);
  }
}

static void request(struct connection *c, uint64_t at) {
  while (c->started[c->next >> 1 & c->mask]) c->next += 2;
  c->started[c->next >> 1 & c->mask] = at;
  memcpy(c->out + c->out_count, frame, frame_size);
  put32(c->out + c->out_count + 4, c->next);
  if (payload_count > 1) {
    memcpy(c->out + c->out_count + frame_size - payload_size,
           payloads + payload_next * payload_size, payload_size);
    payload_next = (payload_next + 1) % payload_count;
  }
  c->out_count += frame_size;
  c->next += 2;
}

static void flush(struct connection *c, int poller) {
  while (c->out_sent < c->out_count) {
    ssize_t sent = send(c->fd, c->out + c->out_sent, c->out_count - c->out_sent, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno != EAGAIN) fail("send");
    if (sent < 0) break;
    c->out_sent += (size_t)sent;
  }
  if (c->out_sent == c->out_count) c->out_sent = c->out_count = 0;
  int wants_write = c->out_count > 0;
  if (wants_write != c->wants_write) {
    struct epoll_event event = {EPOLLIN | (wants_write ? EPOLLOUT : 0), {.ptr = c}};
    epoll_ctl(poller, EPOLL_CTL_MOD, c->fd, &event);
    c->wants_write = wants_write;
  }
}

static void receive(struct connection *c, int poller) {
  ssize_t got = recv(c->fd, c->in + c->in_count, READ - c->in_count, 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) fail("the server ended a connection");
  c->in_count += (size_t)got;
  uint64_t at = now();
  size_t place = 0;
  if (c->out_sent) {
    memmove(c->out, c->out + c->out_sent, c->out_count - c->out_sent);
    c->out_count -= c->out_sent, c->out_sent = 0;
  }
  while (c->in_count - place >= HEADER) {
    const uint8_t *head = c->in + place;
    size_t size = get32(head);
    if (size > READ - HEADER) errno = EMSGSIZE, fail("answer");
    if (c->in_count - place < HEADER + size) break;
    uint64_t *slot = &c->started[get32(head + 4) >> 1 & c->mask];
    if (!*slot || head[8] != 2) errno = EPROTO, fail("an answer that nobody asked for");
    if (size && head[HEADER] == 0x0A) errno = EPROTO, fail("a call failed");
    if (answer && (size != answer_size || memcmp(head + HEADER, answer, size)))
      errno = EPROTO, fail("another answer");
    if (measuring) calls++, note(at - *slot);
    *slot = 0;
    request(c, at);
    place += HEADER + size;
  }
  memmove(c->in, c->in + place, c->in_count - place);
  c->in_count -= place;
  flush(c, poller);
}

int main(int count, char **arguments) {
  if (count < 8) {
    fprintf(stderr, "usage: load SOCKET CONNECTIONS WINDOW SECONDS SERVICE METHOD REQUEST-FILE"
                    " [echo] [each=N] [idle=N]\n");
    return 64;
  }
  int connections = atoi(arguments[2]), window = atoi(arguments[3]), echo = 0, idle = 0;
  size_t each = 0;
  double seconds = atof(arguments[4]);
  for (int i = 8; i < count; i++) {
    if (!strcmp(arguments[i], "echo")) echo = 1;
    if (!strncmp(arguments[i], "each=", 5)) each = (size_t)atoi(arguments[i] + 5);
    if (!strncmp(arguments[i], "idle=", 5)) idle = atoi(arguments[i] + 5);
  }
  build(arguments[5], arguments[6], arguments[7], each, echo);
  for (int i = 0; i < idle; i++) open_socket(arguments[1]);
  int poller = epoll_create1(EPOLL_CLOEXEC);
  struct connection *all = calloc((size_t)connections, sizeof *all);
  uint32_t slots = 1;
  while (slots < (uint32_t)window * 16) slots <<= 1;
  for (int i = 0; i < connections; i++) {
    struct connection *c = &all[i];
    c->fd = open_socket(arguments[1]);
    c->next = 1, c->mask = slots - 1;
    c->started = calloc(slots, sizeof *c->started);
    c->in = malloc(READ);
    c->out = malloc(frame_size * (size_t)window + 16);
    struct epoll_event event = {EPOLLIN, {.ptr = c}};
    epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &event);
  }
  for (int i = 0; i < connections; i++) {
    uint64_t at = now();
    for (int k = 0; k < window; k++) request(&all[i], at);
    flush(&all[i], poller);
  }
  // A fifth of the time to warm up.
  uint64_t begin = now() + (uint64_t)(seconds * 2e8), end = begin + (uint64_t)(seconds * 1e9);
  struct epoll_event events[256];
  while (now() < end) {
    if (!measuring && now() >= begin) measuring = 1;
    int ready = epoll_wait(poller, events, 256, 100);
    for (int i = 0; i < ready; i++) {
      struct connection *c = events[i].data.ptr;
      if (events[i].events & EPOLLOUT) flush(c, poller);
      if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) receive(c, poller);
    }
  }
  printf("calls %llu\nper_second %.0f\np50_us %.1f\np99_us %.1f\n", (unsigned long long)calls,
         (double)calls / seconds, percentile(0.5), percentile(0.99));
  return 0;
}
