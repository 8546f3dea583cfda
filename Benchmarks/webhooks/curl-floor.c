// The bare libcurl loop that delivery is compared with: POSTs of so many bytes, so many in flight.
// usage: curl-floor URL BYTES IN_FLIGHT SECONDS; prints requests per second.
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static size_t drop(char *data, size_t size, size_t count, void *context) {
  (void)data, (void)context;
  return size * count;
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
  if (argc != 5) return 64;
  long bytes = atol(argv[2]), flight = atol(argv[3]);
  double seconds = atof(argv[4]);
  char *body = malloc(bytes);
  memset(body, 'x', bytes);
  curl_global_init(CURL_GLOBAL_DEFAULT);
  CURLM *multi = curl_multi_init();
  struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
  headers = curl_slist_append(headers, "content-type: application/json");
  for (long n = 0; n < flight; n++) {
    CURL *easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_URL, argv[1]);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, bytes);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, drop);
    curl_multi_add_handle(multi, easy);
  }
  long done = 0;
  double begin = now();
  while (now() - begin < seconds) {
    int running, left;
    curl_multi_perform(multi, &running);
    CURLMsg *message;
    while ((message = curl_multi_info_read(multi, &left))) {
      CURL *easy = message->easy_handle;
      if (message->data.result != CURLE_OK) return 1;
      done++;
      curl_multi_remove_handle(multi, easy);
      curl_multi_add_handle(multi, easy);
    }
    curl_multi_poll(multi, NULL, 0, 10, NULL);
  }
  printf("%.0f\n", done / (now() - begin));
  return 0;
}
