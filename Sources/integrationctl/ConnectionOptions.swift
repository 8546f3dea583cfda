import ArgumentParser
import IntegrationClient

/// The options of every command, understood before and after the noun.
struct ConnectionOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The daemon's socket. Default: $INTEGRATIOND_SOCKET, or the place the daemon chooses.",
      valueName: "path"))
  var socket: String?

  @Flag(help: "Print proto3 JSON.")
  var json = false

  @Option(
    help: ArgumentHelp("Give up after this many seconds.", valueName: "seconds"))
  var timeout: Double = 10

  func validate() throws {
    guard timeout > 0, timeout <= 86_400 else {
      throw ValidationError("--timeout must be more than 0 and at most 86400 seconds")
    }
  }

  /// Runs `body` with a client and closes it; an error of the daemon becomes text and exit status.
  /// - Parameters:
  ///   - failed: what else to tell of an error.
  ///   - unread: what else to tell when the answer could not be printed.
  func withClient(
    _ body: (IntegrationClient, CallOptions) async throws -> Void,
    failed: (RPCError) -> Void = { _ in }, unread: () -> Void = {}
  ) async throws {
    let client = IntegrationClient(socket: socket ?? IntegrationClient.defaultSocket)
    do {
      try await body(client, CallOptions(timeout: .seconds(timeout)))
    } catch let error as RPCError {
      await client.close()
      ErrorReport.print(error, json: json)
      failed(error)
      throw ExitStatus.of(error.code)
    } catch let code as ExitCode where code == ExitStatus.unwritten {
      await client.close()
      unread()
      throw code
    } catch {
      await client.close()
      throw error
    }
    await client.close()
  }
}
