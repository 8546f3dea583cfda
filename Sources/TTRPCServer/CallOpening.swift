internal import TTRPC

/// A call that is about to start. Handed on, not copied: every call is one for a while.
struct CallOpening: ~Copyable {
  /// The call, of whatever kind: each begins like a unary one.
  let call: UnaryCall
  let code: MethodTable.Code
  /// What the Request frame said about more to come.
  let flags: FrameFlags

  var id: UInt32 { call.stream }
  var context: CallContext { call.context }

  /// What is left of it in the end.
  consuming func takeContext() -> CallContext { call.context }
}
