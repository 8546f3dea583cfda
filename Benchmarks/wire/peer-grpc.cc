// The same echo on gRPC C++ with its asynchronous API, and a load generator for it: what speaks HTTP/2
// cannot be asked by the other one.
//
//   peer-grpc serve SOCKET
//   peer-grpc load SOCKET CONNECTIONS WINDOW SECONDS BYTES
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "bench.grpc.pb.h"

using Clock = std::chrono::steady_clock;
using google::protobuf::Any;

namespace {

// A call that a server answers, and then waits for the next.
class Answer {
 public:
  Answer(bench::Echo::AsyncService* service, grpc::ServerCompletionQueue* queue)
      : service_(service), queue_(queue), responder_(&context_) {
    service_->RequestEcho(&context_, &request_, &responder_, queue_, queue_, this);
  }

  void Proceed(bool ok) {
    if (answered_ || !ok) {
      delete this;
      return;
    }
    new Answer(service_, queue_);
    answered_ = true;
    responder_.Finish(request_, grpc::Status::OK, this);
  }

 private:
  bench::Echo::AsyncService* service_;
  grpc::ServerCompletionQueue* queue_;
  grpc::ServerContext context_;
  Any request_;
  grpc::ServerAsyncResponseWriter<Any> responder_;
  bool answered_ = false;
};

int Serve(const std::string& path) {
  bench::Echo::AsyncService service;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("unix:" + path, grpc::InsecureServerCredentials());
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, 1000);
  builder.RegisterService(&service);
  std::vector<std::unique_ptr<grpc::ServerCompletionQueue>> queues;
  const unsigned threads = std::max(1u, std::thread::hardware_concurrency());
  for (unsigned i = 0; i < threads; i++) queues.push_back(builder.AddCompletionQueue());
  auto server = builder.BuildAndStart();
  if (!server) return 1;
  std::vector<std::thread> workers;
  for (auto& queue : queues) {
    for (int i = 0; i < 128; i++) new Answer(&service, queue.get());
    workers.emplace_back([&queue] {
      void* tag;
      bool ok;
      while (queue->Next(&tag, &ok)) static_cast<Answer*>(tag)->Proceed(ok);
    });
  }
  std::puts("ready");
  std::fflush(stdout);
  for (auto& worker : workers) worker.join();
  return 0;
}

struct Call {
  grpc::ClientContext context;
  Any response;
  grpc::Status status;
  Clock::time_point begin;
  bench::Echo::Stub* stub;
};

void Start(bench::Echo::Stub* stub, const Any& request, grpc::CompletionQueue* queue) {
  auto* call = new Call;
  call->stub = stub;
  call->begin = Clock::now();
  auto reader = stub->AsyncEcho(&call->context, request, queue);
  reader->Finish(&call->response, &call->status, call);
}

int Load(const std::string& path, int connections, int window, double seconds, int bytes) {
  Any request;
  request.set_value(std::string(bytes < 128 ? bytes - 2 : bytes - 3, 'x'));
  std::vector<std::unique_ptr<bench::Echo::Stub>> stubs;
  for (int i = 0; i < connections; i++) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetInt("bench.connection", i);
    stubs.push_back(bench::Echo::NewStub(
        grpc::CreateCustomChannel("unix:" + path, grpc::InsecureChannelCredentials(), arguments)));
  }
  grpc::CompletionQueue queue;
  for (auto& stub : stubs)
    for (int i = 0; i < window; i++) Start(stub.get(), request, &queue);
  const auto span = [](double seconds) {
    return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  };
  // Warming up begins when every connection is there.
  long connecting = static_cast<long>(connections) * window;
  auto begin = Clock::time_point::max(), end = begin;
  std::vector<float> latencies;
  void* tag;
  bool ok;
  while (queue.Next(&tag, &ok)) {
    auto* call = static_cast<Call*>(tag);
    const auto now = Clock::now();
    if (!call->status.ok() || call->response.value() != request.value()) {
      std::fprintf(stderr, "load: a call failed: %s\n", call->status.error_message().c_str());
      return 1;
    }
    if (--connecting == 0) begin = now + span(seconds * 0.2), end = begin + span(seconds);
    if (now >= end) break;
    if (call->begin >= begin)
      latencies.push_back(std::chrono::duration<float, std::micro>(now - call->begin).count());
    Start(call->stub, request, &queue);
    delete call;
  }
  if (latencies.empty()) return 1;
  std::sort(latencies.begin(), latencies.end());
  std::printf("calls %zu\nper_second %.0f\np50_us %.1f\np99_us %.1f\n", latencies.size(),
              static_cast<double>(latencies.size()) / seconds, latencies[latencies.size() / 2],
              latencies[latencies.size() * 99 / 100]);
  std::fflush(stdout);
  std::_Exit(0);  // Calls in flight would have to be waited for.
}

}  // namespace

int main(int count, char** words) {
  if (count == 3 && std::string(words[1]) == "serve") return Serve(words[2]);
  if (count == 7 && std::string(words[1]) == "load")
    return Load(words[2], atoi(words[3]), atoi(words[4]), atof(words[5]), atoi(words[6]));
  std::fprintf(stderr, "usage: peer-grpc serve SOCKET | load SOCKET CONNECTIONS WINDOW SECONDS BYTES\n");
  return 64;
}
