// The floor: what an echo costs a C server on epoll with protobuf-c, without a check, a limit, a
// deadline or a second thread. Envelope and message are unpacked and packed, as any handler must.
//
//   floor SOCKET
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "google/protobuf/any.pb-c.h"
#include "ttrpc/ttrpc.pb-c.h"

enum { HEADER = 10, ROOM = 1 << 18 };

struct connection {
  int fd;
  size_t in_count, out_count, out_sent;
  int wants_write;
  uint8_t *in, *out;
};

static uint32_t get32(const uint8_t *from) {
  return (uint32_t)from[0] << 24 | (uint32_t)from[1] << 16 | (uint32_t)from[2] << 8 | from[3];
}

static size_t handle(const uint8_t *head, size_t size, uint8_t *to) {
  Ttrpc__Request *request = ttrpc__request__unpack(NULL, size, head + HEADER);
  if (!request || strcmp(request->service, "bench.Echo") || strcmp(request->method, "Echo")) abort();
  Google__Protobuf__Any *any =
      google__protobuf__any__unpack(NULL, request->payload.len, request->payload.data);
  if (!any) abort();
  uint8_t inner[ROOM / 4];
  Ttrpc__Response response = TTRPC__RESPONSE__INIT;
  response.payload.len = google__protobuf__any__pack(any, inner);
  response.payload.data = inner;
  uint32_t length = (uint32_t)ttrpc__response__pack(&response, to + HEADER);
  to[0] = (uint8_t)(length >> 24), to[1] = (uint8_t)(length >> 16);
  to[2] = (uint8_t)(length >> 8), to[3] = (uint8_t)length;
  memcpy(to + 4, head + 4, 4);
  to[8] = 2, to[9] = 0;
  google__protobuf__any__free_unpacked(any, NULL);
  ttrpc__request__free_unpacked(request, NULL);
  return HEADER + length;
}

static int flush(struct connection *c, int poller) {
  while (c->out_sent < c->out_count) {
    ssize_t sent = send(c->fd, c->out + c->out_sent, c->out_count - c->out_sent, MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN) break;
    if (sent < 0) return -1;
    c->out_sent += (size_t)sent;
  }
  if (c->out_sent == c->out_count) c->out_sent = c->out_count = 0;
  int wants_write = c->out_count > 0;
  if (wants_write != c->wants_write) {
    struct epoll_event event = {wants_write ? EPOLLOUT : EPOLLIN, {.ptr = c}};
    epoll_ctl(poller, EPOLL_CTL_MOD, c->fd, &event);
    c->wants_write = wants_write;
  }
  return 0;
}

static int serve(struct connection *c, int poller) {
  ssize_t got = recv(c->fd, c->in + c->in_count, ROOM - c->in_count, 0);
  if (got < 0 && errno == EAGAIN) return 0;
  if (got <= 0) return -1;
  c->in_count += (size_t)got;
  size_t place = 0;
  while (c->in_count - place >= HEADER) {
    size_t size = get32(c->in + place);
    if (c->in_count - place < HEADER + size) break;
    // An answer is never longer than its request.
    if (c->out_count + HEADER + size > ROOM) abort();
    c->out_count += handle(c->in + place, size, c->out + c->out_count);
    place += HEADER + size;
  }
  memmove(c->in, c->in + place, c->in_count - place);
  c->in_count -= place;
  return flush(c, poller);
}

int main(int count, char **arguments) {
  if (count != 2) return 64;
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path, arguments[1], sizeof address.sun_path - 1);
  unlink(arguments[1]);
  int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 4096)) return 1;
  int poller = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event event = {EPOLLIN, {.ptr = NULL}};
  epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
  puts("ready");
  fflush(stdout);
  struct epoll_event events[256];
  for (;;) {
    int ready = epoll_wait(poller, events, 256, -1);
    for (int i = 0; i < ready; i++) {
      struct connection *c = events[i].data.ptr;
      if (c) {
        if ((c->wants_write ? flush(c, poller) : serve(c, poller)) == 0) continue;
        close(c->fd);
        free(c->in), free(c->out), free(c);
        continue;
      }
      int fd;
      while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        c = calloc(1, sizeof *c);
        c->fd = fd, c->in = malloc(ROOM), c->out = malloc(ROOM);
        struct epoll_event new = {EPOLLIN, {.ptr = c}};
        epoll_ctl(poller, EPOLL_CTL_ADD, fd, &new);
      }
    }
  }
}
