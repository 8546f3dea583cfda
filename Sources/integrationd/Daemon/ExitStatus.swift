/// How the program ends, by the codes of sysexits.h where one fits. Listed in the README.
enum ExitStatus: Int32 {
  /// `check` found something.
  case findings = 1
  /// EX_UNAVAILABLE: the database cannot be reached, or its roles are not as they must be.
  case unavailable = 69
  /// EX_SOFTWARE: a fault of the daemon.
  case software = 70
  /// EX_OSERR: the system refused something.
  case system = 71
  /// EX_CANTCREAT: the socket or the state directory cannot be made, or another daemon holds it.
  case cannotCreate = 73
  /// EX_CONFIG: the configuration is at fault. (EX_USAGE, 64, is the argument parser's.)
  case configuration = 78
}
