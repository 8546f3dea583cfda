import ArgumentParser
import IntegrationClient

/// Exit statuses, those of sysexits(3) where one fits.
enum ExitStatus {
  /// `keys verify` decided against the key, or `health` found something broken.
  static let refused = ExitCode(1)
  /// The answer came and cannot be printed.
  static let unwritten = ExitCode(74)

  static func of(_ code: StatusCode) -> ExitCode {
    switch code {
    case .ok: .success
    case .invalidArgument, .outOfRange: ExitCode(65)
    case .notFound: ExitCode(66)
    case .unavailable, .cancelled: ExitCode(69)
    case .alreadyExists: ExitCode(73)
    case .deadlineExceeded, .resourceExhausted, .aborted: ExitCode(75)
    case .permissionDenied, .unauthenticated: ExitCode(77)
    case .failedPrecondition: ExitCode(78)
    case .unimplemented, .internal, .unknown, .dataLoss: ExitCode(70)
    }
  }
}
